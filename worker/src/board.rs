//! apalis' board: who works, what waits, what failed. To look at, not to touch: it has no authentication of its own.

use apalis_board::axum::{
    framework::{ApiBuilder, RegisterRoute},
    ui::ServeUI,
};
use apalis_postgres::{Config, PostgresStorage};
use axum::{
    Router,
    extract::Request,
    http::{Method, StatusCode, header::ALLOW},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use serde_json::Value;
use store::{Store, queue::Queue};

/// Connections of the board.
const CONNECTIONS: u32 = 4;

/// The board with our queues, read-only. Its pages name absolute paths, so it must be at the root of a listener.
pub fn board_router(store: &Store) -> Router {
    let pg = store.apart(CONNECTIONS);
    let api = Queue::ALL.into_iter().fold(ApiBuilder::new(Router::new()), |api, queue| {
        let jobs = PostgresStorage::<Value>::new(&pg).with_config(Config::default().queue(queue.as_str()));
        api.register(queue.as_str(), jobs)
    });
    Router::new().nest("/api/v1", api.build()).fallback_service(ServeUI::new()).layer(middleware::from_fn(read_only))
}

/// The board's API can push jobs: nothing but reads gets there.
async fn read_only(request: Request, next: Next) -> Response {
    match *request.method() {
        Method::GET | Method::HEAD => next.run(request).await,
        _ => (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET, HEAD")]).into_response(),
    }
}
