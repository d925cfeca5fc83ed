//! Server-sent events: what every stream's answer says of itself.

use axum::{
    body::Body,
    http::{
        HeaderName, HeaderValue,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use bytes::Bytes;

/// Sent at once, and whenever a stream has been silent: a comment, which clients pass over.
pub(crate) const BEAT: Bytes = Bytes::from_static(b":\n\n");

/// Tells proxies not to collect the events before they pass them on.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// The answer. A proxy that compresses it would hold back events until it has enough of them.
pub(crate) fn answer(events: Body) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform")),
        (X_ACCEL_BUFFERING, HeaderValue::from_static("no")),
    ];
    (headers, events).into_response()
}
