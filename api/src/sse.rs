//! Server-sent events: the headers and the heartbeat of all streams.

use axum::{
    body::Body,
    http::{
        HeaderName, HeaderValue,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use bytes::Bytes;

/// A comment, which clients ignore. Sent at once and whenever a stream has been silent.
pub(crate) const BEAT: Bytes = Bytes::from_static(b":\n\n");

/// Tells proxies not to buffer events.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// The answer with a stream. `no-transform`, because a proxy that compresses would buffer events.
pub(crate) fn answer(events: Body) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform")),
        (X_ACCEL_BUFFERING, HeaderValue::from_static("no")),
    ];
    (headers, events).into_response()
}
