//! axum: read, intake, admin.

mod answer;
pub mod auth;
mod calls;
mod coding;
mod config;
mod console;
mod database_clock;
mod delta;
mod edge;
mod editions;
mod error;
mod listener;
pub mod numbers;
mod openapi;
mod page;
mod read;
mod reads;
mod stream;
mod webhook;

use std::{net::SocketAddr, sync::Arc, time::Instant};

use axum::{
    Router,
    extract::FromRef,
    http::{HeaderName, StatusCode},
    response::IntoResponse,
    routing::{get, post},
};
use intake::Intake;
use readmodel::time::{Clock, Timestamp};
use store::Store;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use vapi::Authenticator;

pub use config::{Config, ConfigError, DEFAULT_HTTP_ADDR};

use crate::{
    auth::{Verifier, wall_clock},
    console::Console,
    edge::Edge,
    editions::Editions,
    numbers::Numbers,
};

/// What the handlers share. Each request clones it.
#[derive(Clone)]
struct App(Arc<Shared>);

struct Shared {
    store: Store,
    editions: Arc<Editions>,
    verifier: Arc<Verifier>,
    intake: Arc<Intake>,
    webhooks: Arc<Authenticator>,
    numbers: Arc<Numbers>,
    console: Console,
    room: webhook::Room,
}

impl FromRef<App> for webhook::Room {
    fn from_ref(app: &App) -> Self {
        app.0.room.clone()
    }
}

impl FromRef<App> for Console {
    fn from_ref(app: &App) -> Self {
        app.0.console.clone()
    }
}

impl FromRef<App> for Store {
    fn from_ref(app: &App) -> Self {
        app.0.store.clone()
    }
}

impl FromRef<App> for Arc<Editions> {
    fn from_ref(app: &App) -> Self {
        Arc::clone(&app.0.editions)
    }
}

impl FromRef<App> for Arc<Verifier> {
    fn from_ref(app: &App) -> Self {
        Arc::clone(&app.0.verifier)
    }
}

impl FromRef<App> for Arc<Intake> {
    fn from_ref(app: &App) -> Self {
        Arc::clone(&app.0.intake)
    }
}

impl FromRef<App> for Arc<Authenticator> {
    fn from_ref(app: &App) -> Self {
        Arc::clone(&app.0.webhooks)
    }
}

impl FromRef<App> for Arc<Numbers> {
    fn from_ref(app: &App) -> Self {
        Arc::clone(&app.0.numbers)
    }
}

/// Why the api ended, other than by being told to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its settings.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Its port.
    #[error("cannot listen on {addr} (PREWARM_HTTP_ADDR): {source}")]
    Listen {
        /// Where.
        addr: SocketAddr,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
}

/// An api with its port bound, not serving yet.
pub struct Api {
    listener: TcpListener,
    verifier: Arc<Verifier>,
    config: Config,
}

impl Api {
    /// Binds the port, so that a taken one is known before anything else starts.
    pub async fn bind(config: Config) -> Result<Self, Error> {
        let addr = config.http_addr;
        let listener = TcpListener::bind(addr).await.map_err(|source| Error::Listen { addr, source })?;
        let verifier = Arc::new(Verifier::new(&config.auth).map_err(ConfigError::from)?);
        Ok(Self { listener, verifier, config })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `shutdown`, then lets answers under way end, and stores what it has taken.
    pub async fn serve(self, store: Store, clock: Clock, shutdown: CancellationToken) {
        let Self { listener, verifier, config } = self;
        let guess = Timestamp::from_micros(wall_clock().0.saturating_mul(1_000_000));
        let editions = Editions::new(store.clone(), clock, format!("api-{}", Uuid::new_v4()), guess);
        let webhooks = Arc::new(config.webhooks);
        let numbers = Arc::new(Numbers::new(store.clone(), Instant::now));
        let intake = Arc::new(Intake::start(&store));
        let (watched, streamed) = (editions.clone(), editions.clone());
        let (kept_fresh, drained) = (verifier.clone(), intake.clone());
        let console = Console::new(store.clone(), config.deployment, shutdown.clone());
        let listened = console.clone();
        let app = App(Arc::new(Shared {
            store,
            editions,
            verifier,
            intake,
            webhooks,
            numbers,
            console,
            room: webhook::Room::default(),
        }));
        let edge = Edge::around(router(app), config.cors_origins, rand::random());
        tokio::select! {
            () = listener::serve(listener, edge, shutdown.clone()) => {}
            () = watched.watch() => {}
            () = listened.listen() => {}
            () = never_ends(kept_fresh.keep_keys_fresh()) => {}
            () = never_ends(end_streams(&streamed, &shutdown)) => {}
        }
        drained.drain().await;
    }
}

/// A stream is an answer under way that would never end by itself.
async fn end_streams(editions: &Editions, shutdown: &CancellationToken) {
    shutdown.cancelled().await;
    editions.hub.end_all();
}

/// Without published keys there is nothing to keep fresh, and that is no reason to stop; nor is the end of the streams.
async fn never_ends(work: impl Future<Output = ()>) {
    work.await;
    std::future::pending::<()>().await;
}

fn router(app: App) -> Router {
    Router::new()
        .route("/api/analytics/leads", get(read::leads))
        .route("/api/analytics/dashboard-pulse", get(read::pulse))
        .route("/api/analytics/recent-activity", get(read::activity))
        .route("/api/analytics/dashboard", get(read::dashboard))
        .route("/api/analytics/stream", get(stream::stream))
        .route("/api/calls-dashboard", get(calls::calls))
        .route("/api/founder-console/agent", get(console::agent::get).post(console::agent::save))
        .route("/api/founder-console/agent/{agent}/events", get(console::agent::watch))
        .route("/api/founder-console/test-agent", post(console::test_agent::start))
        .route("/api/founder-console/test-agent/{call}/events", get(console::test_agent::watch))
        .route("/openapi.json", get(openapi::description))
        .route("/api/session/end", post(end_session))
        .route("/webhooks/vapi", post(webhook::webhook))
        .route("/api/vapi/webhook", post(webhook::webhook))
        .fallback(page::file)
        .with_state(app)
}

/// `POST /api/session/end`: the browser forgets what it holds of the org.
async fn end_session() -> impl IntoResponse {
    const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");
    (StatusCode::NO_CONTENT, [(CLEAR_SITE_DATA, "\"cache\"")])
}
