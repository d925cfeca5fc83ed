//! The headers of a body, made once for each version.

use axum::http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, VARY},
};
use readmodel::{time::Timestamp, version::Version};

const VERSION: HeaderName = HeaderName::from_static("prewarm-version");
const AS_OF: HeaderName = HeaderName::from_static("prewarm-as-of");
const NEXT_CHANGE: HeaderName = HeaderName::from_static("prewarm-next-change");

const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-cache");
const VARIES: HeaderValue =
    HeaderValue::from_static("Authorization, Accept-Encoding, Available-Dictionary, Prewarm-Delta, Origin");
const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// The headers that all answers with a body at a version have.
#[derive(Clone, Debug)]
pub(crate) struct Labels(HeaderMap);

impl Labels {
    /// The headers of a body.
    pub(crate) fn new(
        version: Version,
        as_of: Timestamp,
        next_change_at: Option<Timestamp>,
        etag: &HeaderValue,
    ) -> Self {
        // As large as an answer's, so that a copy need not grow.
        let mut headers = HeaderMap::with_capacity(24);
        headers.insert(ETAG, etag.clone());
        headers.insert(CACHE_CONTROL, PRIVATE);
        headers.insert(VARY, VARIES);
        headers.insert(CONTENT_TYPE, JSON);
        insert_text(&mut headers, VERSION, &version);
        insert_text(&mut headers, AS_OF, &as_of);
        if let Some(instant) = next_change_at {
            insert_text(&mut headers, NEXT_CHANGE, &instant);
        }
        Self(headers)
    }

    /// A copy, to which an answer adds the headers of the moment.
    pub(crate) fn headers(&self) -> HeaderMap {
        self.0.clone()
    }
}

fn insert_text(headers: &mut HeaderMap, name: HeaderName, value: &impl ToString) {
    if let Ok(value) = HeaderValue::try_from(value.to_string()) {
        headers.insert(name, value);
    }
}
