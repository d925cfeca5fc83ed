//! Processes that are killed. The test runs itself as the process: see [`child`].

use std::{
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use monitoring::health::Health;
use store::queue::{End, Job, Lost, Queue};
use testkit::{busy::in_time, sqlx};
use tokio_util::sync::CancellationToken;
use worker::run_handler;

use crate::harness::{Db, Probe, Running, connect, eventually, org_of, patient, quick, rebuild, store_of};

/// The variable with the child's database.
const URL: &str = "PREWARM_TEST_CHILD_URL";

/// The variable that gives the child long leases.
const PATIENT: &str = "PREWARM_TEST_CHILD_PATIENT";

/// Names of orgs are instructions for the child.
const HANG: &str = "hang";
const ABORT: &str = "abort";

const STARTS: &str = "create table starts (org_id uuid, name text, at timestamptz default clock_timestamp())";

/// The worker process of the other tests. Not a test itself.
#[tokio::test]
#[ignore = "run by the other tests as a process of its own"]
async fn child() {
    let Ok(url) = std::env::var(URL) else { return };
    let pg = connect(&url).await;
    let inside = pg.clone();
    let probe = Probe::new(move |job| {
        let pg = inside.clone();
        async move {
            let org = org_of(&job);
            let note =
                "insert into starts (org_id, name) select id, name from organizations where id = $1 returning name";
            let name: String = sqlx::query_scalar(note).bind(org.0).fetch_one(&pg).await.unwrap();
            match name.as_str() {
                HANG => std::future::pending().await,
                ABORT => std::process::abort(),
                _ => rebuild(pg, job).await,
            }
        }
    });
    let config = if std::env::var_os(PATIENT).is_some() { patient() } else { quick() };
    run_handler(config, store_of(&pg), &[], Health::default(), CancellationToken::new(), probe).await.unwrap();
}

/// Killed when dropped.
struct Process(Child);

impl Process {
    fn start(db: &Db) -> Self {
        Self::start_with(db, "PREWARM_TEST_CHILD_OTHER")
    }

    /// A process with a variable.
    fn start_with(db: &Db, variable: &str) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::child", "--ignored", "--nocapture"])
            .env(URL, db.url())
            .env(variable, "1")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self(child.unwrap())
    }

    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    async fn until_dead(&mut self) {
        let child = std::cell::RefCell::new(&mut self.0);
        eventually("the process dies", async || child.borrow_mut().try_wait().unwrap().map(|_| ())).await;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn org_named(db: &Db, name: &str) {
    sqlx::query("insert into organizations (name) values ($1)").bind(name).execute(&db.pg).await.unwrap();
}

#[tokio::test]
async fn another_worker_takes_over_when_a_killed_workers_lease_ends() {
    let db = Db::create().await;
    db.run(STARTS).await;
    org_named(&db, HANG).await;
    let mut victim = Process::start(&db);
    db.until("select count(*) from starts", 1).await;
    victim.kill();
    let killed = Instant::now();

    let probe = Probe::rebuilding(&db.pg);
    let running = Running::start(quick(), &db.pg, &probe);
    db.until("select count(*) from prewarm.marks", 0).await;
    // A lease, a heartbeat and a pause, with slack for a busy machine.
    assert!(killed.elapsed() < in_time(Duration::from_secs(5)), "{:?}", killed.elapsed());
    assert!(probe.starts()[0] > killed);
    db.until("select count(*) from prewarm.leases", 0).await;
    running.stop().await;
    db.close().await;
}

/// Its lease would last for minutes.
#[tokio::test]
async fn a_killed_workers_org_is_taken_over_at_once() {
    let db = Db::create().await;
    db.run(STARTS).await;
    let mut victim = Process::start_with(&db, PATIENT);
    db.until("select count(*) from prewarm.workers where life is not null", 2).await;
    org_named(&db, HANG).await;
    db.until("select count(*) from starts", 1).await;
    let probe = Probe::rebuilding(&db.pg);
    let running = Running::start(patient(), &db.pg, &probe);
    db.until("select count(*) from prewarm.workers where life is not null", 4).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(probe.starts().is_empty(), "it was taken from a worker that lives");
    victim.kill();
    let killed = Instant::now();
    db.until("select count(*) from prewarm.marks", 0).await;
    assert!(killed.elapsed() < in_time(Duration::from_secs(2)), "{:?}", killed.elapsed());
    running.stop().await;
    db.close().await;
}

#[tokio::test]
async fn an_org_whose_rebuild_kills_the_process_is_quarantined_after_three_starts() {
    const STARTED: &str = "select count(*) from starts where name = 'abort'";
    let db = Db::create().await;
    db.run(STARTS).await;
    org_named(&db, ABORT).await;
    for start in 1..=3 {
        let mut process = Process::start(&db);
        process.until_dead().await;
        assert_eq!(db.count(STARTED).await, start);
    }
    let _survivor = Process::start(&db);
    let letters = eventually("a dead letter", async || {
        let letters = db.store().dead_letters(10).await.unwrap();
        (!letters.is_empty()).then_some(letters)
    })
    .await;
    assert_eq!((letters.len(), letters[0].attempts), (1, 3));
    assert!(matches!(letters[0].job, Job::Rebuild(_)));
    // Other orgs are rebuilt meanwhile.
    org_named(&db, "well").await;
    db.until("select count(*) from starts where name = 'well'", 1).await;
    assert_eq!(db.count(STARTED).await, 3);

    // A minute later another worker retries and succeeds, which ends the quarantine.
    db.run("update prewarm.leases set until = now(); update organizations set name = 'mended' where name = 'abort'")
        .await;
    db.until("select count(*) from prewarm.marks", 0).await;
    db.until("select count(*) from prewarm.dead_letters", 0).await;
    db.until("select count(*) from prewarm.leases", 0).await;
    db.close().await;
}

#[tokio::test]
async fn a_result_that_arrives_after_its_lease_changes_nothing() {
    const LEASE: Duration = Duration::from_secs(60);
    let db = Db::create().await;
    db.org().await;
    for worker in ["slow", "next"] {
        db.store().heartbeat(worker, Queue::Rebuild, LEASE, &[]).await.unwrap();
    }
    let slow = db.claim_rebuild("slow").await.unwrap();
    assert!(db.claim_rebuild("next").await.is_none());
    // It outlives its lease, is given to another worker, and then reports success.
    db.run("update prewarm.leases set until = now()").await;
    assert!(db.claim_rebuild("next").await.is_none(), "before it counts as failed");
    let lost = db.store().heartbeat("next", Queue::Rebuild, LEASE, &[]).await.unwrap();
    let [Lost { claimed, worker }] = lost.as_slice() else { panic!("{lost:?}") };
    assert_eq!((claimed.id, worker.as_str()), (slow.id, "slow"));
    db.finish(worker, claimed, End::Failed("lost".to_owned())).await;
    db.run("update prewarm.leases set until = now()").await;
    let next = db.claim_rebuild("next").await.unwrap();
    assert_eq!(next.attempts.starts, 2);
    for end in [End::Done, End::Failed("late".into()), End::Dead("late".into())] {
        db.finish("slow", &slow, end).await;
    }
    db.store().release("slow", &[slow]).await.unwrap();
    let held = "select count(*) from prewarm.leases where until > now() and starts = 2 and worker = 'next' and holder is not null";
    assert_eq!(db.count(held).await, 1);
    db.finish("next", &next, End::Done).await;
    assert_eq!(db.count("select count(*) from prewarm.leases").await, 0);
    db.close().await;
}

#[tokio::test]
async fn a_worker_name_is_never_reused() {
    let db = Db::create().await;
    let probe = Probe::idle();
    // Workers with the same host and pid.
    let running = [(); 3].map(|()| Running::start(quick(), &db.pg, &probe));
    db.until("select count(*) from prewarm.workers", 6).await;
    for running in running {
        running.stop().await;
    }
    db.close().await;
}
