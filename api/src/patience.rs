//! How long an answer waits for a Postgres that says nothing.

use std::time::Duration;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use store::{Store, line::Line};
use tokio::time::{Instant, sleep_until};

use crate::error::ApiError;

/// Every request is answered within two seconds of a silent Postgres.
pub(crate) const PATIENCE: Duration = Duration::from_millis(1_800);

/// A question that has gone unanswered for so long means that the line is cut. One is asked each second.
pub(crate) const SILENCE: Duration = Duration::from_millis(800);

/// Ends at the deadline or later, once Postgres says nothing: whoever waits for it waits in vain.
pub(crate) async fn in_vain(line: &Line, deadline: Instant) {
    sleep_until(deadline).await;
    line.cut(SILENCE).await;
}

/// A layer for routes that can only wait: 503 where they would wait in vain.
pub(crate) async fn within(State(store): State<Store>, request: Request, next: Next) -> Response {
    tokio::select! {
        response = next.run(request) => response,
        () = in_vain(&store.line, Instant::now() + PATIENCE) => ApiError::Unavailable.into_response(),
    }
}
