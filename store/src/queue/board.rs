//! Lists of what the queues hold, for people to look at. Nothing here is asked often, and nothing depends on it.

use readmodel::{
    ids::{AgentId, OrgId},
    time::Timestamp,
};
use uuid::Uuid;

use crate::{
    Error, Store,
    instant::PgTime,
    queue::{Job, JobState, Queue},
};

/// A part of a list.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Entries at most.
    pub limit: i64,
    /// Entries before it.
    pub offset: i64,
}

impl Page {
    /// The page of a list that has one entry.
    pub const ONE: Self = Self { limit: 1, offset: 0 };
}

/// A job with its history.
#[derive(Clone, Debug)]
pub struct JobRecord {
    /// Its id; of a rebuild that is owed or runs, that of its org.
    pub id: String,
    /// The queue's name.
    pub queue: String,
    /// The work.
    pub job: Job,
    /// Where it stands; as `prewarm.shown_jobs` names it.
    pub state: String,
    /// Starts so far.
    pub attempts: i32,
    /// Starts that may end badly before it becomes a dead letter.
    pub max_attempts: i32,
    /// The worker that runs it, or that ran it last.
    pub worker: Option<String>,
    /// The reason of the last bad end.
    pub error: Option<String>,
    /// It starts no earlier.
    pub run_at: Timestamp,
    /// When it was last claimed.
    pub claimed_at: Option<Timestamp>,
    /// When it was done, or became a dead letter.
    pub ended_at: Option<Timestamp>,
}

struct JobRow {
    id: String,
    queue: String,
    kind: String,
    subject: Uuid,
    state: String,
    attempts: i32,
    max_attempts: i32,
    worker: Option<String>,
    error: Option<String>,
    run_at: PgTime,
    claimed_at: Option<PgTime>,
    ended_at: Option<PgTime>,
}

impl From<JobRow> for JobRecord {
    fn from(row: JobRow) -> Self {
        let JobRow { id, queue, kind, subject, state, attempts, max_attempts, worker, error, .. } = row;
        Self {
            id,
            queue,
            job: Job::of(kind, subject),
            state,
            attempts,
            max_attempts,
            worker,
            error,
            run_at: row.run_at.into(),
            claimed_at: row.claimed_at.map(Timestamp::from),
            ended_at: row.ended_at.map(Timestamp::from),
        }
    }
}

/// An agent's assistant, as the ledger knows it.
#[derive(Clone, Debug)]
pub struct AgentRecord {
    /// Its id.
    pub agent: AgentId,
    /// The agent's org. None where the agent is gone.
    pub org: Option<OrgId>,
    /// As `prewarm.assistants` names it.
    pub stage: String,
    /// Consecutive starts without a good end.
    pub attempts: i32,
    /// Why it failed or waits.
    pub reason: Option<String>,
    /// The end of its back-off.
    pub not_before: Option<Timestamp>,
    /// When Vapi last took its configuration.
    pub synced_at: Option<Timestamp>,
}

struct AgentRow {
    agent_id: Uuid,
    org_id: Option<Uuid>,
    stage: String,
    attempts: i32,
    reason: Option<String>,
    not_before: Option<PgTime>,
    synced_at: Option<PgTime>,
}

impl From<AgentRow> for AgentRecord {
    fn from(row: AgentRow) -> Self {
        let AgentRow { agent_id, org_id, stage, attempts, reason, not_before, synced_at } = row;
        let [not_before, synced_at] = [not_before, synced_at].map(|at| at.map(Timestamp::from));
        Self { agent: AgentId(agent_id), org: org_id.map(OrgId), stage, attempts, reason, not_before, synced_at }
    }
}

/// The newest firing of a cron.
#[derive(Clone, Debug)]
pub struct Firing {
    /// The cron's name.
    pub cron: String,
    /// The instant that it was due.
    pub slot: Timestamp,
    /// The instant that a worker fired it.
    pub fired_at: Timestamp,
}

struct FiringRow {
    name: String,
    slot: PgTime,
    fired_at: PgTime,
}

/// A worker, alive or not.
#[derive(Clone, Debug)]
pub struct WorkerRecord {
    /// Its name.
    pub name: String,
    /// The queue's name.
    pub queue: String,
    /// When it registered.
    pub started_at: Timestamp,
    /// Its last heartbeat.
    pub seen_at: Timestamp,
}

struct WorkerRow {
    name: String,
    queue: String,
    started_at: PgTime,
    seen_at: PgTime,
}

/// A number of jobs of a queue in one state, or of agents at one stage.
#[derive(Clone, Debug)]
pub struct Count {
    /// The queue's name, or `agents`.
    pub list: String,
    /// The state, or the stage.
    pub state: String,
    /// Their number.
    pub count: i64,
}

/// A person's filter decides what is asked for, so its plan is made for the values at hand. The server gives up by itself.
const BEGIN: &str = "begin isolation level repeatable read read only;
    set local statement_timeout = '2s';
    set local plan_cache_mode = force_custom_plan";

impl Store {
    /// Jobs of one queue or of all, the newest first.
    pub async fn job_records(
        &self,
        queue: Option<Queue>,
        state: Option<JobState>,
        page: Page,
    ) -> Result<Vec<JobRecord>, Error> {
        self.jobs_where(queue, state, None, page).await
    }

    /// One job.
    pub async fn job_record(&self, id: &str) -> Result<Option<JobRecord>, Error> {
        Ok(self.jobs_where(None, None, Some(id), Page::ONE).await?.pop())
    }

    async fn jobs_where(
        &self,
        queue: Option<Queue>,
        state: Option<JobState>,
        id: Option<&str>,
        page: Page,
    ) -> Result<Vec<JobRecord>, Error> {
        let (queue, state) = (queue.map(Queue::as_str), state.map(JobState::as_str));
        let rows =
            sqlx::query_file_as!(JobRow, "queries/queue/board/jobs.sql", queue, state, id, page.limit, page.offset);
        let mut look = self.pg.begin(BEGIN).await?;
        let rows = rows.fetch_all(&mut *look).await?;
        look.commit().await?;
        Ok(rows.into_iter().map(JobRecord::from).collect())
    }

    /// Agents at one of the stages, or all.
    pub async fn agent_records(&self, stages: Option<&[String]>, page: Page) -> Result<Vec<AgentRecord>, Error> {
        self.agents_where(stages, None, page).await
    }

    /// One agent.
    pub async fn agent_record(&self, agent: AgentId) -> Result<Option<AgentRecord>, Error> {
        Ok(self.agents_where(None, Some(agent), Page::ONE).await?.pop())
    }

    async fn agents_where(
        &self,
        stages: Option<&[String]>,
        agent: Option<AgentId>,
        page: Page,
    ) -> Result<Vec<AgentRecord>, Error> {
        let agent = agent.map(|agent| agent.0);
        let rows = sqlx::query_file_as!(
            AgentRow,
            "queries/queue/board/agents.sql",
            stages as Option<&[String]>,
            agent,
            page.limit,
            page.offset
        );
        let mut look = self.pg.begin(BEGIN).await?;
        let rows = rows.fetch_all(&mut *look).await?;
        look.commit().await?;
        Ok(rows.into_iter().map(AgentRecord::from).collect())
    }

    /// The newest firing of each cron.
    pub async fn firings(&self) -> Result<Vec<Firing>, Error> {
        let rows = sqlx::query_file_as!(FiringRow, "queries/queue/board/crons.sql").fetch_all(&self.pg).await?;
        let firing =
            |FiringRow { name, slot, fired_at }| Firing { cron: name, slot: slot.into(), fired_at: fired_at.into() };
        Ok(rows.into_iter().map(firing).collect())
    }

    /// Workers of one queue or of all, the last heard of first.
    pub async fn worker_records(&self, queue: Option<Queue>) -> Result<Vec<WorkerRecord>, Error> {
        let queue = queue.map(Queue::as_str);
        let rows =
            sqlx::query_file_as!(WorkerRow, "queries/queue/board/workers.sql", queue).fetch_all(&self.pg).await?;
        let worker = |WorkerRow { name, queue, started_at, seen_at }| WorkerRecord {
            name,
            queue,
            started_at: started_at.into(),
            seen_at: seen_at.into(),
        };
        Ok(rows.into_iter().map(worker).collect())
    }

    /// The numbers of everything that the board shows.
    pub async fn queue_counts(&self) -> Result<Vec<Count>, Error> {
        let mut look = self.pg.begin(BEGIN).await?;
        let counts = sqlx::query_file_as!(Count, "queries/queue/board/counts.sql").fetch_all(&mut *look).await?;
        look.commit().await?;
        Ok(counts)
    }
}
