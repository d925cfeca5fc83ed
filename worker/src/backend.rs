//! Our queue as a backend of apalis: its `Persisted` drives the worker, `store::queue` does the work.
//!
//! A database that is away is waited for. It ends neither the worker nor the jobs that run: hence no error leaves here.

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
    queue::{Claimed, End, Queue},
};
use tokio::time::{Instant, Sleep};

use crate::{bell::Bell, config::Limits, watchdog::Progress};

/// Between tries of a database that is away.
const PAUSE: Duration = Duration::from_millis(200);

/// A statement that takes longer has lost its connection. Postgres may run it yet.
const PATIENCE: Duration = Duration::from_secs(3);

/// Jobs that are claimed at a time. While a worker holds claimed jobs that it has no room for, apalis neither acknowledges
/// nor sends heartbeats.
const BATCH: usize = 1;

/// The queue behind one apalis worker.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) store: Store,
    pub(crate) queue: Queue,
    pub(crate) limits: Limits,
    pub(crate) heartbeat: Duration,
    pub(crate) held: Arc<Held>,
    /// The last look for jobs that the worker was handed and does not know of.
    pub(crate) looked: Arc<Mutex<Option<Timestamp>>>,
    pub(crate) bell: Arc<Bell>,
    pub(crate) progress: Progress,
}

/// The jobs that a worker has and whose end is not told yet. What it has claimed besides, it knows nothing of.
#[derive(Debug, Default)]
pub(crate) struct Held(Mutex<HashSet<String>>);

impl Held {
    fn ids(&self) -> Vec<String> {
        self.set().iter().cloned().collect()
    }

    fn add(&self, ids: impl Iterator<Item = String>) {
        self.set().extend(ids);
    }

    fn remove<'a>(&self, ids: impl IntoIterator<Item = &'a String>) {
        let mut set = self.set();
        for id in ids {
            set.remove(id);
        }
    }

    fn set(&self) -> MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    async fn beat(&self, worker: &WorkerContext) -> Result<(), Error> {
        let (held, since) = (self.held.ids(), *self.looked());
        let (lost, strays) = bounded(async {
            let lost = self.store.heartbeat(worker.name(), self.queue, self.limits.lease, &held).await?;
            // apalis does one thing at a time: no claim is under way.
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
    type Compact = Vec<u8>;
    type Response = End;
    type Error = Infallible;

    async fn register(&mut self, worker: &WorkerContext) -> Result<(), Infallible> {
        while let Err(error) = self.beat(worker).await {
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

    async fn fetch_next(&mut self, worker: &WorkerContext) -> Result<Vec<Task<Vec<u8>>>, Infallible> {
        let rings = self.bell.rings();
        let claimed = self.store.claim_jobs(worker.name(), self.queue, BATCH as i32, self.limits.lease);
        match bounded(claimed).await {
            Ok(claimed) => {
                self.progress.made();
                let missed = claimed.is_empty() && self.bell.rings() != rings;
                if missed || claimed.iter().any(|job| job.more) {
                    self.bell.ring();
                }
                self.held.add(claimed.iter().map(|job| job.id.clone()));
                Ok(claimed.into_iter().map(task).collect())
            }
            Err(error) => {
                self.complain("claim", &error);
                tokio::time::sleep(PAUSE).await;
                Ok(Vec::new())
            }
        }
    }

    async fn reenqueue_abandoned(
        &mut self,
        tasks: Vec<Task<Vec<u8>>>,
        worker: &WorkerContext,
    ) -> Result<u64, Infallible> {
        let ids: Vec<String> = tasks.iter().filter_map(|task| task.task_id().map(TaskId::to_string)).collect();
        // Should this fail, the process gives back all it holds when it ends.
        if let Err(error) = bounded(self.store.release_jobs(worker.name(), &ids)).await {
            self.complain("release", &error);
        }
        self.held.remove(&ids);
        Ok(ids.len() as u64)
    }

    /// Tries for as long as a lease: then the jobs are left to be found lost, and run again.
    async fn handle_events(&mut self, events: Vec<TaskEvent<End>>, worker: &WorkerContext) -> Result<(), Infallible> {
        let ended: Vec<(String, End)> = events.into_iter().filter_map(end).collect();
        let deadline = Instant::now() + self.limits.lease;
        while let Err(error) = bounded(self.store.finish_jobs(worker.name(), &ended)).await {
            self.complain("finish", &error);
            if Instant::now() > deadline {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        self.held.remove(ended.iter().map(|(id, _)| id));
        Ok(())
    }

    /// Jobs are pushed through `store::queue`.
    async fn push_tasks(&mut self, _: Vec<Task<Vec<u8>>>) -> Result<(), Infallible> {
        Ok(())
    }
}

fn task(claimed: Claimed) -> Task<Vec<u8>> {
    TaskBuilder::new(claimed.args)
        .task_id(TaskId::from_string(claimed.id))
        .status(Status::Running)
        // apalis counts the start itself.
        .attempt(usize::try_from(claimed.attempts - 1).unwrap_or_default())
        .build()
}

/// How a task ended. Only a job that was cut off or panicked has an error here: of all others the handler tells the end.
fn end(event: TaskEvent<End>) -> Option<(String, End)> {
    let TaskEvent::Complete(ended) = event else { return None };
    Some((ended.task_id.to_string(), ended.result.unwrap_or_else(End::Failed)))
}

/// A backend that looks for work whenever the bell rings, and every so often without; a look that leaves some rings it.
/// apalis polls it for much else, the end of each job for one, and would look each time.
pub(crate) struct LineBackend {
    line: Persisted<Line>,
    next_look: Pin<Box<Sleep>>,
    /// The rings that a look has answered.
    heard: u64,
    /// Whether a look may find something.
    look: bool,
}

impl LineBackend {
    pub(crate) fn new(line: Line) -> Self {
        Self {
            line: Persisted::new(line),
            next_look: Box::pin(tokio::time::sleep(Duration::ZERO)),
            heard: 0,
            look: true,
        }
    }

    /// Leaves the timer armed in every case: a timer that nobody set again is how a worker falls asleep for good.
    fn arm(&mut self, cx: &mut Context<'_>) {
        while self.next_look.as_mut().poll(cx).is_ready() {
            self.look = true;
            // Spread, so that workers do not look in step.
            let pause = self.line.limits.poll.mul_f64(rand::random_range(0.75..1.25));
            self.next_look.as_mut().reset(Instant::now() + pause);
        }
    }

    fn listen(&mut self, cx: &mut Context<'_>) {
        self.line.bell.register(cx.waker());
        let rings = self.line.bell.rings();
        self.look |= rings != self.heard;
        self.heard = rings;
    }
}

impl Backend for LineBackend {
    type Task = Task<Vec<u8>>;
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
        if matches!(self.line.state_mut(), State::Ready) && !mem::take(&mut self.look) {
            return Poll::Pending;
        }
        self.line.poll_next(cx, worker)
    }

    /// Lets a claim that is under way come back first: what it brings goes back to the queue, and not astray.
    fn poll_close(&mut self, cx: &mut Context<'_>, worker: &WorkerContext) -> Poll<Result<(), Infallible>> {
        if let State::Fetch(claim) = self.line.state_mut() {
            let Ok(tasks) = ready!(claim.poll_unpin(cx));
            *self.line.state_mut() = State::Buffered(tasks.into());
        }
        self.line.poll_close(cx, worker)
    }
}

impl BackendConfig for LineBackend {
    type Args = Vec<u8>;
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

/// The end of a job reaches the queue as the handler told it.
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
