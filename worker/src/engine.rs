//! The workers, one for each queue, under apalis' monitor, and the loops beside them.

use std::{
    any::Any,
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use apalis::layers::{WorkerBuilderExt, catch_panic::CatchPanicLayer};
use apalis_core::{
    error::BoxDynError,
    monitor::Monitor,
    worker::{builder::WorkerBuilder, ext::parallelize::ParallelizeLayer},
};
use jobs::{JobError, Maintenance};
use monitoring::health::{Health, State};
use store::{
    Store,
    queue::{End, Job, Queue, life::Life},
    roles::Duty,
};
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use crate::{
    Config, ConfigError,
    backend::{Line, LineBackend, Round},
    backlog,
    bell::Bell,
    deadlines,
    name::Start,
    schedule::{Cron, Scheduler},
    watchdog::{self, Progress},
};

/// The time limit of giving back jobs at the end of the process.
const FAREWELL: Duration = Duration::from_secs(1);

/// The time that a worker waits for the lock of its process.
const LIFE_PATIENCE: Duration = Duration::from_secs(3);

/// The pause between looks for a schema that is not there yet.
const SCHEMA_PAUSE: Duration = Duration::from_millis(500);

/// Does the work of jobs.
pub trait Handler: Send + Sync + 'static {
    /// Runs one job. Dropped when the job's time is up.
    fn run(&self, job: Job) -> impl Future<Output = Result<(), JobError>> + Send;
}

/// [`run`](crate::run) with any handler and crons.
pub async fn run_handler(
    config: Config,
    store: Store,
    crons: &'static [Cron],
    health: Health,
    shutdown: CancellationToken,
    handler: impl Handler,
) -> Result<(), ConfigError> {
    config.check()?;
    let stopped = shutdown.run_until_cancelled(wait_for_schema(&store, &health)).await.is_none();
    if stopped {
        return Ok(());
    }
    let start = Start::new();
    let engine = Engine { config, store, start, life: Life::new(rand::random()), handler: Arc::new(handler) };
    engine.take_up().await;
    engine.work(crons, health, shutdown).await;
    engine.take_leave().await;
    Ok(())
}

/// The part of `/readyz` about what the process' role may do. The process' own look at it reports there as well.
const ROLE: &str = "role";

async fn wait_for_schema(store: &Store, health: &Health) {
    const PART: &str = "schema";
    let mut role_is_told = false;
    loop {
        match obstacle(store).await {
            Ok(None) => break,
            Ok(Some(obstacle)) => health.set(PART, State::Failed(obstacle.to_owned())),
            Err(store::Error::Lacks(lack)) => {
                health.set(ROLE, State::Failed(lack.to_string()));
                role_is_told = true;
            }
            Err(error) => health.set(PART, State::Failed(format!("waiting for the database: {error}"))),
        }
        tokio::time::sleep(SCHEMA_PAUSE).await;
    }
    health.set(PART, State::Ok);
    if role_is_told {
        health.set(ROLE, State::Ok);
    }
}

/// The reason why no work can be done on the database's schema, or by this process' role.
async fn obstacle(store: &Store) -> Result<Option<&'static str>, store::Error> {
    match store.schema().await?.obstacle() {
        None => store.check_role(Duty::Worker).await.map(|()| None),
        obstacle => Ok(obstacle),
    }
}

struct Engine<H> {
    config: Config,
    store: Store,
    start: Start,
    life: Life,
    handler: Arc<H>,
}

impl<H: Handler> Engine<H> {
    /// Pushes a look at all assistants, because a new start may have new settings. If that fails, the audit finds the same.
    async fn take_up(&self) {
        if self.config.prewarm.is_none() {
            return;
        }
        if let Err(error) = self.store.push_job(&Maintenance::TakeUpAssistants.to_new()).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "assistants are looked at later");
        }
    }

    /// Works until `shutdown`, and then for as long as running jobs take, up to the limit.
    async fn work(&self, crons: &'static [Cron], health: Health, shutdown: CancellationToken) {
        let (held, is_held) = watch::channel(false);
        let _life = spawn(hold_life(self.store.clone(), self.life, held));
        let life = is_held_soon(is_held).await.then_some(self.life);
        let lines: Vec<Line> = Queue::ALL.into_iter().filter_map(|queue| self.line(queue, life)).collect();
        let scheduler = Progress::new();
        let mut loops = vec![("crons", scheduler.clone())];
        loops.extend(lines.iter().map(|line| (part(line.queue), line.progress.clone())));
        let bells = Bells(lines.iter().map(|line| (line.queue, line.bell.clone())).collect());
        let (hinted, fired, alarmed) = (bells.clone(), bells.clone(), bells);
        let worked = crons.iter().filter(|cron| self.config.limits(cron.job.queue()).is_some());
        let store = || self.store.clone();
        let _beside = [
            spawn(follow_hints(store(), hinted)),
            spawn(watch_link(store())),
            spawn(Scheduler::new(store(), worked).run(scheduler, shutdown.clone(), move |queue| fired.ring(queue))),
            spawn(watchdog::watch(loops, health.clone(), self.config.heartbeat)),
            spawn(backlog::measure(store())),
            spawn(backlog::measure_claims(store(), health.clone())),
            spawn(backlog::measure_erasures(store(), health.clone())),
            spawn(backlog::measure_drift(store(), health.clone())),
            spawn(backlog::measure_source(store(), health)),
            spawn(deadlines::follow(store(), move || alarmed.ring(Queue::Rebuild))),
        ];
        let _agents = self.config.prewarm.is_some().then(|| spawn(backlog::measure_agents(store())));
        let grace = self.config.shutdown;
        let monitor = lines.into_iter().fold(Monitor::new(), |monitor, line| self.register(monitor, line));
        let ended = monitor
            .should_restart(|worker, error| {
                tracing::error!(worker = worker.name(), %error, "worker restarts");
                true
            })
            // The grace starts at the signal. apalis' own shutdown_timeout would start here.
            .with_terminator(async move { tokio::time::sleep(grace).await })
            .run_with_signal(async {
                shutdown.cancelled().await;
                Ok(())
            })
            .await;
        if let Err(error) = ended {
            tracing::error!(%error, "workers ended");
        }
    }

    /// The worker's side of a queue, or None if this process leaves it to others.
    fn line(&self, queue: Queue, life: Option<Life>) -> Option<Line> {
        Some(Line {
            store: self.store.clone(),
            queue,
            limits: self.config.limits(queue)?.clone(),
            heartbeat: self.config.heartbeat,
            held: Arc::default(),
            round: Arc::new(Mutex::new(Round::new())),
            looked: Arc::default(),
            bell: Arc::new(Bell::default()),
            progress: Progress::new(),
            life,
        })
    }

    fn register(&self, monitor: Monitor, line: Line) -> Monitor {
        let start = self.start.clone();
        let handler = self.handler.clone();
        monitor.register(move |restarts| {
            let handler = handler.clone();
            WorkerBuilder::new(start.worker(line.queue, restarts))
                .backend(LineBackend::new(line.clone()))
                // The first layer is the outermost. Each job gets a task of its own, so that a busy one does not hold up
                // the worker's heartbeat. Dropping the job aborts the task.
                .concurrency(line.limits.concurrency)
                .layer(ParallelizeLayer::new(spawn_job))
                .timeout(line.limits.timeout)
                .layer(CatchPanicLayer::with_panic_handler(|_: &Box<dyn Any + Send>| Panicked))
                .build(move |job: Job| {
                    let handler = handler.clone();
                    async move { Ok::<End, BoxDynError>(end_of(handler.run(job).await)) }
                })
        })
    }

    /// Gives back the jobs that the workers still hold.
    async fn take_leave(&self) {
        let farewell = self.store.retire_workers(self.start.as_ref());
        match tokio::time::timeout(FAREWELL, farewell).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "jobs go back when their lease ends")
            }
            Err(_) => tracing::warn!("the database does not answer: jobs go back when their lease ends"),
        }
    }
}

async fn hold_life(store: Store, life: Life, held: watch::Sender<bool>) {
    store.hold_life(life, held).await;
}

/// Whether the process' lock is held before long. Without it others wait for the leases of a killed process.
async fn is_held_soon(mut is_held: watch::Receiver<bool>) -> bool {
    let held = tokio::time::timeout(LIFE_PATIENCE, is_held.wait_for(|held| *held)).await;
    let held = matches!(held, Ok(Ok(_)));
    if !held {
        tracing::warn!(
            "no lock tells that this process lives: if it is killed, its work waits for the end of its leases"
        );
    }
    held
}

async fn follow_hints(store: Store, bells: Bells) {
    store.follow_hints(|queue| bells.ring(queue)).await;
}

/// The bells of the process' workers.
#[derive(Clone)]
struct Bells(Arc<[(Queue, Arc<Bell>)]>);

impl Bells {
    /// Wakes the worker of a queue, if this process has one.
    fn ring(&self, queue: Queue) {
        self.0.iter().filter(|(of, _)| *of == queue).for_each(|(_, bell)| bell.ring());
    }
}

async fn watch_link(store: Store) {
    store.watch_link().await;
}

/// The name of a queue in `/readyz`.
const fn part(queue: Queue) -> &'static str {
    match queue {
        Queue::Rebuild => "rebuild queue",
        Queue::Maintenance => "maintenance queue",
        Queue::Prewarm => "prewarm queue",
    }
}

fn end_of(result: Result<(), JobError>) -> End {
    match result {
        Ok(()) => End::Done,
        Err(error) if error.may_retry() => End::Failed(error.message().to_owned()),
        Err(error) => End::Dead(error.message().to_owned()),
    }
}

/// Stands for a panic whose message may hold data. Only the panic hook's log has the message.
#[derive(Debug)]
struct Panicked;

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the job panicked")
    }
}

impl std::error::Error for Panicked {}

fn spawn<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> AbortOnDropHandle<T> {
    AbortOnDropHandle::new(tokio::spawn(future))
}

fn spawn_job<F>(job: F) -> AbortOnDropHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    spawn(job)
}
