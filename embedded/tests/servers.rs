//! Real servers that are started, killed, paused and restarted.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs::Permissions;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use embedded::{DataDir, Durability, Error, Postgres, Redis};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid, getpgid};
use sqlx::{Connection as _, PgConnection};

/// The time limit for a stopped process to be gone.
const GONE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(10);

#[tokio::test]
async fn a_restart_keeps_what_was_committed_and_a_stop_leaves_no_process() {
    let data_dir = DataDir::temporary().unwrap();
    let mut postgres = throwaway(&data_dir).await;
    keep_a_row(&postgres).await;
    let before = postgres.pid().unwrap();
    postgres.restart().await.unwrap();
    assert_ne!(postgres.pid().unwrap(), before);
    assert_eq!(rows_kept(&postgres).await, 1);

    postgres.stop().await.unwrap();
    let postgres = throwaway(&data_dir).await;
    assert_eq!(rows_kept(&postgres).await, 1);
    let pid = postgres.pid().unwrap();
    postgres.stop().await.unwrap();
    gone(&[pid]).await;
}

#[tokio::test]
async fn a_killed_server_recovers_what_was_committed() {
    let mut postgres = Postgres::start(&DataDir::temporary().unwrap(), Durability::Durable).await.unwrap();
    keep_a_row(&postgres).await;
    let mut open = connect(&postgres).await;
    let backend: i32 = sqlx::query_scalar("select pg_backend_pid()").fetch_one(&mut open).await.unwrap();
    postgres.kill().await.unwrap();
    gone(&[backend]).await;
    assert_eq!(postgres.pid(), None);
    assert!(sqlx::query("select 1").execute(&mut open).await.is_err());

    postgres.restart().await.unwrap();
    assert_eq!(rows_kept(&postgres).await, 1);
}

#[tokio::test]
async fn a_start_waits_for_the_sessions_of_a_dead_server() {
    let mut postgres = throwaway(&DataDir::temporary().unwrap()).await;
    keep_a_row(&postgres).await;
    let _open = connect(&postgres).await;
    kill(Pid::from_raw(postgres.pid().unwrap()), Signal::SIGKILL).unwrap();
    postgres.restart().await.unwrap();
    assert_eq!(rows_kept(&postgres).await, 1);
}

#[tokio::test]
async fn redis_is_empty_after_a_restart_and_keeps_its_socket() {
    let mut redis = Redis::start(&DataDir::temporary().unwrap()).await.unwrap();
    assert_eq!(ask(&redis, "SET a b"), "+OK");
    redis.restart().await.unwrap();
    assert_eq!(ask(&redis, "GET a"), "$-1");
    assert_eq!(ask(&redis, "SET a b"), "+OK");
    redis.kill().await.unwrap();
    assert_eq!(redis.pid(), None);
    redis.restart().await.unwrap();
    assert_eq!(ask(&redis, "GET a"), "$-1");
    redis.stop().await.unwrap();
}

#[tokio::test]
async fn commits_are_durable_except_on_throwaway_servers() {
    for (durability, disk) in [(Durability::Durable, "on"), (Durability::Throwaway, "off")] {
        let postgres = Postgres::start(&DataDir::temporary().unwrap(), durability).await.unwrap();
        assert_eq!(setting(&postgres, "fsync").await, disk);
        assert_eq!(setting(&postgres, "full_page_writes").await, disk);
        assert_eq!(setting(&postgres, "synchronous_commit").await, "on");
        assert_eq!(setting(&postgres, "listen_addresses").await, "");
        assert_eq!(setting(&postgres, "server_encoding").await, "UTF8");
        let mut connection = connect(&postgres).await;
        let folded: String = sqlx::query_scalar("select lower('ÄÉ')").fetch_one(&mut connection).await.unwrap();
        assert_eq!(folded, "äé");
    }
}

#[tokio::test]
async fn the_server_log_shows_no_data_of_failed_statements() {
    let data_dir = DataDir::temporary().unwrap();
    let postgres = throwaway(&data_dir).await;
    let mut connection = connect(&postgres).await;
    execute(&mut connection, "create table people (phone text primary key); insert into people values ('+15550100')")
        .await;
    let twice = sqlx::query("insert into people values ($1)").bind("+15550100").execute(&mut connection).await;
    assert!(twice.is_err());
    let cast = sqlx::raw_sql("select '+15550100'::uuid").execute(&mut connection).await;
    assert!(cast.is_err());

    let log = std::fs::read_to_string(data_dir.path().join("postgres/log")).unwrap();
    assert!(log.contains("ready to accept connections"), "{log}");
    assert!(!log.contains("5550100"), "{log}");
}

#[tokio::test]
async fn a_paused_server_hangs_and_a_resumed_one_answers() {
    let (postgres, redis) = both(&DataDir::temporary().unwrap()).await;
    let mut open = connect(&postgres).await;
    postgres.pause().unwrap();
    redis.pause().unwrap();
    let mut query = Box::pin(sqlx::query("select 1").execute(&mut open));
    assert!(tokio::time::timeout(Duration::from_millis(200), &mut query).await.is_err());
    assert!(stat(redis.pid().unwrap()).contains(") T "));

    postgres.resume().unwrap();
    redis.resume().unwrap();
    query.await.unwrap();
    assert_eq!(ask(&redis, "PING"), "+PONG");
}

#[tokio::test]
async fn a_dropped_server_ends_and_removes_its_files_even_if_paused() {
    let data_dir = DataDir::temporary().unwrap();
    let path = data_dir.path().to_owned();
    let (postgres, redis) = both(&data_dir).await;
    let pids = [postgres.pid().unwrap(), redis.pid().unwrap()];
    postgres.pause().unwrap();
    redis.pause().unwrap();
    drop((data_dir, postgres, redis));
    gone(&pids).await;
    assert!(!path.exists());
}

#[tokio::test]
async fn a_signal_from_the_terminal_does_not_reach_the_servers() {
    let (postgres, redis) = both(&DataDir::temporary().unwrap()).await;
    for pid in [postgres.pid().unwrap(), redis.pid().unwrap()].map(Pid::from_raw) {
        assert_eq!(getpgid(Some(pid)).unwrap(), pid);
    }
}

#[tokio::test]
async fn a_path_with_special_characters_is_quoted_in_urls() {
    let temporary = DataDir::temporary().unwrap();
    let (postgres, redis) = both(&DataDir::open(&temporary.path().join("ü & co? #1%20")).unwrap()).await;
    connect(&postgres).await.ping().await.unwrap();
    assert!(redis.url().ends_with("/%C3%BC%20%26%20co%3F%20%231%2520/redis/redis.sock"), "{}", redis.url());
}

#[tokio::test]
async fn a_data_path_too_long_for_a_socket_works() {
    let temporary = DataDir::temporary().unwrap();
    let (postgres, redis) = both(&DataDir::open(&temporary.path().join("long/".repeat(30))).unwrap()).await;
    assert_eq!(ask(&redis, "PING"), "+PONG");
    let sockets = [PathBuf::from(setting(&postgres, "unix_socket_directories").await), socket(&redis)];
    drop((postgres, redis));
    assert!(sockets.iter().all(|path| !path.starts_with(temporary.path())), "{sockets:?}");
    std::fs::remove_dir_all(&sockets[0]).unwrap();
    std::fs::remove_dir_all(sockets[1].parent().unwrap()).unwrap();
}

#[tokio::test]
async fn a_data_path_that_only_our_user_can_enter_works() {
    let temporary = DataDir::temporary().unwrap();
    std::fs::set_permissions(temporary.path(), Permissions::from_mode(0o700)).unwrap();
    let postgres = throwaway(&temporary).await;
    keep_a_row(&postgres).await;
    postgres.stop().await.unwrap();
    let postgres = throwaway(&temporary).await;
    assert_eq!(rows_kept(&postgres).await, 1);

    let cluster = PathBuf::from(setting(&postgres, "data_directory").await);
    drop(postgres);
    assert_eq!(!cluster.starts_with(temporary.path()), geteuid().is_root(), "{}", cluster.display());
    std::fs::remove_dir_all(cluster.parent().unwrap()).unwrap();
}

#[tokio::test]
async fn a_directory_in_use_names_its_holder() {
    let temporary = DataDir::temporary().unwrap();
    let path = temporary.path().join("data");
    let redis = Redis::start(&DataDir::open(&path).unwrap()).await.unwrap();
    let error = DataDir::open(&path).unwrap_err();
    assert!(matches!(&error, Error::Locked { holder, .. } if *holder == std::process::id().to_string()), "{error}");
    drop(redis);
    DataDir::open(&path).unwrap();
}

#[tokio::test]
async fn the_error_of_a_failed_start_has_the_reason() {
    let data_dir = DataDir::temporary().unwrap();
    throwaway(&data_dir).await.stop().await.unwrap();
    let cluster = data_dir.path().join("postgres/data");
    std::fs::write(cluster.join("global/pg_control"), "garbage").unwrap();
    let error = Postgres::start(&data_dir, Durability::Throwaway).await.unwrap_err().to_string();
    assert!(error.contains("ended while it started") && error.contains("pg_control"), "{error}");

    std::fs::write(cluster.join("PG_VERSION"), "9\n").unwrap();
    let error = Postgres::start(&data_dir, Durability::Throwaway).await.unwrap_err();
    assert!(matches!(error, Error::PostgresVersion { major: 9, .. }), "{error}");
}

#[tokio::test]
async fn servers_of_a_killed_process_are_taken_over() {
    let temporary = DataDir::temporary().unwrap();
    let path = temporary.path().join("owned");
    let pids = run_killed_owner(&path, "lasting");
    assert!(pids.iter().all(|pid| is_alive(*pid)));

    let (postgres, redis) = both(&DataDir::open(&path).unwrap()).await;
    assert_eq!([postgres.pid().unwrap(), redis.pid().unwrap()], pids[..]);
    assert_eq!(rows_kept(&postgres).await, 1);
    assert_eq!(ask(&redis, "GET a"), "$1");
    postgres.stop().await.unwrap();
    redis.stop().await.unwrap();
    gone(&pids).await;
}

#[tokio::test]
async fn temporary_servers_of_a_killed_process_end_and_remove_their_files() {
    let temporary = DataDir::temporary().unwrap();
    let owned = temporary.path().join("owned");
    std::fs::create_dir(&owned).unwrap();
    let pids = run_killed_owner(&owned, "temporary");
    let path = PathBuf::from(std::fs::read_to_string(owned.join("path")).unwrap());
    gone(&pids).await;
    let deadline = Instant::now() + GONE;
    while path.exists() {
        assert!(Instant::now() < deadline, "{} is left", path.display());
        tokio::time::sleep(POLL).await;
    }
}

/// Runs [`killed_owner`] with a data directory that is `temporary` or at the given path. Returns its servers.
fn run_killed_owner(path: &Path, kind: &str) -> Vec<i32> {
    let owner = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed_owner", "--ignored"])
        .env("OWNED_PATH", path)
        .env("OWNED_KIND", kind)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(owner.code(), None, "it was to end by a signal");
    let pids = std::fs::read_to_string(path.join("pids")).unwrap();
    pids.split_whitespace().map(|pid| pid.parse().unwrap()).collect()
}

#[tokio::test]
#[ignore = "kills its own process, for run_killed_owner"]
async fn killed_owner() {
    let path = PathBuf::from(std::env::var_os("OWNED_PATH").unwrap());
    let data_dir = match std::env::var("OWNED_KIND").unwrap().as_str() {
        "temporary" => DataDir::temporary().unwrap(),
        _ => DataDir::open(&path).unwrap(),
    };
    let (postgres, redis) = both(&data_dir).await;
    keep_a_row(&postgres).await;
    ask(&redis, "SET a b");
    postgres.pause().unwrap();
    std::fs::write(path.join("path"), data_dir.path().to_str().unwrap()).unwrap();
    std::fs::write(path.join("pids"), format!("{} {}", postgres.pid().unwrap(), redis.pid().unwrap())).unwrap();
    kill(Pid::this(), Signal::SIGKILL).unwrap();
}

async fn throwaway(data_dir: &DataDir) -> Postgres {
    Postgres::start(data_dir, Durability::Throwaway).await.unwrap()
}

async fn both(data_dir: &DataDir) -> (Postgres, Redis) {
    (throwaway(data_dir).await, Redis::start(data_dir).await.unwrap())
}

async fn connect(postgres: &Postgres) -> PgConnection {
    PgConnection::connect(&postgres.url("postgres")).await.unwrap()
}

async fn execute(connection: &mut PgConnection, statements: &'static str) {
    sqlx::raw_sql(statements).execute(connection).await.unwrap();
}

async fn setting(postgres: &Postgres, name: &str) -> String {
    let query = sqlx::query_scalar("select current_setting($1)").bind(name);
    query.fetch_one(&mut connect(postgres).await).await.unwrap()
}

async fn keep_a_row(postgres: &Postgres) {
    execute(&mut connect(postgres).await, "create table kept (); insert into kept default values").await;
}

async fn rows_kept(postgres: &Postgres) -> i64 {
    sqlx::query_scalar("select count(*) from kept").fetch_one(&mut connect(postgres).await).await.unwrap()
}

fn socket(redis: &Redis) -> PathBuf {
    PathBuf::from(redis.url().strip_prefix("unix://").unwrap())
}

/// Sends one command and returns the first line of the reply.
fn ask(redis: &Redis, command: &str) -> String {
    let mut stream = UnixStream::connect(socket(redis)).unwrap();
    write!(stream, "{command}\r\nQUIT\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.lines().next().unwrap().to_owned()
}

/// Waits until the processes are gone, zombies included. A process releases its files a little earlier.
async fn gone(pids: &[i32]) {
    let deadline = Instant::now() + GONE;
    while pids.iter().any(|pid| is_alive(*pid)) {
        assert!(Instant::now() < deadline, "{pids:?} are left");
        tokio::time::sleep(POLL).await;
    }
}

fn is_alive(pid: i32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists() && !stat(pid).contains(") Z ")
}

fn stat(pid: i32) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default()
}
