//! A private Postgres.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::unistd::Pid;

use crate::account::{Account, derived_dir};
use crate::process::Process;
use crate::programs::{self, Programs};
use crate::{DataDir, Error, log, socket};

/// The limit of creating a cluster.
const INITDB_TIMEOUT: Duration = Duration::from_secs(60);

/// A fast shutdown writes a checkpoint. If that takes too long, an immediate shutdown leaves the recovery to the next
/// start.
const STOP_SIGNALS: [(Signal, Duration); 2] =
    [(Signal::SIGINT, Duration::from_secs(10)), (Signal::SIGQUIT, Duration::from_secs(10))];

/// The time that a killed or dropped server may take to end.
const KILL_TIMEOUT: Duration = Duration::from_secs(10);

/// Part of the socket's name. There is no TCP port.
const PORT: u16 = 5432;

/// The data that a crash of the machine may cost. A crash of the server alone costs nothing either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Nothing that was committed.
    Durable,
    /// Everything; for tests. A commit waits until its WAL is written, but not until it is on disk.
    Throwaway,
}

/// A running Postgres with a cluster of its own. Dropping it ends it at once, which costs a recovery at the next start;
/// [`Postgres::stop`] ends it in order.
#[derive(Debug)]
pub struct Postgres {
    process: Process,
    programs: Programs,
    account: Account,
    durability: Durability,
    additions: Additions,
}

/// Additions to a server, for tests.
#[derive(Debug, Default)]
pub struct Additions {
    /// Variables of the server's processes.
    pub environment: Vec<(&'static str, OsString)>,
    /// Settings that go before ours.
    pub settings: Vec<(&'static str, String)>,
}

impl Postgres {
    /// Starts a server on the cluster in `postgres` of the data directory, and creates the cluster if necessary; or
    /// takes over a server that a killed process left running there.
    ///
    /// Root runs it as the user `postgres`. If that user cannot reach the data directory, the cluster is under
    /// `/var/tmp`.
    pub async fn start(data_dir: &DataDir, durability: Durability) -> Result<Self, Error> {
        Self::start_with(data_dir, durability, Additions::default()).await
    }

    /// Starts it with additions.
    pub async fn start_with(data_dir: &DataDir, durability: Durability, additions: Additions) -> Result<Self, Error> {
        let account = Account::for_postgres()?;
        let home = make_home(data_dir, account)?;
        let cluster = home.join("data");
        let major = cluster_major(&cluster)?;
        let programs = programs::postgres(data_dir, major).ok_or_else(|| match major {
            Some(major) => Error::PostgresVersion { path: cluster.clone(), major },
            None => Error::PostgresMissing,
        })?;
        if major.is_none() {
            initdb(&programs, &home, account, durability).await?;
        }
        let socket = socket::place(&home, &format!(".s.PGSQL.{PORT}"), account)?;
        let process = Process::new("Postgres", data_dir, home, socket);
        let mut postgres = Self { process, programs, account, durability, additions };
        postgres.launch().await?;
        Ok(postgres)
    }

    /// The URL of a database on this server, for its superuser.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        let dir = socket::url_encoded(self.socket_dir());
        database_url(&format!("postgres://postgres@localhost:{PORT}?host={dir}"), database)
    }

    /// The pid of the server's main process, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<i32> {
        self.process.pid().map(Pid::as_raw)
    }

    /// A program that comes with the server, such as `pgbench`; from the server's own directory, or else from PATH.
    #[must_use]
    pub fn program(&self, name: &str) -> Command {
        if self.programs.has(name) { self.programs.command(name) } else { Command::new(name) }
    }

    /// Ends the sessions and the server in order.
    pub async fn stop(mut self) -> Result<(), Error> {
        self.process.end(&STOP_SIGNALS).await
    }

    /// Stops the server if it runs, and starts it again on the same data and socket.
    pub async fn restart(&mut self) -> Result<(), Error> {
        self.process.end(&STOP_SIGNALS).await?;
        self.launch().await
    }

    /// Kills every process of the server, as a crash would, and waits until they are gone. The next
    /// [`Postgres::restart`] recovers. Linux only.
    pub async fn kill(&mut self) -> Result<(), Error> {
        self.process.kill(KILL_TIMEOUT).await
    }

    /// Suspends every process of the server: it hangs, and its connections stay open. Linux only.
    pub fn pause(&self) -> Result<(), Error> {
        self.process.pause()
    }

    /// Ends a [`Postgres::pause`].
    pub fn resume(&self) -> Result<(), Error> {
        self.process.resume()
    }

    async fn launch(&mut self) -> Result<(), Error> {
        let home = self.process.home().to_owned();
        let command = self.command(&home.join("data"));
        self.process.start(command, async |pid| is_ready(&home.join("data"), pid)).await
    }

    fn command(&self, cluster: &Path) -> Command {
        let mut command = run_as(self.account, self.programs.command("postgres"));
        command.arg("-D").arg(cluster).arg("-k").arg(self.socket_dir()).args(["-p", &PORT.to_string()]);
        for (name, value) in settings(self.durability) {
            command.args(["-c", &format!("{name}={value}")]);
        }
        for (name, value) in &self.additions.settings {
            command.args(["-c", &format!("{name}={value}")]);
        }
        command.envs(self.additions.environment.iter().map(|(name, value)| (name, value))).current_dir(cluster);
        command
    }

    fn socket_dir(&self) -> &Path {
        self.process.socket().parent().unwrap_or(self.process.home())
    }
}

/// The URL of another database on the server of a URL.
#[must_use]
pub fn database_url(server_url: &str, database: &str) -> String {
    let (address, parameters) = server_url.split_once('?').unwrap_or((server_url, ""));
    let host = address.find("://").map_or(0, |scheme| scheme + 3);
    let end = address[host..].find('/').map_or(address.len(), |slash| host + slash);
    format!("{}/{database}?{parameters}", &address[..end])
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.process.end_blocking(Signal::SIGQUIT, KILL_TIMEOUT);
    }
}

/// The settings. They are given at every start, so that a release can change them.
fn settings(durability: Durability) -> Vec<(&'static str, &'static str)> {
    let mut settings = vec![
        ("listen_addresses", ""),
        // Any user who can open the socket is the superuser.
        ("unix_socket_permissions", "0700"),
        ("max_connections", "200"),
        ("shared_buffers", "128MB"),
        ("synchronous_commit", "on"),
        // Freshness is measured from the commit.
        ("track_commit_timestamp", "on"),
        // Compiling our queries takes longer than running them.
        ("jit", "off"),
        // The client reports its failed statements. In the server's log they would show people's data.
        ("log_min_messages", "log"),
        ("log_min_error_statement", "panic"),
        ("log_error_verbosity", "terse"),
    ];
    if durability == Durability::Throwaway {
        settings.extend([("fsync", "off"), ("full_page_writes", "off")]);
    }
    settings
}

/// Creates the directory for all files of the server, which the account can reach and no other user can enter.
fn make_home(data_dir: &DataDir, account: Account) -> Result<PathBuf, Error> {
    let mut home = data_dir.path().join("postgres");
    if !account.reaches(data_dir.path()) {
        home = derived_dir(Path::new("/var/tmp"), data_dir.path());
        tracing::info!(
            home = %home.display(),
            "the user postgres cannot reach {}; Postgres keeps its data elsewhere",
            data_dir.path().display()
        );
    }
    account.make_private_dir(&home)?;
    Ok(home)
}

/// The major version of an existing cluster.
fn cluster_major(cluster: &Path) -> Result<Option<u32>, Error> {
    let path = cluster.join("PG_VERSION");
    match fs::read_to_string(&path) {
        Ok(text) => {
            let invalid = |error| std::io::Error::new(std::io::ErrorKind::InvalidData, error);
            text.trim().parse().map(Some).map_err(invalid).map_err(Error::io("understand", &path))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("read", &path)(error)),
    }
}

/// Creates the cluster under another name and renames it, so that an existing cluster is always complete.
async fn initdb(programs: &Programs, home: &Path, account: Account, durability: Durability) -> Result<(), Error> {
    let unfinished = home.join("data.unfinished");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(Error::io("remove", &unfinished))?;
    }
    let log_path = home.join("log");
    let log = log::open(&log_path)?;
    let errors = log.try_clone().map_err(Error::io("open", &log_path))?;
    let mut command = run_as(account, programs.command("initdb"));
    command.arg("-D").arg(&unfinished).args(["--username=postgres", "--auth-local=trust", "--auth-host=reject"]);
    // Text sorts by bytes, the same on every machine; character classes follow Unicode, which searches need.
    let ctype = if cfg!(target_os = "macos") { "UTF-8" } else { "C.UTF-8" };
    command.args(["--encoding=UTF8", "--locale=C", "--lc-ctype", ctype, "--no-instructions"]);
    if durability == Durability::Throwaway {
        command.arg("--no-sync");
    }
    command.current_dir(home).stdin(Stdio::null()).stdout(log).stderr(errors);

    let mut initdb = tokio::process::Command::from(command);
    let ended = tokio::time::timeout(INITDB_TIMEOUT, initdb.kill_on_drop(true).status()).await.map_err(|_| {
        let log = log::tail(&log_path);
        Error::Late { server: "initdb", state: "done", seconds: INITDB_TIMEOUT.as_secs(), log }
    })?;
    if !ended.map_err(Error::io("run", Path::new("initdb")))?.success() {
        return Err(Error::Ended { server: "initdb", log: log::tail(&log_path) });
    }
    fs::rename(&unfinished, home.join("data")).map_err(Error::io("rename", &unfinished))
}

fn run_as(account: Account, mut command: Command) -> Command {
    use std::os::unix::process::CommandExt as _;

    if let Some((uid, gid)) = account.switch() {
        command.uid(uid).gid(gid);
    }
    command
}

/// Whether the server accepts connections: its status file then holds its pid and the word `ready`.
fn is_ready(cluster: &Path, pid: Pid) -> bool {
    fs::read_to_string(cluster.join("postmaster.pid")).is_ok_and(|status| {
        let mut lines = status.lines().map(str::trim);
        lines.next() == Some(&pid.to_string()) && lines.next_back() == Some("ready")
    })
}

#[cfg(test)]
mod tests {
    use super::database_url;

    #[test]
    fn the_database_in_a_url_is_replaced_or_added() {
        let expected = "postgres://u:p@h:1/new?host=/a/b";
        assert_eq!(database_url("postgres://u:p@h:1/old?host=/a/b", "new"), expected);
        assert_eq!(database_url("postgres://u:p@h:1?host=/a/b", "new"), expected);
        assert_eq!(database_url("postgres://h/old", "new"), "postgres://h/new?");
    }
}
