//! The queue: the work that is owed, and the workers that claim it. Rebuilds are claimed from the ledger ([`rebuilds`]). Other
//! work has a job, which is a hint, and knows only its kind and an id.

pub mod attempts;
pub mod board;
pub mod crons;
pub mod dead_letters;
pub mod deadlines;
pub mod life;
pub mod rebuilds;
pub mod upkeep;

use std::{fmt, num::ParseIntError, str::FromStr, time::Duration};

use readmodel::{
    ids::{AgentId, OrgId},
    time::Timestamp,
};
use sqlx::{PgPool, postgres::PgListener};
use uuid::Uuid;

use crate::{Error, Store, instant::PgTime};

pub use attempts::{Attempts, End, Verdict};

/// A queue of jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Queue {
    /// Rebuilds of orgs, as the ledger owes them.
    Rebuild,
    /// Jobs that crons fire.
    Maintenance,
    /// Assistants at Vapi. A claim fills it from the agents that are owed.
    Prewarm,
}

impl Queue {
    /// Every queue.
    pub const ALL: [Self; 3] = [Self::Rebuild, Self::Maintenance, Self::Prewarm];

    /// Its name in the database and on the board.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rebuild => "rebuild",
            Self::Maintenance => "maintenance",
            Self::Prewarm => "prewarm",
        }
    }
}

/// The id of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub i64);

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for JobId {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        text.parse().map(Self)
    }
}

/// The work of a job. The table's constraints see to it that a kind has the id that it needs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Job {
    /// Brings an org's read models up to date.
    Rebuild(OrgId),
    /// Makes an agent's assistant at Vapi equal to the agent. Claims create it, for agents that are owed.
    SyncAssistant(AgentId),
    /// Has Vapi make a test call for the browser.
    TestCall(Uuid),
    /// Scheduled work, by its kind. Another release may have pushed a kind that this one does not know.
    Maintenance(String),
}

impl Job {
    /// Its kind in the database.
    pub fn kind(&self) -> &str {
        match self {
            Self::Rebuild(_) => "rebuild",
            Self::SyncAssistant(_) => "prewarm",
            Self::TestCall(_) => "test_call",
            Self::Maintenance(kind) => kind,
        }
    }

    /// The org, agent or test call that it is about.
    pub const fn subject(&self) -> Option<Uuid> {
        match self {
            Self::Rebuild(OrgId(id)) | Self::SyncAssistant(AgentId(id)) | Self::TestCall(id) => Some(*id),
            Self::Maintenance(_) => None,
        }
    }

    fn of(kind: String, subject: Uuid) -> Self {
        match kind.as_str() {
            "rebuild" => Self::Rebuild(OrgId(subject)),
            "prewarm" => Self::SyncAssistant(AgentId(subject)),
            "test_call" => Self::TestCall(subject),
            _ => Self::Maintenance(kind),
        }
    }
}

/// `rebuild:<org>`, `prewarm:<agent>`, `test_call:<id>`, or a kind alone.
impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.subject() {
            Some(id) => write!(f, "{}:{id}", self.kind()),
            None => f.write_str(self.kind()),
        }
    }
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobState {
    /// For its time, or for its next attempt.
    Waiting,
    /// Claimed by a worker.
    Running,
    /// Ended well.
    Done,
    /// A dead letter.
    Dead,
}

impl JobState {
    /// Its name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Dead => "dead",
        }
    }

    /// Every state.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Running, Self::Done, Self::Dead];
}

/// A maintenance job to be done. At most one of a kind waits at a time.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Where it waits.
    pub queue: Queue,
    /// Its kind in the database.
    pub kind: String,
    /// Starts that may end badly before it becomes a dead letter.
    pub max_attempts: i32,
}

/// Work that a worker has claimed, and does.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// Its id. Jobs and starts of rebuilds are numbered by one sequence.
    pub id: JobId,
    /// The work.
    pub job: Job,
    /// Its starts.
    pub attempts: Attempts,
    /// Whether something asks for it now. Orgs that were never built, or by an earlier release, have time.
    pub is_urgent: bool,
}

struct ClaimedRow {
    id: i64,
    kind: String,
    subject: Uuid,
    attempts: i32,
    max_attempts: i32,
}

impl From<ClaimedRow> for Claimed {
    fn from(ClaimedRow { id, kind, subject, attempts, max_attempts }: ClaimedRow) -> Self {
        let attempts = Attempts { starts: attempts, limit: max_attempts };
        Self { id: JobId(id), job: Job::of(kind, subject), attempts, is_urgent: true }
    }
}

/// Work that will not end: its worker is gone, or has lost it.
#[derive(Clone, Debug)]
pub struct Lost {
    /// The work.
    pub claimed: Claimed,
    /// The worker that claimed it.
    pub worker: String,
}

/// Work that has ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Its id.
    pub id: JobId,
    /// Whether it was a rebuild.
    pub is_rebuild: bool,
    /// The worker that claimed it.
    pub worker: String,
    /// Its consequence.
    pub verdict: Verdict,
}

fn numbers(ids: &[JobId]) -> Vec<i64> {
    ids.iter().map(|id| id.0).collect()
}

impl Store {
    /// Records that a worker lives, and renews the leases of the rebuilds that it holds. The first call registers the worker.
    /// Returns the work of any worker that will not end.
    pub async fn heartbeat(
        &self,
        worker: &str,
        queue: Queue,
        lease: Duration,
        held: &[JobId],
    ) -> Result<Vec<Lost>, Error> {
        let (lease, held) = (lease.as_secs_f64(), numbers(held));
        let lost = sqlx::query_file!("queries/queue/heartbeat.sql", worker, queue.as_str(), lease, &held);
        let lost = lost.fetch_all(&self.warm).await?;
        Ok(lost
            .into_iter()
            .map(|row| {
                let (id, kind, subject) = (row.id, row.kind, row.subject);
                let claimed = ClaimedRow { id, kind, subject, attempts: row.attempts, max_attempts: row.max_attempts };
                Lost { claimed: claimed.into(), worker: row.worker.unwrap_or_default() }
            })
            .collect())
    }
}

/// The result of a look for strays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strays {
    /// Work that waits again.
    pub released: i32,
    /// The time of the look by the database's clock: `since` of the next one.
    pub at: Timestamp,
}

impl Store {
    /// Gives back the work that a worker has claimed before its last look and does not hold, because the answer to its claim
    /// was lost. The worker must not be claiming meanwhile. A call that arrives late does no harm, since `since` has passed.
    pub async fn release_strays(
        &self,
        worker: &str,
        held: &[JobId],
        since: Option<Timestamp>,
    ) -> Result<Strays, Error> {
        let (held, since) = (numbers(held), since.map(PgTime));
        let look = sqlx::query_file!("queries/queue/release_strays.sql", worker, &held, since as Option<PgTime>);
        let look = look.fetch_one(&self.warm).await?;
        Ok(Strays { released: look.strays, at: look.at.into() })
    }

    /// Claims up to `limit` due jobs for a registered worker, which has to end each. An agent is reserved for a `lease`.
    /// Rebuilds are claimed by [`claim_rebuild`](Self::claim_rebuild).
    pub async fn claim_jobs(
        &self,
        worker: &str,
        queue: Queue,
        limit: i32,
        lease: Duration,
    ) -> Result<Vec<Claimed>, Error> {
        let claimed = match queue {
            Queue::Prewarm => {
                let lease = lease.as_secs_f64();
                sqlx::query_file_as!(ClaimedRow, "queries/queue/claim_prewarms.sql", worker, limit, lease)
                    .fetch_all(&self.warm)
                    .await?
            }
            Queue::Rebuild | Queue::Maintenance => {
                sqlx::query_file_as!(ClaimedRow, "queries/queue/claim.sql", worker, queue.as_str(), limit)
                    .fetch_all(&self.warm)
                    .await?
            }
        };
        Ok(claimed.into_iter().map(Claimed::from).collect())
    }

    /// Records how work ended. What counts as lost meanwhile stays as it is.
    pub async fn finish(&self, ended: &[Ended]) -> Result<(), Error> {
        let (rebuilds, jobs): (Vec<_>, Vec<_>) = ended.iter().partition(|ended| ended.is_rebuild);
        if !rebuilds.is_empty() {
            self.finish_rebuilds(&rebuilds).await?;
        }
        if !jobs.is_empty() {
            let Columns { ids, errors, pauses, are_dead } = Columns::of(&jobs);
            let workers: Vec<String> = jobs.iter().map(|ended| ended.worker.clone()).collect();
            let errors = &errors as &[Option<&str>];
            sqlx::query_file!("queries/queue/finish.sql", &ids, &workers, errors as _, &pauses, &are_dead)
                .fetch_all(&self.warm)
                .await?;
        }
        Ok(())
    }

    async fn finish_rebuilds(&self, ended: &[&Ended]) -> Result<(), Error> {
        let Columns { ids, errors, pauses, are_dead } = Columns::of(ended);
        let errors = &errors as &[Option<&str>];
        sqlx::query_file!("queries/queue/rebuilds/finish.sql", &ids, errors as _, &pauses, &are_dead)
            .fetch_all(&self.warm)
            .await?;
        Ok(())
    }

    /// Gives back work that a worker has claimed and not done, as if it had not claimed it.
    pub async fn release(&self, worker: &str, ids: &[JobId]) -> Result<(), Error> {
        sqlx::query_file!("queries/queue/release.sql", worker, &numbers(ids)).fetch_all(&self.pg).await?;
        Ok(())
    }

    /// Removes all workers whose name starts with `prefix`, and gives back what they hold.
    pub async fn retire_workers(&self, prefix: &str) -> Result<(), Error> {
        sqlx::query_file!("queries/queue/release_all.sql", prefix).fetch_all(&self.pg).await?;
        sqlx::query_file!("queries/queue/retire.sql", prefix).execute(&self.pg).await?;
        Ok(())
    }

    /// Pushes a job; false when one of its kind waits already.
    pub async fn push_job(&self, job: &NewJob) -> Result<bool, Error> {
        let NewJob { queue, kind, max_attempts } = job;
        let pushed = sqlx::query_file!("queries/queue/push.sql", queue.as_str(), kind, max_attempts);
        Ok(pushed.execute(&self.pg).await?.rows_affected() == 1)
    }
}

/// Ends as parallel arrays.
struct Columns<'a> {
    ids: Vec<i64>,
    errors: Vec<Option<&'a str>>,
    pauses: Vec<f64>,
    are_dead: Vec<bool>,
}

impl<'a> Columns<'a> {
    fn of(ended: &[&'a Ended]) -> Self {
        let verdicts = || ended.iter().map(|ended| &ended.verdict);
        Self {
            ids: ended.iter().map(|ended| ended.id.0).collect(),
            errors: verdicts().map(Verdict::error).collect(),
            pauses: verdicts().map(|verdict| verdict.pause().as_secs_f64()).collect(),
            are_dead: verdicts().map(|verdict| matches!(verdict, Verdict::Dead { .. })).collect(),
        }
    }
}

/// The channel on which writers notify after their commit. A worker that misses a notice finds the marks at its next claim.
const HINTS: &str = "prewarm_hint";

/// The pause before listening again.
const PAUSE: Duration = Duration::from_millis(500);

impl Store {
    /// Calls `ring` for every hint. Never returns. After a silence it listens on another connection.
    pub async fn follow_hints(&self, ring: impl Fn()) {
        self.link.listen(|| follow(self.direct(), &ring)).await;
    }
}

async fn follow(pg: PgPool, ring: &impl Fn()) {
    loop {
        if let Err(error) = listen(&pg, ring).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "queue hints");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn listen(pg: &PgPool, ring: &impl Fn()) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pg).await?;
    listener.listen(HINTS).await?;
    loop {
        // Also after a reconnection, since hints sent meanwhile are lost.
        ring();
        if listener.try_recv().await?.is_none() {
            return Ok(());
        }
    }
}
