//! The answer to a read: which bytes, or that the client has them already, and the headers that say what they are.

use axum::{
    body::Body as HttpBody,
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY},
    },
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use metrics::counter;
use monitoring::names;
use readmodel::{time::Timestamp, version::Version};

use crate::{coding::Coding, error::ApiError};

const VERSION: HeaderName = HeaderName::from_static("prewarm-version");
const AS_OF: HeaderName = HeaderName::from_static("prewarm-as-of");
const NEXT_CHANGE: HeaderName = HeaderName::from_static("prewarm-next-change");
const SOURCE: HeaderName = HeaderName::from_static("prewarm-source");
const AGE: HeaderName = HeaderName::from_static("prewarm-age");
const STALE: HeaderName = HeaderName::from_static("prewarm-stale");

const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-cache");
const VARIES: HeaderValue =
    HeaderValue::from_static("Authorization, Accept-Encoding, Available-Dictionary, Prewarm-Delta, Origin");
const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// What an answer says about itself.
#[derive(Debug)]
pub(crate) struct Label {
    /// For the metric.
    pub model: &'static str,
    /// Which rebuild.
    pub version: Version,
    /// The instant that the body is true for.
    pub as_of: Timestamp,
    /// The first instant at which it would differ by time alone.
    pub next_change_at: Option<Timestamp>,
    /// l1, redis, postgres, built or query.
    pub source: &'static str,
    /// Why it may not show how things are.
    pub stale: Option<&'static str>,
    /// The database's time now.
    pub now: Timestamp,
}

/// The answer with a body, or 304 where the client's copy has the same tag.
pub(crate) fn answer(
    request: &HeaderMap,
    label: &Label,
    etag: &HeaderValue,
    coded: impl FnOnce(Coding) -> Option<Bytes>,
) -> Result<Response, ApiError> {
    let mut headers = labels(label, etag);
    if none_match(request, etag) {
        count(label, "not_modified");
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let coding = Coding::negotiate(request).ok_or(ApiError::NotAcceptable)?;
    let body = coded(coding).ok_or(ApiError::Internal)?;
    count(label, if label.stale.is_some() { "stale" } else { "fresh" });
    counter!(names::READ_BYTES_TOTAL, "coding" => coding.name()).increment(body.len() as u64);
    headers.insert(CONTENT_TYPE, JSON);
    if coding != Coding::Identity {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
    }
    Ok((headers, HttpBody::from(body)).into_response())
}

/// The headers that a 200 and a 304 share.
fn labels(label: &Label, etag: &HeaderValue) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(16);
    headers.insert(ETAG, etag.clone());
    headers.insert(CACHE_CONTROL, PRIVATE);
    headers.insert(VARY, VARIES);
    headers.insert(SOURCE, HeaderValue::from_static(label.source));
    headers.insert(AGE, HeaderValue::from(label.now.seconds_since(label.as_of).max(0)));
    insert_text(&mut headers, VERSION, &label.version);
    insert_text(&mut headers, AS_OF, &label.as_of);
    if let Some(instant) = label.next_change_at {
        insert_text(&mut headers, NEXT_CHANGE, &instant);
    }
    if let Some(reason) = label.stale {
        headers.insert(STALE, HeaderValue::from_static(reason));
    }
    headers
}

fn insert_text(headers: &mut HeaderMap, name: HeaderName, value: &impl ToString) {
    if let Ok(value) = HeaderValue::try_from(value.to_string()) {
        headers.insert(name, value);
    }
}

/// Whether the client holds the same bytes (RFC 9110, 13.1.2: compared weakly).
fn none_match(request: &HeaderMap, etag: &HeaderValue) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let ours = etag.to_str().map(opaque).unwrap_or_default();
    let held = request.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    held.flat_map(|value| value.split(',')).any(|tag| tag.trim() == "*" || opaque(tag) == ours)
}

fn count(label: &Label, outcome: &'static str) {
    counter!(names::READS_TOTAL, "model" => label.model, "source" => label.source, "outcome" => outcome).increment(1);
}

/// Counts a read that could not be answered.
pub(crate) fn count_error(model: &'static str) {
    counter!(names::READS_TOTAL, "model" => model, "source" => "none", "outcome" => "error").increment(1);
}
