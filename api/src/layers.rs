//! What every answer gets: a request id, CORS for the origins that are allowed, and `no-store` on errors.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
        header::{
            ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
            ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ALLOW, CACHE_CONTROL,
            ORIGIN, VARY,
        },
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use uuid::Uuid;

/// `X-Request-ID`.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request: the client's own, if it is one, else a new one.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub HeaderValue);

const MAX_REQUEST_ID_BYTES: usize = 64;

/// Gives the request its id, and the answer the same.
pub(crate) async fn request_id(mut request: Request, next: Next) -> Response {
    let id = RequestId(own_request_id(request.headers()));
    request.extensions_mut().insert(id.clone());
    let mut response = next.run(request).await;
    response.headers_mut().insert(REQUEST_ID, id.0);
    response
}

/// Letters, digits and hyphens, so that what is echoed is harmless everywhere.
fn own_request_id(headers: &HeaderMap) -> HeaderValue {
    let harmless = |value: &&HeaderValue| {
        let bytes = value.as_bytes();
        (1..=MAX_REQUEST_ID_BYTES).contains(&bytes.len())
            && bytes.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-')
    };
    match headers.get(REQUEST_ID).filter(harmless) {
        Some(id) => id.clone(),
        None => HeaderValue::try_from(Uuid::new_v4().to_string()).unwrap_or(HeaderValue::from_static("none")),
    }
}

/// No error is kept by any cache.
pub(crate) async fn no_store_errors(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if response.status().is_client_error() || response.status().is_server_error() {
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, OPTIONS");
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, if-none-match, prewarm-delta, prewarm-min-version, prewarm-wait-for, x-csrf-token, x-request-id",
);
const EXPOSED_HEADERS: HeaderValue = HeaderValue::from_static(
    "etag, prewarm-age, prewarm-as-of, prewarm-next-change, prewarm-source, prewarm-stale, prewarm-version, x-request-id",
);
const DAY_SECONDS: HeaderValue = HeaderValue::from_static("86400");

/// Answers OPTIONS, and lets the pages of the allowed origins read the answers. Origins are compared whole.
pub(crate) async fn cors(State(origins): State<Arc<[HeaderValue]>>, request: Request, next: Next) -> Response {
    let origin = request.headers().get(ORIGIN).filter(|origin| origins.contains(origin)).cloned();
    let preflight = request.method() == Method::OPTIONS;
    let mut response = match preflight {
        true => (StatusCode::NO_CONTENT, [(ALLOW, METHODS)]).into_response(),
        false => next.run(request).await,
    };
    let headers = response.headers_mut();
    if !headers.contains_key(VARY) {
        headers.insert(VARY, HeaderValue::from_static("Origin"));
    }
    let Some(origin) = origin else { return response };
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED_HEADERS);
    if preflight {
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
        headers.insert(ACCESS_CONTROL_MAX_AGE, DAY_SECONDS);
    }
    response
}
