//! One worker a queue, under apalis' monitor, and the loops beside them.

use std::{any::Any, fmt, sync::Arc, time::Duration};

use apalis::layers::{WorkerBuilderExt, catch_panic::CatchPanicLayer};
use apalis_core::{
    error::BoxDynError,
    monitor::Monitor,
    worker::{builder::WorkerBuilder, ext::parallelize::ParallelizeLayer},
};
use jobs::JobError;
use monitoring::health::{Health, State};
use sqlx::PgPool;
use store::queue::{self, End, Queue};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use crate::{
    Config, ConfigError,
    backend::{Line, LineBackend},
    backlog,
    bell::Bell,
    deadlines,
    name::Start,
    schedule::{Cron, Scheduler},
    watchdog::{self, Progress},
};

/// What the process asks of the database last of all takes no longer than this.
const FAREWELL: Duration = Duration::from_secs(1);

/// Between looks for a schema that is not there yet.
const SCHEMA_PAUSE: Duration = Duration::from_millis(500);

/// Does the work of a job, given its bytes.
pub trait Handler: Send + Sync + 'static {
    /// Runs one job. Dropped when the job's time is up.
    fn run(&self, args: Vec<u8>) -> impl Future<Output = Result<(), JobError>> + Send;
}

/// [`run`](crate::run) with any handler and crons.
pub async fn run_handler(
    config: Config,
    pg: PgPool,
    crons: &'static [Cron],
    health: Health,
    shutdown: CancellationToken,
    handler: impl Handler,
) -> Result<(), ConfigError> {
    config.check()?;
    let stopped = shutdown.run_until_cancelled(wait_for_schema(&pg, &health)).await.is_none();
    if stopped {
        return Ok(());
    }
    let start = Start::new();
    let engine = Engine { config, pg, start, handler: Arc::new(handler) };
    engine.work(crons, health, shutdown).await;
    engine.take_leave().await;
    Ok(())
}

async fn wait_for_schema(pg: &PgPool, health: &Health) {
    const PART: &str = "schema";
    loop {
        let reason = match queue::is_installed(pg).await {
            Ok(true) => break,
            Ok(false) => "waiting for the schema: run `prewarm migrate`",
            Err(_) => "waiting for the database",
        };
        health.set(PART, State::Failed(reason.to_owned()));
        tokio::time::sleep(SCHEMA_PAUSE).await;
    }
    health.set(PART, State::Ok);
}

struct Engine<H> {
    config: Config,
    pg: PgPool,
    start: Start,
    handler: Arc<H>,
}

impl<H: Handler> Engine<H> {
    /// Until `shutdown`, and then for as long as running jobs take, up to the limit.
    async fn work(&self, crons: &'static [Cron], health: Health, shutdown: CancellationToken) {
        let rebuild = self.line(Queue::Rebuild);
        let maintenance = self.line(Queue::Maintenance);
        let scheduler = Progress::new();
        let loops = vec![
            ("rebuild queue", rebuild.progress.clone()),
            ("maintenance queue", maintenance.progress.clone()),
            ("crons", scheduler.clone()),
        ];
        let (bell, alarm) = (rebuild.bell.clone(), rebuild.bell.clone());
        let direct = self.config.direct.clone().unwrap_or_else(|| self.pg.clone());
        let _beside = [
            spawn(queue::follow_hints(direct, move || bell.ring())),
            spawn(Scheduler::new(self.pg.clone(), crons).run(scheduler, shutdown.clone())),
            spawn(watchdog::watch(loops, health, self.config.heartbeat)),
            spawn(backlog::measure(self.pg.clone())),
            spawn(deadlines::follow(self.pg.clone(), move || alarm.ring())),
        ];
        let grace = self.config.shutdown;
        let monitor = self.register(self.register(Monitor::new(), rebuild), maintenance);
        let ended = monitor
            .should_restart(|worker, error| {
                tracing::error!(worker = worker.name(), %error, "worker restarts");
                true
            })
            // apalis' own shutdown_timeout would count from here on.
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

    fn line(&self, queue: Queue) -> Line {
        Line {
            pg: self.pg.clone(),
            queue,
            limits: self.config.limits(queue).clone(),
            heartbeat: self.config.heartbeat,
            held: Arc::default(),
            bell: Arc::new(Bell::default()),
            progress: Progress::new(),
        }
    }

    fn register(&self, monitor: Monitor, line: Line) -> Monitor {
        let start = self.start.clone();
        let handler = self.handler.clone();
        monitor.register(move |restarts| {
            let handler = handler.clone();
            WorkerBuilder::new(start.worker(line.queue, restarts))
                .backend(LineBackend::new(line.clone()))
                // The first is the outermost. A job gets a task of its own, so that one which keeps the CPU busy does not
                // keep the worker from its heartbeat. The task ends when its job is dropped.
                .concurrency(line.limits.concurrency)
                .layer(ParallelizeLayer::new(spawn_job))
                .timeout(line.limits.timeout)
                .layer(CatchPanicLayer::with_panic_handler(|_: &Box<dyn Any + Send>| Panicked))
                .build(move |args: Vec<u8>| {
                    let handler = handler.clone();
                    async move { Ok::<End, BoxDynError>(told(handler.run(args).await)) }
                })
        })
    }

    /// Gives back what the workers still hold.
    async fn take_leave(&self) {
        let farewell = queue::retire(&self.pg, self.start.as_ref());
        match tokio::time::timeout(FAREWELL, farewell).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "jobs go back when their lease ends")
            }
            Err(_) => tracing::warn!("the database does not answer: jobs go back when their lease ends"),
        }
    }
}

fn told(result: Result<(), JobError>) -> End {
    match result {
        Ok(()) => End::Done,
        Err(error) if error.may_retry() => End::Failed(error.message().to_owned()),
        Err(error) => End::Dead(error.message().to_owned()),
    }
}

/// The panic's own words may hold data: they go to the log of the panic hook alone.
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
