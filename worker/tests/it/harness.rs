//! A database, workers with short times, and handlers controlled by the test.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use jobs::JobError;
use monitoring::health::Health;
use readmodel::{ids::OrgId, model::Format};
use store::{
    Store,
    queue::{Claimed, End, Ended, Job, NewJob, Queue, Room, Turn},
};
use testkit::{
    Database,
    sqlx::{self, AssertSqlSafe, PgPool, Postgres, Transaction, postgres::PgPoolOptions},
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use worker::{Config, Handler, Limits, run_handler};

/// The time limit of a condition on a busy machine.
const DEADLINE: Duration = Duration::from_secs(150);

/// Waits until `look` returns something.
pub(crate) async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(started.elapsed() < DEADLINE, "not within {DEADLINE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A private migrated database and connections to it.
pub(crate) struct Db {
    pub(crate) pg: PgPool,
    database: Option<Database>,
}

impl Db {
    /// The walk is already complete. Otherwise it would find orgs rebuilt by a test's handler, which have no version.
    pub(crate) async fn create() -> Self {
        let database = Database::create().await.unwrap();
        let db = Self { pg: connect(&database.url()).await, database: Some(database) };
        db.run("update prewarm.backfill set next_org = null").await;
        db
    }

    pub(crate) fn store(&self) -> Store {
        store_of(&self.pg)
    }

    pub(crate) fn url(&self) -> String {
        self.database.as_ref().unwrap().url()
    }

    pub(crate) async fn close(mut self) {
        self.pg.close().await;
        self.database.take().unwrap().close().await.unwrap();
    }

    /// Runs a query for one number.
    pub(crate) async fn count(&self, sql: &str) -> i64 {
        count(&self.pg, sql).await
    }

    pub(crate) async fn run(&self, sql: &str) {
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&self.pg).await.unwrap();
    }

    /// Waits until the query returns `wanted`.
    pub(crate) async fn until(&self, sql: &str, wanted: i64) {
        eventually(sql, async || (self.count(sql).await == wanted).then_some(())).await;
    }

    /// Creates an org, owed by the mark of its row.
    pub(crate) async fn org(&self) -> OrgId {
        let insert = "insert into organizations (name) values ('org') returning id";
        OrgId(sqlx::query_scalar(insert).fetch_one(&self.pg).await.unwrap())
    }

    /// Changes an org.
    pub(crate) async fn touch(&self, org: OrgId) {
        touch(&self.pg, org).await;
    }

    /// Makes claims of rebuilds blockable: those that find nothing, or those that find something.
    pub(crate) async fn make_claims_holdable(&self, empty_handed: bool) {
        self.run(&format!(
            "do $do$ begin
               execute replace(pg_get_functiondef('prewarm.claim_rebuild'::regproc), 'prewarm.claim_rebuild(', 'prewarm.claim_now(');
             end $do$;
             create or replace function prewarm.claim_rebuild(me text, lease interval, lane int, first uuid, inout after uuid,
                                                              format int, out id bigint, out org_id uuid, out starts int,
                                                              out urgent boolean, out more boolean)
             language plpgsql as $$
             begin
               select c.* into after, id, org_id, starts, urgent, more
                 from prewarm.claim_now(me, lease, lane, first, after, format) c;
               if (id is null) = {empty_handed} then
                 perform pg_advisory_xact_lock_shared(42);
               end if;
             end $$"
        ))
        .await;
    }

    /// Claims work of a queue.
    pub(crate) async fn claim(&self, worker: &str, queue: Queue) -> Option<Claimed> {
        const LEASE: Duration = Duration::from_secs(60);
        self.store().claim(worker, queue, LEASE, Turn::FIRST, Room::EVERYWHERE).await.unwrap().claimed
    }

    /// Claims the rebuild of an org that is owed.
    pub(crate) async fn claim_rebuild(&self, worker: &str) -> Option<Claimed> {
        self.claim(worker, Queue::Rebuild).await
    }

    /// Records the end of work that a worker has claimed.
    pub(crate) async fn finish(&self, worker: &str, claimed: &Claimed, end: End) {
        let ended = Ended::new(claimed.clone(), worker, end, 0.5);
        self.store().finish(&[ended]).await.unwrap();
    }

    /// Blocks such claims while the returned transaction is open.
    pub(crate) async fn hold_claims(&self) -> Transaction<'static, Postgres> {
        let mut holder = self.pg.begin().await.unwrap();
        sqlx::query("select pg_advisory_xact_lock(42)").execute(&mut *holder).await.unwrap();
        holder
    }

    pub(crate) async fn until_a_claim_is_held(&self) {
        let held = "select least(count(*), 1) from pg_locks join pg_database on pg_database.oid = database
                     where datname = current_database() and locktype = 'advisory' and objid = 42 and not granted";
        self.until(held, 1).await;
    }

    /// Waits until a worker listens for hints.
    pub(crate) async fn until_listening(&self) {
        let listening =
            "select count(*) from pg_stat_activity where query ilike 'listen%' and datname = current_database()";
        self.until(listening, 1).await;
    }

    /// Pushes a maintenance job of a kind that a test's handler knows. False when one of the kind waits already.
    pub(crate) async fn push(&self, kind: &str, max_attempts: i32) -> bool {
        let job = NewJob { queue: Queue::Maintenance, kind: kind.to_owned(), max_attempts };
        self.store().push_job(&job).await.unwrap()
    }
}

pub(crate) async fn connect(url: &str) -> PgPool {
    PgPoolOptions::new().max_connections(20).connect(url).await.unwrap()
}

pub(crate) async fn count(pg: &PgPool, sql: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(pg).await.unwrap()
}

pub(crate) async fn touch(pg: &PgPool, org: OrgId) {
    sqlx::query("update organizations set name = name where id = $1").bind(org.0).execute(pg).await.unwrap();
}

/// The work of a handler.
pub(crate) type Work = Pin<Box<dyn Future<Output = Result<(), JobError>> + Send>>;

/// A job and its start time.
type Start = (Job, Instant);

/// A handler that records the start of each job.
#[derive(Clone)]
pub(crate) struct Probe {
    starts: Arc<Mutex<Vec<Start>>>,
    work: Arc<dyn Fn(Job) -> Work + Send + Sync>,
}

impl Probe {
    pub(crate) fn new<F>(work: impl Fn(Job) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), JobError>> + Send + 'static,
    {
        Self { starts: Arc::default(), work: Arc::new(move |job| Box::pin(work(job))) }
    }

    /// A handler that does nothing and succeeds.
    pub(crate) fn idle() -> Self {
        Self::new(async |_| Ok(()))
    }

    /// A handler that removes an org's marks, like a rebuild.
    pub(crate) fn rebuilding(pg: &PgPool) -> Self {
        let pg = pg.clone();
        Self::new(move |job| rebuild(pg.clone(), job))
    }

    /// The number of starts of jobs whose text begins like this.
    pub(crate) fn starts_of(&self, job: &str) -> usize {
        self.starts.lock().unwrap().iter().filter(|(started, _)| started.to_string().starts_with(job)).count()
    }

    /// The start times of all jobs.
    pub(crate) fn starts(&self) -> Vec<Instant> {
        self.starts.lock().unwrap().iter().map(|(_, at)| *at).collect()
    }

    /// Waits until this many jobs have been started.
    pub(crate) async fn until_started(&self, times: usize) {
        eventually("starts", async || (self.starts().len() >= times).then_some(())).await;
    }
}

impl Handler for Probe {
    async fn run(&self, job: Job) -> Result<(), JobError> {
        self.starts.lock().unwrap().push((job.clone(), Instant::now()));
        (self.work)(job).await
    }
}

/// Changes the ledger like a rebuild.
pub(crate) async fn rebuild(pg: PgPool, job: Job) -> Result<(), JobError> {
    let org = org_of(&job);
    let remove = "delete from prewarm.marks where org_id = $1";
    sqlx::query(remove).bind(org.0).execute(&pg).await.map_err(JobError::retry)?;
    Ok(())
}

pub(crate) fn org_of(job: &Job) -> OrgId {
    let Job::Rebuild(org) = job else { panic!("{job} is about no org") };
    *org
}

#[derive(Debug, thiserror::Error)]
#[error("nope")]
pub(crate) struct Nope;

/// A configuration with times so short that a test need not wait.
pub(crate) fn quick() -> Config {
    let limits = Limits {
        concurrency: 4,
        timeout: Duration::from_millis(700),
        lease: Duration::from_millis(1500),
        poll: Duration::from_millis(10),
    };
    Config {
        heartbeat: Duration::from_millis(200),
        shutdown: Duration::from_millis(500),
        rebuild: limits.clone(),
        maintenance: limits,
        prewarm: None,
        ..Config::default()
    }
}

/// A configuration with times so long that nothing happens by time alone.
pub(crate) fn patient() -> Config {
    let limits = Limits {
        concurrency: 4,
        timeout: Duration::from_secs(60),
        lease: Duration::from_secs(120),
        poll: Duration::from_millis(10),
    };
    Config { shutdown: Duration::from_secs(30), rebuild: limits.clone(), maintenance: limits, ..quick() }
}

/// A configuration in which only hints wake workers.
pub(crate) fn sleepy() -> Config {
    const NEVER: Duration = Duration::from_secs(3600);
    let mut config = patient();
    config.heartbeat = NEVER;
    config.rebuild.lease = 4 * NEVER;
    config.maintenance.lease = 4 * NEVER;
    config.rebuild.poll = NEVER;
    config.maintenance.poll = NEVER;
    config
}

/// A store without Redis.
pub(crate) fn store_of(pg: &PgPool) -> Store {
    Store::new(pg.clone(), None, Format::CURRENT)
}

/// The workers of one process, inside the test.
pub(crate) struct Running {
    pub(crate) health: Health,
    pub(crate) shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    /// Starts the workers without crons.
    pub(crate) fn start(config: Config, pg: &PgPool, probe: &Probe) -> Self {
        let health = Health::default();
        let shutdown = CancellationToken::new();
        let run = run_handler(config, store_of(pg), &[], health.clone(), shutdown.clone(), probe.clone());
        let task = tokio::spawn(async move { run.await.unwrap() });
        Self { health, shutdown, task }
    }

    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.unwrap();
    }
}
