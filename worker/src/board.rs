//! apalis' board: workers, jobs, dead letters, crons and agents. It is there to look at and changes nothing, because it has
//! no authentication of its own.

mod backend;
mod entry;

use apalis_board::axum::{
    framework::{ApiBuilder, RegisterRoute},
    ui::ServeUI,
};
use axum::{
    Router,
    extract::Request,
    http::{Method, StatusCode, header::ALLOW},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use store::Store;

use backend::{List, Shown};

/// The board with our lists, read-only. Its pages name absolute paths, so it must be at the root of a listener.
pub fn board_router(store: &Store) -> Router {
    let api = List::ALL.into_iter().fold(ApiBuilder::new(Router::new()), |api, list| {
        api.register(list.name(), Shown { store: store.clone(), list })
    });
    Router::new().nest("/api/v1", api.build()).fallback_service(ServeUI::new()).layer(middleware::from_fn(read_only))
}

/// Lets reads through and refuses everything else.
async fn read_only(request: Request, next: Next) -> Response {
    match *request.method() {
        Method::GET | Method::HEAD => next.run(request).await,
        _ => (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET, HEAD")]).into_response(),
    }
}
