//! Our queue as a backend of apalis: its `Persisted` drives the worker, `store::queue` does the work.
//!
//! No error leaves this file: while the database is away, the worker and its running jobs go on, and statements are tried
//! again.

use std::{
    collections::HashMap,
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
    queue::{Claim, Claimed, End, Ended, Job, JobId, Lost, Queue, Room, Turn, life::Life},
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

/// Between looks for orgs that no change asks for, while there are none.
const LEISURE: Duration = Duration::from_secs(1);

/// Between claims of a rebuild that nothing asks for: no ring, no mark and no lease that was given back.
const UNASKED: Duration = Duration::from_secs(1);

/// A worker that has found nothing for this long looks four times less often, but about each second.
const CALM_AFTER: Duration = Duration::from_secs(5);

/// A worker that holds nothing sends one heartbeat in this many. Not of rebuilds: its heartbeats find work of all queues
/// whose process is gone.
const IDLE_BEATS: u32 = 4;

/// The queue behind one apalis worker.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) store: Store,
    pub(crate) queue: Queue,
    pub(crate) limits: Limits,
    pub(crate) heartbeat: Duration,
    pub(crate) held: Arc<Held>,
    pub(crate) round: Arc<Mutex<Round>>,
    /// When strays were last looked for: work whose claim was not answered.
    pub(crate) looked: Arc<Mutex<Option<Timestamp>>>,
    pub(crate) bell: Arc<Bell>,
    pub(crate) progress: Progress,
    /// The life of the process, unless it could not take its lock.
    pub(crate) life: Option<Life>,
}

/// The work that a worker has and whose end is not recorded yet.
#[derive(Debug, Default)]
pub(crate) struct Held(Mutex<HashMap<JobId, Claimed>>);

impl Held {
    fn ids(&self) -> Vec<JobId> {
        self.map().keys().copied().collect()
    }

    /// The number of those that are so.
    fn count(&self, so: impl Fn(&Claimed) -> bool) -> usize {
        self.map().values().filter(|claimed| so(claimed)).count()
    }

    fn get(&self, id: JobId) -> Option<Claimed> {
        self.map().get(&id).cloned()
    }

    fn add<'a>(&self, claimed: impl Iterator<Item = &'a Claimed>) {
        self.map().extend(claimed.map(|claimed| (claimed.id, claimed.clone())));
    }

    fn remove(&self, ids: impl IntoIterator<Item = JobId>) {
        let mut map = self.map();
        for id in ids {
            map.remove(&id);
        }
    }

    fn map(&self) -> MutexGuard<'_, HashMap<JobId, Claimed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a worker is in its round of owed orgs, or agents.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Round {
    turn: Turn,
    /// When to look for orgs that no change asks for.
    leisure_at: Instant,
    /// When to claim without being asked.
    unasked_at: Instant,
    /// Whether the bell has rung since the last claim.
    rung: bool,
    /// When work was found last.
    found_at: Instant,
    /// Heartbeats left out since the last.
    left_out: u32,
}

impl Round {
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        Self { turn: Turn::FIRST, leisure_at: now, unasked_at: now, rung: false, found_at: now, left_out: 0 }
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
        let strays = bounded(async {
            let lost = self.store.heartbeat(worker.name(), self.queue, self.limits.lease, &held).await?;
            if !lost.is_empty() {
                tracing::warn!(queue = self.queue.as_str(), lost = lost.len(), "ended work that outran its lease");
                self.store.finish(&lost.into_iter().map(failed).collect::<Vec<_>>()).await?;
            }
            // No claim is under way: apalis does one thing at a time.
            self.store.release_strays(worker.name(), &held, since).await
        })
        .await?;
        *self.looked() = Some(strays.at);
        self.progress.made();
        if strays.released > 0 {
            let strays = strays.released;
            tracing::warn!(queue = self.queue.as_str(), strays, "gave back work whose claim was not answered");
            self.bell.ring();
        }
        Ok(())
    }

    /// Whether this heartbeat may be left out; counts those that are.
    fn leaves_out_beat(&self) -> bool {
        let may = self.queue != Queue::Rebuild && self.held.map().is_empty();
        let mut round = self.round();
        round.left_out = if may && round.left_out + 1 < IDLE_BEATS { round.left_out + 1 } else { 0 };
        round.left_out > 0
    }

    /// Claims, if a claim may find anything: looking for marks costs less, and most rebuilds are owed by them.
    async fn look(&self, worker: &str) -> Result<Option<Claim>, Error> {
        if self.is_asked() || self.store.may_be_owed().await? {
            return self.claim(worker).await.map(Some);
        }
        Ok(None)
    }

    fn is_asked(&self) -> bool {
        let mut round = self.round();
        mem::take(&mut round.rung) || self.queue != Queue::Rebuild || round.unasked_at <= Instant::now()
    }

    async fn claim(&self, worker: &str) -> Result<Claim, Error> {
        let Round { turn, leisure_at, .. } = *self.round();
        let mut room = self.room();
        room.unhurried &= leisure_at <= Instant::now();
        let claim = self.store.claim(worker, self.queue, self.limits.lease, turn, room).await?;
        let mut round = self.round();
        round.turn = claim.turn;
        round.unasked_at = Instant::now() + UNASKED;
        if claim.claimed.is_some() {
            round.found_at = Instant::now();
        }
        if room.unhurried && claim.claimed.is_none() && !claim.more {
            round.leisure_at = Instant::now() + LEISURE;
        }
        Ok(claim)
    }

    /// At most half of the places are for orgs that no change asks for. One place is always free of test calls, and one of
    /// everything else that needs Vapi, so that neither waits for all of the other.
    fn room(&self) -> Room {
        let places = self.limits.concurrency;
        let is_test_call = |claimed: &Claimed| matches!(claimed.job, Job::TestCall(_));
        Room {
            unhurried: self.held.count(|claimed| !claimed.is_urgent) < places.div_ceil(2),
            test_calls: self.held.count(is_test_call) + 1 < places.max(2),
            others: self.held.count(|claimed| !is_test_call(claimed)) + 1 < places.max(2),
        }
    }

    /// Until the next look without a ring. Jitter keeps workers from looking in step.
    fn pause(&self) -> Duration {
        let poll = self.limits.poll;
        let is_calm = self.round().found_at.elapsed() > CALM_AFTER;
        let pause = if is_calm { poll.max((poll * 4).min(UNASKED)) } else { poll };
        pause.mul_f64(rand::random_range(0.75..1.25))
    }

    fn round(&self) -> MutexGuard<'_, Round> {
        self.round.lock().unwrap_or_else(PoisonError::into_inner)
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
        if self.leaves_out_beat() {
            self.progress.made();
        } else if let Err(error) = self.beat(worker).await {
            self.complain("heartbeat", &error);
        }
        Ok(())
    }

    async fn fetch_next(&mut self, worker: &WorkerContext) -> Result<Vec<Task<Job>>, Infallible> {
        let rings = self.bell.rings();
        match bounded(self.look(worker.name())).await {
            Ok(look) => {
                self.progress.made();
                let (claimed, more) = look.map_or((None, false), |Claim { claimed, more, .. }| (claimed, more));
                let missed = claimed.is_none() && self.bell.rings() != rings;
                if missed || more {
                    self.bell.ring();
                }
                self.held.add(claimed.iter());
                Ok(claimed.into_iter().map(task).collect())
            }
            Err(error) => {
                self.round().rung = true;
                self.complain("claim", &error);
                tokio::time::sleep(PAUSE).await;
                Ok(Vec::new())
            }
        }
    }

    async fn reenqueue_abandoned(&mut self, tasks: Vec<Task<Job>>, worker: &WorkerContext) -> Result<u64, Infallible> {
        let claimed = tasks.iter().filter_map(|task| self.held.get(job_id(task.task_id()?)?));
        let claimed: Vec<Claimed> = claimed.collect();
        // A failure is harmless: at its end the process gives back all that it holds.
        if let Err(error) = bounded(self.store.release(worker.name(), &claimed)).await {
            self.complain("release", &error);
        }
        self.held.remove(claimed.iter().map(|claimed| claimed.id));
        Ok(claimed.len() as u64)
    }

    /// Tries for as long as a lease. After that the jobs count as lost, and run again.
    async fn handle_events(&mut self, events: Vec<TaskEvent<End>>, worker: &WorkerContext) -> Result<(), Infallible> {
        let ended: Vec<Ended> = events.into_iter().filter_map(|event| self.ended(event, worker)).collect();
        let deadline = Instant::now() + self.limits.lease;
        while let Err(error) = bounded(self.store.finish(&ended)).await {
            self.complain("finish", &error);
            if Instant::now() > deadline {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        let ids: Vec<JobId> = ended.iter().map(Ended::id).collect();
        // A place for orgs that no change asks for is free again, and no mark tells of the next one.
        if ids.iter().filter_map(|id| self.held.get(*id)).any(|claimed| !claimed.is_urgent) {
            self.bell.ring();
        }
        self.held.remove(ids);
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
        .attempt(usize::try_from(claimed.attempts.starts - 1).unwrap_or_default())
        .build()
}

/// The id of a job as apalis has it.
fn task_id(JobId(id): JobId) -> TaskId {
    TaskId::from_string(id.to_string())
}

/// The id of a task as the queue has it.
fn job_id(id: &TaskId) -> Option<JobId> {
    id.to_string().parse().ok()
}

impl Line {
    /// The end of a task. Its result is an error only if it was cut off or panicked; otherwise the handler has said how it
    /// ended.
    fn ended(&self, event: TaskEvent<End>, worker: &WorkerContext) -> Option<Ended> {
        let TaskEvent::Complete(ended) = event else { return None };
        let claimed = self.held.get(job_id(&ended.task_id)?)?;
        let end = ended.result.unwrap_or_else(End::Failed);
        Some(Ended::new(claimed, worker.name(), end, rand::random()))
    }
}

fn failed(Lost { claimed, worker }: Lost) -> Ended {
    Ended::new(claimed, &worker, End::Lost, rand::random())
}

/// A backend that claims when the bell rings, and looks at intervals. A claim that leaves work behind rings the bell. (apalis
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
            let pause = self.line.pause();
            self.timer.as_mut().reset(Instant::now() + pause);
        }
    }

    fn listen(&mut self, cx: &mut Context<'_>) {
        self.line.bell.register(cx.waker());
        let rings = self.line.bell.rings();
        if rings != self.heard {
            self.heard = rings;
            self.due = true;
            self.line.round().rung = true;
            // Where one change came, another follows.
            let soon = Instant::now() + self.line.limits.poll;
            if self.timer.deadline() > soon {
                self.timer.as_mut().reset(soon);
            }
        }
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
