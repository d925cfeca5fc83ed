//! A list of the board, as the backend that apalis-board asks for it.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use apalis_core::{
    backend::{
        Backend, BackendConfig, FetchById, Filter, ListAllTasks, ListQueues, ListTasks, ListWorkers, Metrics,
        QueueInfo, RunningWorker, Statistic, WireFormatBackend, codec::Codec, finalize::Ephemeral,
    },
    task::{Task, task_id::TaskId},
    worker::context::WorkerContext,
};
use futures_util::Sink;
use serde_json::Value;
use store::{
    Store,
    queue::{
        Queue,
        board::{Count, Page, WorkerRecord},
    },
};

use super::entry::{AGENTS, number, of_agent, of_cron, of_job, seconds, stages_of, state_of, statistics};
use crate::schedule::CRONS;

/// A list of the board. apalis calls each a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    /// The jobs of a queue.
    Jobs(Queue),
    /// Agents and their assistants.
    Agents,
    /// Crons and their newest firings.
    Crons,
}

impl List {
    pub(super) const ALL: [Self; 5] = [
        Self::Jobs(Queue::Rebuild),
        Self::Jobs(Queue::Maintenance),
        Self::Jobs(Queue::Prewarm),
        Self::Agents,
        Self::Crons,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Jobs(queue) => queue.as_str(),
            Self::Agents => AGENTS,
            Self::Crons => "crons",
        }
    }

    fn statistics(self, counts: &[Count]) -> Vec<Statistic> {
        match self {
            Self::Crons => vec![number("TOTAL_JOBS", CRONS.len() as i64)],
            list => statistics(counts.iter().filter(|count| count.list == list.name())),
        }
    }
}

/// A list and the database that it is read from.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    pub(super) store: Store,
    pub(super) list: List,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum BoardError {
    #[error("the board is read-only: jobs are pushed by prewarm itself")]
    ReadOnly,
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Entries of a page at most: the client names its size.
const PAGE_LIMIT: u32 = 100;

fn page(filter: &Filter) -> Page {
    let limit = i64::from(filter.limit().min(PAGE_LIMIT));
    Page { limit, offset: i64::from(filter.page.max(1) - 1) * limit }
}

impl Shown {
    async fn jobs(&self, queue: Option<Queue>, filter: &Filter) -> Result<Vec<Task<Value>>, BoardError> {
        let state = match &filter.status {
            None => None,
            Some(status) => match state_of(status) {
                None => return Ok(Vec::new()),
                state => state,
            },
        };
        let records = self.store.job_records(queue, state, page(filter)).await?;
        Ok(records.into_iter().map(of_job).collect())
    }

    async fn agents(&self, filter: &Filter) -> Result<Vec<Task<Value>>, BoardError> {
        let stages = filter.status.as_ref().map(stages_of);
        let records = self.store.agent_records(stages.as_deref(), page(filter)).await?;
        Ok(records.into_iter().map(of_agent).collect())
    }

    async fn crons(&self) -> Result<Vec<Task<Value>>, BoardError> {
        let firings = self.store.firings().await?;
        Ok(CRONS.iter().map(|cron| of_cron(cron, &firings)).collect())
    }

    async fn workers(&self, queue: Option<Queue>) -> Result<Vec<RunningWorker>, BoardError> {
        Ok(self.store.worker_records(queue).await?.into_iter().map(running_worker).collect())
    }
}

fn running_worker(worker: WorkerRecord) -> RunningWorker {
    RunningWorker {
        id: worker.name,
        queue: worker.queue,
        backend: "prewarm".to_owned(),
        started_at: seconds(worker.started_at),
        last_heartbeat: seconds(worker.seen_at),
        layers: String::new(),
    }
}

impl ListTasks for Shown {
    async fn list_tasks(&self, filter: &Filter) -> Result<Vec<Task<Value>>, BoardError> {
        match self.list {
            List::Jobs(queue) => self.jobs(Some(queue), filter).await,
            List::Agents => self.agents(filter).await,
            List::Crons => {
                let Page { limit, offset } = page(filter);
                let crons = self.crons().await?.into_iter();
                let shown = crons.filter(|cron| filter.status.as_ref().is_none_or(|status| cron.status() == *status));
                Ok(shown.skip(offset as usize).take(limit as usize).collect())
            }
        }
    }
}

/// The jobs of all queues. Agents and crons have lists of their own.
impl ListAllTasks for Shown {
    async fn list_all_tasks(&self, filter: &Filter) -> Result<Vec<Task<Value>>, BoardError> {
        self.jobs(None, filter).await
    }
}

impl FetchById for Shown {
    async fn fetch_by_id(&mut self, id: &TaskId) -> Result<Option<Task<Value>>, BoardError> {
        match self.list {
            List::Jobs(_) => Ok(self.store.job_record(&id.to_string()).await?.map(of_job)),
            List::Agents => {
                let Ok(agent) = id.to_string().parse() else { return Ok(None) };
                Ok(self.store.agent_record(agent).await?.map(of_agent))
            }
            List::Crons => Ok(self.crons().await?.into_iter().find(|cron| cron.task_id() == Some(id))),
        }
    }
}

impl ListQueues for Shown {
    async fn list_queues(&self) -> Result<Vec<QueueInfo>, BoardError> {
        let counts = self.store.queue_counts().await?;
        let workers = self.store.worker_records(None).await?;
        let of = |list: List| workers.iter().filter(move |worker| worker.queue == list.name());
        let info = |list: List| QueueInfo {
            name: list.name().to_owned(),
            stats: list.statistics(&counts),
            workers: of(list).map(|worker| worker.name.clone()).collect(),
            // Jobs are kept for a day, and apalis asks for seven.
            activity: Vec::new(),
        };
        Ok(List::ALL.into_iter().map(info).collect())
    }
}

impl ListWorkers for Shown {
    async fn list_workers(&self) -> Result<Vec<RunningWorker>, BoardError> {
        match self.list {
            List::Jobs(queue) => self.workers(Some(queue)).await,
            List::Agents | List::Crons => Ok(Vec::new()),
        }
    }

    async fn list_all_workers(&self) -> Result<Vec<RunningWorker>, BoardError> {
        self.workers(None).await
    }
}

impl Metrics for Shown {
    async fn global(&self) -> Result<Vec<Statistic>, BoardError> {
        let counts = self.store.queue_counts().await?;
        Ok(statistics(counts.iter().filter(|count| count.list != AGENTS)))
    }

    async fn fetch_by_queue(&self) -> Result<Vec<Statistic>, BoardError> {
        Ok(self.list.statistics(&self.store.queue_counts().await?))
    }
}

/// No worker runs on it.
impl Backend for Shown {
    type Task = Task<Value>;
    type Error = BoardError;

    fn poll_ready(&mut self, _: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), BoardError>> {
        Poll::Ready(Ok(()))
    }

    fn poll_next(&mut self, _: &mut Context<'_>, _: &WorkerContext) -> Poll<Option<Result<Task<Value>, BoardError>>> {
        Poll::Ready(None)
    }

    fn poll_close(&mut self, _: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), BoardError>> {
        Poll::Ready(Ok(()))
    }
}

/// Refuses every task. apalis makes its `TaskSink` of this.
impl Sink<Task<Value>> for Shown {
    type Error = BoardError;

    fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), BoardError>> {
        Poll::Ready(Err(BoardError::ReadOnly))
    }

    fn start_send(self: Pin<&mut Self>, _: Task<Value>) -> Result<(), BoardError> {
        Err(BoardError::ReadOnly)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), BoardError>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), BoardError>> {
        Poll::Ready(Ok(()))
    }
}

impl BackendConfig for Shown {
    type Args = Value;
    type Id = String;
    type Kind = Ephemeral;
    type Config = ();
    type Layer = ();

    fn config(&self) -> &() {
        &()
    }

    fn middleware(&mut self, _: &mut WorkerContext) {}
}

impl WireFormatBackend for Shown {
    type Codec = AsIs;
    type Compact = Value;

    fn codec(&self) -> &AsIs {
        &AsIs
    }
}

/// Entries are JSON from the start.
#[derive(Clone, Copy, Debug)]
pub(super) struct AsIs;

impl Codec<Value> for AsIs {
    type Error = Infallible;
    type Compact = Value;

    fn encode(&self, value: &Value) -> Result<Value, Infallible> {
        Ok(value.clone())
    }

    fn decode(&self, value: &Value) -> Result<Value, Infallible> {
        Ok(value.clone())
    }
}

#[cfg(test)]
mod tests {
    use apalis_core::{backend::TaskSink, task::builder::TaskBuilder};
    use readmodel::model::Format;
    use testkit::sqlx::PgPool;

    use super::*;

    #[tokio::test]
    async fn a_task_that_is_pushed_to_the_board_is_refused_with_the_reason() {
        let pool = PgPool::connect_lazy("postgres://nobody@127.0.0.1:1/none").unwrap();
        let store = Store::new(pool, None, Format::CURRENT);
        for list in List::ALL {
            let mut shown = Shown { store: store.clone(), list };
            let pushed = shown.push_task(TaskBuilder::new(Value::Null).build()).await;
            assert!(pushed.unwrap_err().to_string().contains("the board is read-only"));
        }
    }
}
