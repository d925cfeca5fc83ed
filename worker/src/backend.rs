//! Our queue as a backend of apalis: its `Persisted` drives the worker, `store::queue` does the work.
//!
//! No error leaves this file: while the database is away, the worker and its running jobs go on, and statements are tried
//! again.

use std::{
    collections::HashSet,
    convert::Infallible,
    mem,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use apalis_core::{
    backend::{
        Backend, BackendConfig,
        codec::Codec,
        finalize::Ephemeral,
        persistence::{Persisted, Persistence, State, TaskEvent, TaskPersistLayer},
    },
    task::{Task, builder::TaskBuilder, status::Status, task_id::TaskId},
    worker::context::WorkerContext,
};
use readmodel::time::Timestamp;
use store::{
    Error, Store,
    queue::{Claimed, End, Job, JobId, Queue, life::Life},
};
use tokio::time::{Instant, Sleep};

use crate::{bell::Bell, config::Limits, watchdog::Progress};

/// Between tries of a database that is away.
const PAUSE: Duration = Duration::from_millis(200);

/// The limit of one statement. After it the connection counts as lost, though Postgres may still run the statement.
const PATIENCE: Duration = Duration::from_secs(3);

/// Jobs per claim. apalis neither acknowledges nor sends heartbeats while a worker holds claimed jobs that it has no room
/// for, so a claim takes one.
const BATCH: usize = 1;

/// The queue behind one apalis worker.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) store: Store,
    pub(crate) queue: Queue,
    pub(crate) limits: Limits,
    pub(crate) heartbeat: Duration,
    pub(crate) held: Arc<Held>,
    /// When strays were last looked for: jobs whose claim was not answered.
    pub(crate) looked: Arc<Mutex<Option<Timestamp>>>,
    pub(crate) bell: Arc<Bell>,
    pub(crate) progress: Progress,
    /// The life of the process, unless it could not take its lock.
    pub(crate) life: Option<Life>,
}

/// The jobs that a worker has and whose end is not recorded yet.
#[derive(Debug, Default)]
pub(crate) struct Held(Mutex<HashSet<JobId>>);

impl Held {
    fn ids(&self) -> Vec<JobId> {
        self.set().iter().copied().collect()
    }

    fn add(&self, ids: impl IntoIterator<Item = JobId>) {
        self.set().extend(ids);
    }

    fn remove(&self, ids: impl IntoIterator<Item = JobId>) {
        let mut set = self.set();
        for id in ids {
            set.remove(&id);
        }
    }

    fn set(&self) -> MutexGuard<'_, HashSet<JobId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    async fn enter(&self, worker: &WorkerContext) -> Result<(), Error> {
        self.beat(worker).await?;
        match self.life {
            Some(life) => bounded(self.store.show_life(worker.name(), life)).await,
            None => Ok(()),
        }
    }

    async fn beat(&self, worker: &WorkerContext) -> Result<(), Error> {
        let (held, since) = (self.held.ids(), *self.looked());
        let (lost, strays) = bounded(async {
            let lost = self.store.heartbeat(worker.name(), self.queue, self.limits.lease, &held).await?;
            // No claim is under way: apalis does one thing at a time.
            let strays = self.store.release_strays(worker.name(), &held, since).await?;
            Ok((lost, strays))
        })
        .await?;
        *self.looked() = Some(strays.at);
        self.progress.made();
        if lost > 0 {
            tracing::warn!(queue = self.queue.as_str(), lost, "ended jobs that outran their lease");
        }
        if strays.released > 0 {
            let strays = strays.released;
            tracing::warn!(queue = self.queue.as_str(), strays, "gave back jobs whose claim was not answered");
            self.bell.ring();
        }
        Ok(())
    }

    fn looked(&self) -> MutexGuard<'_, Option<Timestamp>> {
        self.looked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn complain(&self, what: &'static str, error: &Error) {
        let error = error as &dyn std::error::Error;
        tracing::warn!(queue = self.queue.as_str(), what, error, "the queue cannot go on");
    }
}

async fn bounded<T>(statement: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    match tokio::time::timeout(PATIENCE, statement).await {
        Ok(result) => result,
        Err(_) => Err(Error::TimedOut),
    }
}

impl Persistence for Line {
    type Compact = Job;
    type Response = End;
    type Error = Infallible;

    async fn register(&mut self, worker: &WorkerContext) -> Result<(), Infallible> {
        while let Err(error) = self.enter(worker).await {
            self.complain("register", &error);
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }

    async fn heartbeat(&mut self, worker: &WorkerContext) -> Result<(), Infallible> {
        if let Err(error) = self.beat(worker).await {
            self.complain("heartbeat", &error);
        }
        Ok(())
    }

    async fn fetch_next(&mut self, worker: &WorkerContext) -> Result<Vec<Task<Job>>, Infallible> {
        let rings = self.bell.rings();
        let claimed = self.store.claim_jobs(worker.name(), self.queue, BATCH as i32, self.limits.lease);
        match bounded(claimed).await {
            Ok(claimed) => {
                self.progress.made();
                let missed = claimed.is_empty() && self.bell.rings() != rings;
                if missed || claimed.iter().any(|job| job.more) {
                    self.bell.ring();
                }
                self.held.add(claimed.iter().map(|job| job.id));
                Ok(claimed.into_iter().map(task).collect())
            }
            Err(error) => {
                self.complain("claim", &error);
                tokio::time::sleep(PAUSE).await;
                Ok(Vec::new())
            }
        }
    }

    async fn reenqueue_abandoned(&mut self, tasks: Vec<Task<Job>>, worker: &WorkerContext) -> Result<u64, Infallible> {
        let ids: Vec<JobId> = tasks.iter().filter_map(|task| job_id(task.task_id()?)).collect();
        // A failure is harmless: at its end the process gives back all that it holds.
        if let Err(error) = bounded(self.store.release_jobs(worker.name(), &ids)).await {
            self.complain("release", &error);
        }
        let released = ids.len() as u64;
        self.held.remove(ids);
        Ok(released)
    }

    /// Tries for as long as a lease. After that the jobs count as lost, and run again.
    async fn handle_events(&mut self, events: Vec<TaskEvent<End>>, worker: &WorkerContext) -> Result<(), Infallible> {
        let ended: Vec<(JobId, End)> = events.into_iter().filter_map(end).collect();
        let deadline = Instant::now() + self.limits.lease;
        while let Err(error) = bounded(self.store.finish_jobs(worker.name(), &ended)).await {
            self.complain("finish", &error);
            if Instant::now() > deadline {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        self.held.remove(ended.into_iter().map(|(id, _)| id));
        Ok(())
    }

    /// Never called: jobs are pushed through `store::queue`.
    async fn push_tasks(&mut self, _: Vec<Task<Job>>) -> Result<(), Infallible> {
        Ok(())
    }
}

fn task(claimed: Claimed) -> Task<Job> {
    TaskBuilder::new(claimed.job)
        .task_id(task_id(claimed.id))
        .status(Status::Running)
        // apalis counts the start itself.
        .attempt(usize::try_from(claimed.attempts - 1).unwrap_or_default())
        .build()
}

/// The id of a job as apalis has it.
pub(crate) fn task_id(JobId(id): JobId) -> TaskId {
    TaskId::from_string(id.to_string())
}

/// The id of a task as the queue has it.
pub(crate) fn job_id(id: &TaskId) -> Option<JobId> {
    id.to_string().parse().ok()
}

/// The end of a task. Its result is an error only if the job was cut off or panicked; otherwise the handler has said how
/// the job ended.
fn end(event: TaskEvent<End>) -> Option<(JobId, End)> {
    let TaskEvent::Complete(ended) = event else { return None };
    Some((job_id(&ended.task_id)?, ended.result.unwrap_or_else(End::Failed)))
}

/// A backend that claims when the bell rings and at intervals. A claim that leaves work behind rings the bell. (apalis
/// polls a backend for other reasons too, such as the end of a job, and would claim each time.)
pub(crate) struct LineBackend {
    line: Persisted<Line>,
    timer: Pin<Box<Sleep>>,
    /// The number of rings that a claim has answered.
    heard: u64,
    /// Whether a claim may find work.
    due: bool,
}

impl LineBackend {
    pub(crate) fn new(line: Line) -> Self {
        Self { line: Persisted::new(line), timer: Box::pin(tokio::time::sleep(Duration::ZERO)), heard: 0, due: true }
    }

    /// Always leaves the timer armed: a worker whose timer is not set again sleeps for ever.
    fn arm(&mut self, cx: &mut Context<'_>) {
        while self.timer.as_mut().poll(cx).is_ready() {
            self.due = true;
            // Jitter keeps workers from claiming in step.
            let pause = self.line.limits.poll.mul_f64(rand::random_range(0.75..1.25));
            self.timer.as_mut().reset(Instant::now() + pause);
        }
    }

    fn listen(&mut self, cx: &mut Context<'_>) {
        self.line.bell.register(cx.waker());
        let rings = self.line.bell.rings();
        self.due |= rings != self.heard;
        self.heard = rings;
    }
}

impl Backend for LineBackend {
    type Task = Task<Job>;
    type Error = Infallible;

    fn poll_ready(&mut self, cx: &mut Context<'_>, worker: &WorkerContext) -> Poll<Result<(), Infallible>> {
        let heartbeat = self.line.heartbeat;
        self.line.poll_ready(cx, worker, heartbeat)
    }

    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        worker: &WorkerContext,
    ) -> Poll<Option<Result<Self::Task, Infallible>>> {
        self.listen(cx);
        self.arm(cx);
        if matches!(self.line.state_mut(), State::Ready) && !mem::take(&mut self.due) {
            return Poll::Pending;
        }
        self.line.poll_next(cx, worker)
    }

    /// Waits for a claim that is under way, so that its jobs go back to the queue at once instead of after their lease.
    fn poll_close(&mut self, cx: &mut Context<'_>, worker: &WorkerContext) -> Poll<Result<(), Infallible>> {
        if let State::Fetch(claim) = self.line.state_mut() {
            let Ok(tasks) = ready!(claim.poll_unpin(cx));
            *self.line.state_mut() = State::Buffered(tasks.into());
        }
        self.line.poll_close(cx, worker)
    }
}

impl BackendConfig for LineBackend {
    type Args = Job;
    type Id = String;
    type Kind = Ephemeral;
    type Config = Limits;
    type Layer = TaskPersistLayer<Verbatim, End>;

    fn config(&self) -> &Limits {
        &self.line.limits
    }

    fn middleware(&mut self, _: &mut WorkerContext) -> Self::Layer {
        self.line.layer(Verbatim, BATCH).persist_results(true)
    }
}

/// Passes the end of a job to the queue unchanged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Verbatim;

impl Codec<End> for Verbatim {
    type Error = Infallible;
    type Compact = End;

    fn encode(&self, end: &End) -> Result<End, Infallible> {
        Ok(end.clone())
    }

    fn decode(&self, end: &End) -> Result<End, Infallible> {
        Ok(end.clone())
    }
}
