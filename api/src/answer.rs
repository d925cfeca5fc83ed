//! The answer to a read: a body or 304, with the headers that describe it.

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
    reads::{ReadOutcome, Reads, Source},
};

const SOURCE: HeaderName = HeaderName::from_static("prewarm-source");
const AGE: HeaderName = HeaderName::from_static("prewarm-age");
const STALE: HeaderName = HeaderName::from_static("prewarm-stale");

/// A body and the facts about it at this moment.
#[derive(Debug)]
pub(crate) struct Shown<'a> {
    /// The model that the body shows.
    pub model: Model,
    /// The headers that the body always has.
    pub labels: &'a Labels,
    /// The entity tag.
    pub etag: &'a HeaderValue,
    /// Where the body came from.
    pub source: Source,
    /// Why the body may be out of date.
    pub stale: Option<Stale>,
    /// Age of the body's snapshot in seconds.
    pub age_seconds: i64,
}

/// Answers with a body, or with 304 if the client's copy has the same tag. `represent` encodes the body in the coding
/// that the request prefers.
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
        reads.count(shown.model, shown.source, ReadOutcome::NotModified);
        return Ok(with_headers(StatusCode::NOT_MODIFIED, headers, HttpBody::empty()));
    };
    let outcome = if shown.stale.is_some() { ReadOutcome::Stale } else { ReadOutcome::Fresh };
    reads.count(shown.model, shown.source, outcome);
    reads.count_bytes(coding, body.len());
    if coding != Coding::Identity {
        headers.insert(CONTENT_ENCODING, coding.label());
    }
    Ok(with_headers(StatusCode::OK, headers, HttpBody::from(body)))
}

/// A response with this header map, which is not copied header by header.
fn with_headers(status: StatusCode, headers: HeaderMap, body: HttpBody) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// Whether the client has the same bytes (RFC 9110, 13.1.2: weak comparison).
pub(crate) fn none_match(request: &HeaderMap, etag: &HeaderValue) -> bool {
    let ours = opaque(etag.as_bytes());
    let held = request.get_all(IF_NONE_MATCH).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    held.map(<[u8]>::trim_ascii).any(|tag| tag == b"*" || opaque(tag) == ours)
}

fn opaque(tag: &[u8]) -> &[u8] {
    tag.strip_prefix(b"W/").unwrap_or(tag)
}

/// Answers a read with an error, and counts it.
pub(crate) fn refuse(reads: &Reads, model: Model, error: ApiError) -> Response {
    reads.count(model, Source::None, ReadOutcome::Error);
    error.into_response()
}
