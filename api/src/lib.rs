//! The HTTP routes: reads, the webhook, the console and the page.

mod answer;
pub mod auth;
mod background;
mod bodies;
mod calls;
mod coding;
mod conditions;
mod config;
mod console;
mod database_clock;
mod deadline;
mod delta;
mod edge;
mod editions;
mod error;
mod head_timer;
mod heavy;
mod listen;
mod listener;
mod lists;
pub mod numbers;
mod openapi;
mod organization;
mod page;
mod quota;
mod read;
mod reads;
mod refusal;
mod report;
mod sse;
mod stream;
mod webhook;

use std::{net::SocketAddr, sync::Arc, time::Instant};

use axum::{
    Router,
    extract::{FromRef, Request, State},
    http::{HeaderName, Method, StatusCode},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use intake::Intake;
use monitoring::health::Health;
use readmodel::time::{Clock, Timestamp};
use store::Store;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;
use vapi::Authenticator;

pub use config::{Config, ConfigError, DEFAULT_HTTP_ADDR};
pub use listen::{ListenError, listen};
pub use quota::StreamLimits;

use crate::{
    auth::{Authenticated, TokenRefused, Verifier, wall_clock},
    console::Console,
    deadline::{ANSWER_DEADLINE, silent_after},
    edge::Edge,
    editions::Editions,
    error::ApiError,
    lists::Lists,
    numbers::Numbers,
    quota::Quotas,
};

/// The state of the handlers. Each request clones it.
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
    lists: Lists,
    rooms: webhook::Rooms,
    quotas: Quotas,
}

impl FromRef<App> for Quotas {
    fn from_ref(app: &App) -> Self {
        app.0.quotas.clone()
    }
}

impl FromRef<App> for Lists {
    fn from_ref(app: &App) -> Self {
        app.0.lists.clone()
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

/// Why the api failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its settings are invalid.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Its port cannot be used.
    #[error(transparent)]
    Listen(#[from] ListenError),
}

/// An api with its port bound, which does not serve yet.
pub struct Api {
    listener: TcpListener,
    verifier: Arc<Verifier>,
    config: Config,
    health: Health,
}

impl Api {
    /// Binds the port, so that a port in use is reported before anything else starts.
    pub async fn bind(config: Config) -> Result<Self, Error> {
        let listener = listen("PREWARM_HTTP_ADDR", config.http_addr).await?;
        let verifier = Arc::new(Verifier::new(&config.auth).map_err(ConfigError::from)?);
        Ok(Self { listener, verifier, config, health: Health::default() })
    }

    /// Sets where it reports its state.
    #[must_use]
    pub fn reporting_to(self, health: Health) -> Self {
        Self { health, ..self }
    }

    /// The address it listens on.
    pub fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `shutdown`, then finishes the running answers and stores the accepted webhooks.
    pub async fn serve(self, store: Store, clock: Clock, shutdown: CancellationToken) {
        refusal::zeros(TokenRefused::reasons());
        let Self { listener, verifier, config, health } = self;
        let guess = Timestamp::from_micros(wall_clock().0.saturating_mul(1_000_000));
        let editions = Editions::new(store.clone(), clock, format!("api-{}", Uuid::new_v4()), guess);
        let webhooks = Arc::new(config.webhooks);
        let numbers = Arc::new(Numbers::new(store.clone(), Instant::now));
        let intake = Arc::new(Intake::start(&store));
        let (watched, streamed) = (editions.clone(), editions.clone());
        let (kept_fresh, drained) = (verifier.clone(), intake.clone());
        let quotas = Quotas::new(config.streams);
        let reported = report::watch(health, verifier.clone(), intake.clone());
        let console = Console::new(store.clone(), config.deployment, quotas.clone(), shutdown.clone());
        let listened = console.clone();
        let app = App(Arc::new(Shared {
            store,
            editions,
            verifier,
            intake,
            webhooks,
            numbers,
            console,
            lists: Lists::default(),
            rooms: webhook::Rooms::default(),
            quotas,
        }));
        let edge = Edge::around(router(app), config.cors_origins, rand::random());
        tokio::select! {
            () = listener::serve(listener, edge, config.keep_alive, shutdown.clone()) => {}
            () = watched.watch() => {}
            () = listened.listen() => {}
            () = never_ends(kept_fresh.keep_keys_fresh()) => {}
            () = reported => {}
            () = never_ends(end_streams(&streamed, &shutdown)) => {}
        }
        drained.drain().await;
    }
}

/// Ends the streams at shutdown, since they never end by themselves.
async fn end_streams(editions: &Editions, shutdown: &CancellationToken) {
    shutdown.cancelled().await;
    editions.hub.end_all();
}

/// Makes work whose end is no reason to stop the server never end.
async fn never_ends(work: impl Future<Output = ()>) {
    work.await;
    std::future::pending::<()>().await;
}

fn router(app: App) -> Router {
    let in_time = from_fn_with_state(app.clone(), answer_in_time);
    let if_agents = from_fn_with_state(app.clone(), if_agents);
    let postgres = needing_postgres().route_layer(in_time).route_layer(if_agents);
    let (routes, description) = openapi::described(serving_copies().merge(postgres));
    routes
        .route("/openapi.json", get(move || openapi::answer(description.clone())))
        .route("/api/vapi/webhook", post(webhook::webhook))
        .fallback(elsewhere)
        .with_state(app)
}

/// The routes that can serve copies, or have limits of their own.
fn serving_copies() -> OpenApiRouter<App> {
    read::routes().routes(routes!(calls::calls)).routes(routes!(end_session)).routes(routes!(webhook::webhook))
}

/// The routes that need Postgres.
fn needing_postgres() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(stream::stream))
        .routes(routes!(organization::get))
        .routes(routes!(console::agent::get, console::agent::save))
        .routes(routes!(console::agent::watch))
        .routes(routes!(console::test_agent::start))
        .routes(routes!(console::test_agent::watch))
}

/// Answers 404 on routes that would write agents of a source that is not ours.
async fn if_agents(State(app): State<App>, request: Request, next: Next) -> Response {
    if request.method() == Method::POST && app.0.editions.has_no_agents() {
        return ApiError::NoAgents.into_response();
    }
    next.run(request).await
}

/// Answers 503 on routes that would otherwise wait for a silent Postgres.
async fn answer_in_time(State(store): State<Store>, request: Request, next: Next) -> Response {
    tokio::select! {
        response = next.run(request) => response,
        () = silent_after(&store.link, tokio::time::Instant::now() + ANSWER_DEADLINE) => ApiError::Unavailable.into_response(),
    }
}

/// Handles any other path: files of the page, and webhooks to a URL with surplus slashes, whose sender would not try
/// another.
async fn elsewhere(State(app): State<App>, request: Request) -> Response {
    if request.method() != Method::POST {
        return page::file(request).await;
    }
    if webhook::is_ours(request.uri().path()) {
        return webhook::receive(&app, request).await;
    }
    webhook::count_stray();
    ApiError::NotFound.into_response()
}

/// `POST /api/session/end`: tells the browser to clear its cache. It needs a token, so that no other page can clear it.
#[utoipa::path(post, path = "/api/session/end", tag = "session", security(("token" = [])),
    responses((status = 204, description = "The browser clears its cache")))]
async fn end_session(_: Authenticated) -> impl IntoResponse {
    const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");
    (StatusCode::NO_CONTENT, [(CLEAR_SITE_DATA, "\"cache\"")])
}
