//! The queue: jobs in apalis' own table, and the workers that claim them. A job is a hint, and knows only its kind and
//! ids; what is owed is read from the ledger by each claim.

pub mod crons;
pub mod dead_letters;
pub mod deadlines;
pub mod upkeep;

use std::time::Duration;

use readmodel::time::Timestamp;
use sqlx::{PgPool, postgres::PgListener};

use crate::{Error, Store, instant::PgTime};

/// A line of waiting jobs. Its name is apalis' `job_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Queue {
    /// Rebuilds of orgs. A claim fills it from what is owed.
    Rebuild,
    /// What crons fire.
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

/// A job to be done.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Where it waits.
    pub queue: Queue,
    /// What it is about; at most one job of a subject waits at a time.
    pub subject: String,
    /// What a worker is handed.
    pub args: Vec<u8>,
    /// Starts that may end badly before it becomes a dead letter.
    pub max_attempts: i32,
}

/// A job that a worker has claimed, and runs.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// Usually a ULID, but any text will do.
    pub id: String,
    /// As pushed, by whomever: nothing is known of these bytes.
    pub args: Vec<u8>,
    /// Starts so far, this one included.
    pub attempts: i32,
    /// Whether another may be due.
    pub more: bool,
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Well.
    Done,
    /// Badly: again after a pause, while attempts are left.
    Failed(String),
    /// Badly, and no further attempt would help: a dead letter at once.
    Dead(String),
}

/// How many jobs a queue holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Depth {
    /// Waiting, whether due or not.
    pub waiting: i64,
    /// Claimed and not ended.
    pub running: i64,
    /// Dead letters.
    pub dead: i64,
}

impl Store {
    /// Tells that a worker lives, registering it on its first call, and renews the leases of the jobs that it holds, by their
    /// ids. Jobs of the queue that nobody has held for a `lease` are ended as lost; returns how many.
    pub async fn heartbeat(&self, worker: &str, queue: Queue, lease: Duration, held: &[String]) -> Result<i32, Error> {
        let lease = lease.as_secs_f64();
        let lost = sqlx::query_file_scalar!("queries/queue/heartbeat.sql", worker, queue.as_str(), lease, held);
        Ok(lost.fetch_one(&self.warm).await?)
    }
}

/// What a look for strays found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strays {
    /// Jobs that wait again.
    pub released: i32,
    /// When it was, by the database's clock: `since` of the next look.
    pub at: Timestamp,
}

impl Store {
    /// Gives back the jobs that a worker has had since its last look, and does not hold: the answer to its claim was lost. No
    /// claim of the worker's may be under way. A look that comes late does no harm, since it names an instant that has passed.
    pub async fn release_strays(
        &self,
        worker: &str,
        held: &[String],
        since: Option<Timestamp>,
    ) -> Result<Strays, Error> {
        let since = since.map(PgTime);
        let look = sqlx::query_file!("queries/queue/release_strays.sql", worker, held, since as Option<PgTime>);
        let look = look.fetch_one(&self.warm).await?;
        Ok(Strays { released: look.strays, at: look.at.into() })
    }

    /// Claims up to `limit` due jobs for a registered worker, who has to end each of them before its lease does, or renew it.
    pub async fn claim_jobs(
        &self,
        worker: &str,
        queue: Queue,
        limit: i32,
        lease: Duration,
    ) -> Result<Vec<Claimed>, Error> {
        let lease = lease.as_secs_f64();
        if queue == Queue::Prewarm {
            let claimed = sqlx::query_file_as!(Claimed, "queries/queue/claim_prewarms.sql", worker, limit, lease);
            return Ok(claimed.fetch_all(&self.warm).await?);
        }
        let claimed = sqlx::query_file_as!(Claimed, "queries/queue/claim.sql", worker, queue.as_str(), limit, lease);
        Ok(claimed.fetch_all(&self.warm).await?)
    }

    /// Records how a worker's jobs ended. Those that are no longer its own, having been lost meanwhile, stay as they are.
    pub async fn finish_jobs(&self, worker: &str, ended: &[(String, End)]) -> Result<(), Error> {
        let ids: Vec<String> = ended.iter().map(|(id, _)| id.clone()).collect();
        let errors: Vec<Option<String>> = ended.iter().map(|(_, end)| error_text(end)).collect();
        let last: Vec<bool> = ended.iter().map(|(_, end)| matches!(end, End::Dead(_))).collect();
        sqlx::query_file!("queries/queue/finish.sql", worker, &ids, &errors as &[Option<String>], &last)
            .fetch_all(&self.warm)
            .await?;
        Ok(())
    }

    /// Gives back jobs that a worker has claimed and not run, as if it never had.
    pub async fn release_jobs(&self, worker: &str, ids: &[String]) -> Result<(), Error> {
        sqlx::query_file!("queries/queue/release.sql", worker, ids).fetch_all(&self.pg).await?;
        Ok(())
    }

    /// Takes leave of all workers whose name starts with `prefix`: gives back what they still hold, and forgets those that
    /// no job remembers.
    pub async fn retire_workers(&self, prefix: &str) -> Result<(), Error> {
        sqlx::query_file!("queries/queue/release_all.sql", prefix).fetch_all(&self.pg).await?;
        sqlx::query_file!("queries/queue/retire.sql", prefix).execute(&self.pg).await?;
        Ok(())
    }

    /// Pushes a job; false when one of its subject waits already.
    pub async fn push_job(&self, job: &NewJob) -> Result<bool, Error> {
        let NewJob { queue, subject, args, max_attempts } = job;
        let pushed = sqlx::query_file!("queries/queue/push.sql", queue.as_str(), subject, args, max_attempts);
        Ok(pushed.execute(&self.pg).await?.rows_affected() == 1)
    }

    /// How many jobs a queue holds.
    pub async fn queue_depth(&self, queue: Queue) -> Result<Depth, Error> {
        Ok(sqlx::query_file_as!(Depth, "queries/queue/depth.sql", queue.as_str()).fetch_one(&self.pg).await?)
    }
}

/// Postgres' text knows no NUL.
fn error_text(end: &End) -> Option<String> {
    match end {
        End::Done => None,
        End::Failed(error) | End::Dead(error) => Some(error.replace('\0', " ")),
    }
}

/// A writer may ring here after its commit. A worker that misses it finds the marks at its next look.
const HINTS: &str = "prewarm_hint";

/// Between attempts to come back.
const PAUSE: Duration = Duration::from_millis(500);

impl Store {
    /// Calls `ring` for every hint, for ever. After a silence it listens on another connection.
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
        // Also on coming back: whatever was said meanwhile has been missed.
        ring();
        if listener.try_recv().await?.is_none() {
            return Ok(());
        }
    }
}
