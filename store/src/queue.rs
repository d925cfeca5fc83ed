//! The queue: the work that is owed, and the workers that claim it. Rebuilds, agents and test calls are claimed where they are
//! owed; scheduled work has a job, which knows only its kind.

pub mod attempts;
pub mod board;
pub mod claims;
pub mod crons;
pub mod dead_letters;
pub mod deadlines;
pub mod ends;
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

pub use attempts::{Attempts, End, Verdict};
pub use claims::{Claim, Claimed, Room, Turn};
pub use ends::Ended;

/// A queue of jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Queue {
    /// Rebuilds of orgs, as the ledger owes them.
    Rebuild,
    /// Jobs that crons fire.
    Maintenance,
    /// Work that needs Vapi: agents that are owed, test calls, and jobs of crons.
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

    fn of_hint(payload: &str) -> Self {
        Self::ALL.into_iter().find(|queue| queue.as_str() == payload).unwrap_or(Self::Rebuild)
    }
}

/// The id of a job, or of the start of a rebuild, an agent or a test call.
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

/// A piece of work.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Job {
    /// Brings an org's read models up to date.
    Rebuild(OrgId),
    /// Makes an agent's assistant at Vapi equal to the agent.
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

    const fn agent(&self) -> Option<AgentId> {
        match self {
            Self::SyncAssistant(agent) => Some(*agent),
            _ => None,
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

/// Scheduled work to be done. At most one of a kind waits at a time.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Where it waits.
    pub queue: Queue,
    /// Its kind in the database.
    pub kind: String,
    /// Starts that may end badly before it becomes a dead letter.
    pub max_attempts: i32,
}

/// Work that will not end: its worker is gone, or has lost it.
#[derive(Clone, Debug)]
pub struct Lost {
    /// The work.
    pub claimed: Claimed,
    /// The worker that claimed it.
    pub worker: String,
}

fn numbers(ids: &[JobId]) -> Vec<i64> {
    ids.iter().map(|id| id.0).collect()
}

impl Store {
    /// Records that a worker lives, and renews the leases of the rebuilds and test calls that it holds. The first call registers the worker.
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
        let lost = lost.fetch_all(&self.queue).await?;
        Ok(lost
            .into_iter()
            .map(|row| {
                let attempts = Attempts { starts: row.attempts, limit: row.max_attempts };
                let claimed =
                    Claimed { id: JobId(row.id), job: Job::of(row.kind, row.subject), attempts, is_urgent: true };
                Lost { claimed, worker: row.worker.unwrap_or_default() }
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
        let look = look.fetch_one(&self.queue).await?;
        Ok(Strays { released: look.strays, at: look.at.into() })
    }

    /// Gives back work that a worker has claimed and not done, as if it had not claimed it.
    pub async fn release(&self, worker: &str, claimed: &[Claimed]) -> Result<(), Error> {
        let ids: Vec<i64> = claimed.iter().map(|claimed| claimed.id.0).collect();
        let agents: Vec<Uuid> = claimed.iter().filter_map(|claimed| claimed.job.agent()).map(|agent| agent.0).collect();
        sqlx::query_file!("queries/queue/release.sql", worker, &ids).fetch_all(&self.pg).await?;
        if !agents.is_empty() {
            sqlx::query_file!("queries/queue/release_agents.sql", worker, &agents).execute(&self.pg).await?;
        }
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

/// The channel on which writers notify after their commit: with the name of a queue, or with anything else for rebuilds. A
/// worker that misses a notice finds the work at its next look.
const HINTS: &str = "prewarm_hint";

/// The pause before listening again.
const PAUSE: Duration = Duration::from_millis(500);

impl Store {
    /// Wakes the workers of a queue by NOTIFY, in the background. A lost wake-up costs the time until the next look.
    pub fn wake_workers(&self, queue: Queue) {
        let warm = self.warm.clone();
        tokio::spawn(async move {
            let rung = sqlx::query_file!("queries/queue/wake.sql", queue.as_str()).fetch_one(&warm).await;
            if let Err(error) = rung.map_err(Error::from) {
                tracing::debug!(error = &error as &dyn std::error::Error, "hint");
            }
        });
    }

    /// Calls `ring` for every hint, with the queue that it is for, or with each queue where hints may have been lost. Never
    /// returns. After a silence it listens on another connection.
    pub async fn follow_hints(&self, ring: impl Fn(Queue)) {
        self.link.listen(|| follow(self.direct(), &ring)).await;
    }
}

async fn follow(pg: PgPool, ring: &impl Fn(Queue)) {
    loop {
        if let Err(error) = listen(&pg, ring).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "queue hints");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn listen(pg: &PgPool, ring: &impl Fn(Queue)) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pg).await?;
    listener.listen(HINTS).await?;
    Queue::ALL.into_iter().for_each(ring);
    while let Some(hint) = listener.try_recv().await? {
        ring(Queue::of_hint(hint.payload()));
    }
    Ok(())
}
