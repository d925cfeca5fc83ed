//! A complete response of a process.

use std::io::Read;

use readmodel::{time::Timestamp, version::Version};
use reqwest::{RequestBuilder, StatusCode, header::HeaderMap};
use serde_json::Value;

use crate::eventually;

/// A complete response.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as received.
    pub body: Vec<u8>,
}

impl Answer {
    /// Sends a request and reads the response.
    ///
    /// # Errors
    /// The connection failed; the request may have been processed.
    pub async fn to(request: RequestBuilder) -> reqwest::Result<Self> {
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Self { status, headers, body: response.bytes().await?.to_vec() })
    }

    /// Sends a webhook, and again after a 503, as Vapi does: a busy machine may not store it in time.
    pub async fn to_webhook(request: RequestBuilder) -> Self {
        eventually("a webhook is taken or refused", async || {
            let answer = Self::to(request.try_clone().unwrap()).await.unwrap();
            (answer.status != StatusCode::SERVICE_UNAVAILABLE).then_some(answer)
        })
        .await
    }

    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The decoded body.
    #[must_use]
    pub fn identity(&self) -> Vec<u8> {
        let mut identity = Vec::new();
        match self.header("content-encoding") {
            None => identity.clone_from(&self.body),
            Some("zstd") => identity = zstd::stream::decode_all(&self.body[..]).unwrap(),
            Some("gzip") => _ = flate2::read::GzDecoder::new(&self.body[..]).read_to_end(&mut identity).unwrap(),
            Some("br") => _ = brotli::Decompressor::new(&self.body[..], 4096).read_to_end(&mut identity).unwrap(),
            Some(other) => panic!("unknown content coding {other}"),
        }
        identity
    }

    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        let identity = self.identity();
        serde_json::from_slice(&identity)
            .unwrap_or_else(|error| panic!("{error} in {} {:?}", self.status, String::from_utf8_lossy(&identity)))
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8(self.identity()).unwrap()
    }

    /// `ETag`.
    #[must_use]
    pub fn etag(&self) -> &str {
        self.header("etag").unwrap()
    }

    /// `Prewarm-Version`.
    #[must_use]
    pub fn version(&self) -> Version {
        self.header("prewarm-version").unwrap().parse().unwrap()
    }

    /// `Prewarm-As-Of`.
    #[must_use]
    pub fn as_of(&self) -> Timestamp {
        Timestamp::parse(self.header("prewarm-as-of").unwrap()).unwrap()
    }

    /// `Prewarm-Stale`.
    #[must_use]
    pub fn stale(&self) -> Option<&str> {
        self.header("prewarm-stale")
    }
}
