//! Common handling of all answers: a request id, CORS for the allowed origins, and `no-store` on errors.
//!
//! A single hand-written service around the router: a layer inside the router would box a future for every request.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
};

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{
        self, HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
        header::{
            ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
            ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, CACHE_CONTROL, ORIGIN,
            VARY,
        },
    },
    response::{IntoResponse, Response},
    routing::future::RouteFuture,
};
use pin_project_lite::pin_project;
use tower_service::Service;
use uuid::{Uuid, fmt::Hyphenated};

use crate::refusal;

/// `X-Request-ID`, in requests as handlers see them and in every answer.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const MAX_REQUEST_ID_BYTES: usize = 64;

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, OPTIONS");
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, if-none-match, last-event-id, prewarm-delta, prewarm-min-version, prewarm-wait-for, x-csrf-token, x-request-id",
);
const EXPOSED_HEADERS: HeaderValue = HeaderValue::from_static(
    "etag, prewarm-age, prewarm-as-of, prewarm-next-change, prewarm-searched-from, prewarm-source, prewarm-stale, prewarm-version, x-request-id",
);
const DAY_SECONDS: HeaderValue = HeaderValue::from_static("86400");

/// The router and the service around it.
#[derive(Clone)]
pub(crate) struct Edge {
    router: Router,
    shared: Arc<Shared>,
}

struct Shared {
    /// The allowed origins, compared as a whole.
    origins: Vec<HeaderValue>,
    /// The counter of request ids, which are unique without system randomness at each request.
    ids: AtomicU64,
    process: u64,
}

impl Edge {
    /// Wraps the router. `process` is a random number, so that the ids of two processes differ.
    pub(crate) fn around(router: Router, origins: Vec<HeaderValue>, process: u64) -> Self {
        Self { router, shared: Arc::new(Shared { origins, ids: AtomicU64::new(0), process }) }
    }
}

impl Shared {
    /// The client's own id, if it has only letters, digits and hyphens and so is safe to echo; otherwise a new one.
    fn request_id(&self, headers: &HeaderMap) -> HeaderValue {
        let harmless = |value: &&HeaderValue| {
            let bytes = value.as_bytes();
            (1..=MAX_REQUEST_ID_BYTES).contains(&bytes.len())
                && bytes.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-')
        };
        if let Some(id) = headers.get(REQUEST_ID).filter(harmless) {
            return id.clone();
        }
        // A UUID of version 8 (RFC 9562): this process, then the count.
        let id = Uuid::new_v8(
            (u128::from(self.process) << 64 | u128::from(self.ids.fetch_add(1, Ordering::Relaxed))).to_be_bytes(),
        );
        let mut text = [0; Hyphenated::LENGTH];
        HeaderValue::try_from(&*id.hyphenated().encode_lower(&mut text)).unwrap_or(HeaderValue::from_static("none"))
    }
}

impl<B> Service<http::Request<B>> for Edge
where
    B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    type Response = Response;
    type Error = std::convert::Infallible;
    type Future = Answering;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Answering {
        let mut request: Request = request.map(Body::new);
        let id = self.shared.request_id(request.headers());
        let origin = request.headers().get(ORIGIN).filter(|origin| self.shared.origins.contains(origin)).cloned();
        let inner = match *request.method() {
            Method::OPTIONS => Inner::Preflight,
            _ => {
                request.headers_mut().insert(REQUEST_ID, id.clone());
                Inner::Route { future: self.router.call(request) }
            }
        };
        Answering { inner, id: Some(id), origin }
    }
}

pin_project! {
    /// An answer in the making.
    pub(crate) struct Answering {
        #[pin]
        inner: Inner,
        id: Option<HeaderValue>,
        origin: Option<HeaderValue>,
    }
}

pin_project! {
    #[project = InnerProjected]
    enum Inner {
        Preflight,
        Route { #[pin] future: RouteFuture<std::convert::Infallible> },
    }
}

impl Future for Answering {
    type Output = Result<Response, std::convert::Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let (mut response, preflight) = match this.inner.project() {
            InnerProjected::Preflight => (StatusCode::NO_CONTENT.into_response(), true),
            InnerProjected::Route { future } => match ready!(future.poll(context)) {
                Ok(response) => (response, false),
                Err(never) => match never {},
            },
        };
        let failed = response.status().is_client_error() || response.status().is_server_error();
        if failed {
            refusal::note(&response);
        }
        let headers = response.headers_mut();
        if failed {
            headers.insert(CACHE_CONTROL, NO_STORE);
        }
        if let Some(id) = this.id.take() {
            headers.insert(REQUEST_ID, id);
        }
        share(headers, this.origin.take(), preflight);
        Poll::Ready(Ok(response))
    }
}

/// Adds the headers that let an allowed origin's pages read the answer.
fn share(headers: &mut HeaderMap, origin: Option<HeaderValue>, preflight: bool) {
    if !headers.contains_key(VARY) {
        headers.insert(VARY, HeaderValue::from_static("Origin"));
    }
    let Some(origin) = origin else { return };
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED_HEADERS);
    if preflight {
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
        headers.insert(ACCESS_CONTROL_MAX_AGE, DAY_SECONDS);
    }
}
