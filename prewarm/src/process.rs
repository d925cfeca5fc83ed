//! A running process: its parts, its listeners and its end.

use std::net::SocketAddr;

use anyhow::Context as _;
use api::Api;
use axum::Router;
use monitoring::{admin, health::Health, logging, metrics, zeros};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use readmodel::time::Clock;
use store::{Sessions, roles::Duty};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use crate::{probe, settings::Settings, vapi};

/// The parts of Prewarm that a process runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts {
    api: bool,
    worker: bool,
}

impl Parts {
    pub(crate) const API: Self = Self { api: true, worker: false };
    pub(crate) const WORKER: Self = Self { api: false, worker: true };
    pub(crate) const BOTH: Self = Self { api: true, worker: true };
}

/// A process with its ports bound, so that a port in use is reported before anything starts.
pub(crate) struct Process {
    api: Option<Api>,
    worker: bool,
    admin: TcpListener,
    queue_ui: Option<TcpListener>,
}

/// Runs parts of Prewarm until SIGINT or SIGTERM.
pub(crate) async fn run(settings: Settings, parts: Parts) -> anyhow::Result<()> {
    logging::init(settings.get("PREWARM_LOG"));
    let shutdown = shutdown_on_signal()?;
    Process::bind(&settings, parts).await?.run(&settings, shutdown).await
}

impl Process {
    pub(crate) async fn bind(settings: &Settings, parts: Parts) -> anyhow::Result<Self> {
        let api = if parts.api { Some(Api::bind(vapi::api(settings)?).await?) } else { None };
        let admin = api::listen("PREWARM_ADMIN_ADDR", settings.admin_addr).await?;
        let queue_ui = match parts.worker {
            true => Some(api::listen("PREWARM_QUEUE_UI_ADDR", settings.queue_ui_addr).await?),
            false => None,
        };
        Ok(Self { api, worker: parts.worker, admin, queue_ui })
    }

    /// The address of dashboards and webhooks, if the process has an api.
    pub(crate) fn http_addr(&self) -> Option<SocketAddr> {
        self.api.as_ref()?.local_addr().ok()
    }

    /// The duties of the process' role.
    fn duties(&self) -> Vec<Duty> {
        let api = self.api.as_ref().map(|_| Duty::Api);
        api.into_iter().chain(self.worker.then_some(Duty::Worker)).collect()
    }

    /// Runs until shutdown or the end of a part; then all parts drain.
    pub(crate) async fn run(self, settings: &Settings, shutdown: CancellationToken) -> anyhow::Result<()> {
        // All settings first: an invalid one is reported before anything has started.
        let (assistants, event_retention) = (vapi::assistant_sync(settings)?, settings.event_retention()?);
        let (metrics, health) = (metrics::install()?, Health::default());
        probe::note_start(&health);
        let duties = self.duties();
        zeros::process();
        raise_open_files();
        let mut parts = JoinSet::new();
        parts.spawn(until(shutdown.clone(), metrics::keep_up(metrics.clone())));
        parts.spawn(serve(self.admin, admin::router(metrics, health.clone()), shutdown.clone()));
        let probe_store = settings.store_with("prewarm-probe", Sessions::Working)?;
        parts.spawn(until(shutdown.clone(), probe::watch(probe_store, health.clone(), duties)));
        health.set("vapi", assistants.state());
        if let Some(api) = self.api {
            zeros::api(::vapi::KNOWN_KINDS);
            let store = settings.store("prewarm-api")?;
            let serving = Box::pin(api.reporting_to(health.clone()).serve(store, Clock::Database, shutdown.clone()));
            parts.spawn(async move {
                serving.await;
                Ok(())
            });
        }
        if self.worker {
            zeros::worker();
            let assistants = assistants.ready();
            if assistants.is_some() {
                zeros::assistants();
            }
            let store = settings.store_with("prewarm-worker", Sessions::Working)?;
            if let Some(queue_ui) = self.queue_ui {
                parts.spawn(serve(queue_ui, worker::board_router(&store), shutdown.clone()));
            }
            let config = worker::Config { event_retention, ..worker::Config::default() };
            let working = worker::run(config, store, assistants, health, shutdown.clone());
            parts.spawn(async move { working.await.context("worker") });
        }
        let mut ended = Ok(());
        while let Some(part) = parts.join_next().await {
            shutdown.cancel();
            ended = ended.and(part.context("a part of the process panicked").flatten());
        }
        ended
    }
}

/// Raises the limit of open files. A connection is one, and many systems allow 1,024 unless asked for more.
fn raise_open_files() {
    let raised =
        getrlimit(Resource::RLIMIT_NOFILE).and_then(|(_, most)| setrlimit(Resource::RLIMIT_NOFILE, most, most));
    if let Err(error) = raised {
        tracing::warn!(%error, "could not raise the limit of open files");
    }
}

/// A token that the first SIGINT or SIGTERM cancels.
pub(crate) fn shutdown_on_signal() -> anyhow::Result<CancellationToken> {
    let shutdown = CancellationToken::new();
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let token = shutdown.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        token.cancel();
    });
    Ok(shutdown)
}

async fn serve(listener: TcpListener, router: Router, shutdown: CancellationToken) -> anyhow::Result<()> {
    // No drain: scrapes and views of the board can be repeated.
    until(shutdown, async { axum::serve(listener, router).await }).await
}

async fn until<T>(shutdown: CancellationToken, work: impl Future<Output = T>) -> anyhow::Result<()> {
    tokio::select! {
        _ = work => Ok(()),
        () = shutdown.cancelled() => Ok(()),
    }
}
