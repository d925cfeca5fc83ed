//! The answer to a read: which bytes, or that the client has them already, and the headers that say what they are.

use axum::{
    body::Body as HttpBody,
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{CONTENT_ENCODING, CONTENT_TYPE, IF_NONE_MATCH},
        request::Parts,
    },
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use readmodel::model::Model;

use crate::{
    coding::Coding,
    delta,
    editions::{Labels, Stale},
    error::ApiError,
    reads::{Outcome, Reads, Source},
};

const SOURCE: HeaderName = HeaderName::from_static("prewarm-source");
const AGE: HeaderName = HeaderName::from_static("prewarm-age");
const STALE: HeaderName = HeaderName::from_static("prewarm-stale");

/// A body, and what is to be said of it at the moment.
#[derive(Debug)]
pub(crate) struct Shown<'a> {
    /// What it shows.
    pub model: Model,
    /// The headers that it always has.
    pub labels: &'a Labels,
    /// Its tag.
    pub etag: &'a HeaderValue,
    /// Where it came from.
    pub source: Source,
    /// Why it may not show how things are.
    pub stale: Option<Stale>,
    /// Seconds since the instant that it is true for.
    pub age_seconds: i64,
}

/// The answer with a body, or 304 where the client's copy has the same tag. `represent` makes the body's bytes in the
/// coding that the request prefers.
pub(crate) fn answer(
    request: &Parts,
    reads: &Reads,
    shown: &Shown<'_>,
    represent: impl FnOnce(&HeaderMap) -> Result<(Coding, Bytes), ApiError>,
) -> Result<Response, ApiError> {
    let held = none_match(&request.headers, shown.etag);
    let represented = if held { None } else { Some(represent(&request.headers)?) };
    let mut headers = shown.labels.headers();
    headers.insert(SOURCE, shown.source.label());
    headers.insert(AGE, HeaderValue::from(shown.age_seconds.max(0)));
    if let Some(reason) = shown.stale {
        headers.insert(STALE, reason.label());
    }
    if shown.source != Source::Query {
        delta::offer(&request.headers, &request.uri, &mut headers);
    }
    let Some((coding, body)) = represented else {
        headers.remove(CONTENT_TYPE);
        reads.count(shown.model, shown.source, Outcome::NotModified);
        return Ok(with_headers(StatusCode::NOT_MODIFIED, headers, HttpBody::empty()));
    };
    let outcome = if shown.stale.is_some() { Outcome::Stale } else { Outcome::Fresh };
    reads.count(shown.model, shown.source, outcome);
    reads.count_bytes(coding, body.len());
    if coding != Coding::Identity {
        headers.insert(CONTENT_ENCODING, coding.label());
    }
    Ok(with_headers(StatusCode::OK, headers, HttpBody::from(body)))
}

/// The map is taken as it is, and not copied header by header.
fn with_headers(status: StatusCode, headers: HeaderMap, body: HttpBody) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// Whether the client holds the same bytes (RFC 9110, 13.1.2: compared weakly).
pub(crate) fn none_match(request: &HeaderMap, etag: &HeaderValue) -> bool {
    let ours = opaque(etag.as_bytes());
    let held = request.get_all(IF_NONE_MATCH).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    held.map(<[u8]>::trim_ascii).any(|tag| tag == b"*" || opaque(tag) == ours)
}

fn opaque(tag: &[u8]) -> &[u8] {
    tag.strip_prefix(b"W/").unwrap_or(tag)
}

/// An error of a read, counted.
pub(crate) fn refuse(reads: &Reads, model: Model, error: ApiError) -> Response {
    reads.count(model, Source::None, Outcome::Error);
    error.into_response()
}
