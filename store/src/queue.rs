//! The queue: the table of jobs, and the workers that claim them. A job is a hint, and knows only its kind and an id; the
//! work that is owed is read from the ledger by each claim.

pub mod board;
pub mod crons;
pub mod dead_letters;
pub mod deadlines;
pub mod life;
pub mod upkeep;

use std::{fmt, num::ParseIntError, str::FromStr, time::Duration};

use readmodel::{
    ids::{AgentId, OrgId},
    time::Timestamp,
};
use sqlx::{PgPool, postgres::PgListener};
use uuid::Uuid;

use crate::{Error, Store, instant::PgTime};

/// A queue of jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Queue {
    /// Rebuilds of orgs. A claim fills it from what is owed.
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
    /// Brings an org's read models up to date. Claims create it, for orgs that are owed.
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

/// A job that a worker has claimed, and runs.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// Its id.
    pub id: JobId,
    /// The work.
    pub job: Job,
    /// Starts so far, this one included.
    pub attempts: i32,
    /// Whether another may be due.
    pub more: bool,
}

struct ClaimedRow {
    id: i64,
    kind: String,
    subject: Uuid,
    attempts: i32,
    more: bool,
}

impl From<ClaimedRow> for Claimed {
    fn from(ClaimedRow { id, kind, subject, attempts, more }: ClaimedRow) -> Self {
        Self { id: JobId(id), job: Job::of(kind, subject), attempts, more }
    }
}

/// The end of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Well.
    Done,
    /// Badly: again after a pause, while attempts are left.
    Failed(String),
    /// Badly, and no further attempt would help: a dead letter at once.
    Dead(String),
}

fn numbers(ids: &[JobId]) -> Vec<i64> {
    ids.iter().map(|id| id.0).collect()
}

impl Store {
    /// Records that a worker lives, and renews the leases of the jobs that it holds. The first call registers the worker. Ends
    /// jobs that no living worker has held for a `lease` as lost, and returns how many.
    pub async fn heartbeat(&self, worker: &str, queue: Queue, lease: Duration, held: &[JobId]) -> Result<i32, Error> {
        let (lease, held) = (lease.as_secs_f64(), numbers(held));
        let lost = sqlx::query_file_scalar!("queries/queue/heartbeat.sql", worker, queue.as_str(), lease, &held);
        Ok(lost.fetch_one(&self.warm).await?)
    }
}

/// The result of a look for strays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strays {
    /// Jobs that wait again.
    pub released: i32,
    /// The time of the look by the database's clock: `since` of the next one.
    pub at: Timestamp,
}

impl Store {
    /// Gives back the jobs that a worker has claimed before its last look and does not hold, because the answer to its claim
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

    /// Claims up to `limit` due jobs for a registered worker, which has to end each or renew it before its lease ends.
    pub async fn claim_jobs(
        &self,
        worker: &str,
        queue: Queue,
        limit: i32,
        lease: Duration,
    ) -> Result<Vec<Claimed>, Error> {
        let lease = lease.as_secs_f64();
        let claimed = match queue {
            Queue::Prewarm => {
                sqlx::query_file_as!(ClaimedRow, "queries/queue/claim_prewarms.sql", worker, limit, lease)
                    .fetch_all(&self.warm)
                    .await?
            }
            Queue::Rebuild | Queue::Maintenance => {
                sqlx::query_file_as!(ClaimedRow, "queries/queue/claim.sql", worker, queue.as_str(), limit, lease)
                    .fetch_all(&self.warm)
                    .await?
            }
        };
        Ok(claimed.into_iter().map(Claimed::from).collect())
    }

    /// Records how a worker's jobs ended. Jobs that count as lost meanwhile stay as they are.
    pub async fn finish_jobs(&self, worker: &str, ended: &[(JobId, End)]) -> Result<(), Error> {
        let ids: Vec<i64> = ended.iter().map(|(id, _)| id.0).collect();
        let errors: Vec<Option<String>> = ended.iter().map(|(_, end)| error_text(end)).collect();
        let last: Vec<bool> = ended.iter().map(|(_, end)| matches!(end, End::Dead(_))).collect();
        sqlx::query_file!("queries/queue/finish.sql", worker, &ids, &errors as &[Option<String>], &last)
            .fetch_all(&self.warm)
            .await?;
        Ok(())
    }

    /// Gives back jobs that a worker has claimed and not run, as if it had not claimed them.
    pub async fn release_jobs(&self, worker: &str, ids: &[JobId]) -> Result<(), Error> {
        sqlx::query_file!("queries/queue/release.sql", worker, &numbers(ids)).fetch_all(&self.pg).await?;
        Ok(())
    }

    /// Removes all workers whose name starts with `prefix`, and gives back the jobs that they hold.
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

/// The error without NUL, which Postgres' text cannot hold.
fn error_text(end: &End) -> Option<String> {
    match end {
        End::Done => None,
        End::Failed(error) | End::Dead(error) => Some(error.replace('\0', " ")),
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
