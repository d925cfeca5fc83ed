//! A running process: its parts, its admin listeners, and its end.

use std::net::SocketAddr;

use anyhow::Context as _;
use api::Api;
use axum::Router;
use monitoring::{admin, health::Health, logging, metrics, zeros};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use readmodel::time::Clock;
use store::Sessions;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use crate::{probe, settings::Settings, vapi};

/// Which parts of Prewarm a process runs.
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

/// A process with its ports bound: a taken one is known before anything starts.
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

    /// Where dashboards and webhooks come in, if they do.
    pub(crate) fn http_addr(&self) -> Option<SocketAddr> {
        self.api.as_ref()?.local_addr().ok()
    }

    /// Runs until told to stop, or until one part ends; then all parts drain.
    pub(crate) async fn run(self, settings: &Settings, shutdown: CancellationToken) -> anyhow::Result<()> {
        // All settings first: a wrong one is told alone, before anything has begun.
        let (prewarm, event_retention) = (vapi::prewarm(settings)?, settings.event_retention()?);
        let (metrics, health) = (metrics::install()?, Health::default());
        probe::note_start(&health);
        zeros::process();
        raise_open_files();
        let mut parts = JoinSet::new();
        parts.spawn(until(shutdown.clone(), metrics::keep_up(metrics.clone())));
        parts.spawn(serve(self.admin, admin::router(metrics, health.clone()), shutdown.clone()));
        let probed = settings.store_with("prewarm-probe", Sessions::Working)?;
        parts.spawn(until(shutdown.clone(), probe::watch(probed, health.clone())));
        health.set("vapi", prewarm.state());
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
            let prewarm = prewarm.ready();
            if prewarm.is_some() {
                zeros::prewarm();
            }
            let store = settings.store_with("prewarm-worker", Sessions::Working)?;
            if let Some(queue_ui) = self.queue_ui {
                parts.spawn(serve(queue_ui, worker::board_router(&store), shutdown.clone()));
            }
            let config = worker::Config { event_retention, ..worker::Config::default() };
            let working = worker::run(config, store, prewarm, health, shutdown.clone());
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

/// A connection is an open file, and many systems allow a process 1,024 until it asks for more.
fn raise_open_files() {
    let raised =
        getrlimit(Resource::RLIMIT_NOFILE).and_then(|(_, most)| setrlimit(Resource::RLIMIT_NOFILE, most, most));
    if let Err(error) = raised {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}

/// Cancelled by the first SIGINT or SIGTERM.
pub(crate) fn shutdown_on_signal() -> anyhow::Result<CancellationToken> {
    let shutdown = CancellationToken::new();
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let told = shutdown.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        told.cancel();
    });
    Ok(shutdown)
}

async fn serve(listener: TcpListener, router: Router, shutdown: CancellationToken) -> anyhow::Result<()> {
    // No drain: whoever scrapes or looks at the board comes again.
    until(shutdown, async { axum::serve(listener, router).await }).await
}

async fn until<T>(shutdown: CancellationToken, work: impl Future<Output = T>) -> anyhow::Result<()> {
    tokio::select! {
        _ = work => Ok(()),
        () = shutdown.cancelled() => Ok(()),
    }
}
