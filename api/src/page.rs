//! `GET /`: the dashboard's page and its files, embedded in the binary.

use std::{
    collections::HashMap,
    sync::{LazyLock, OnceLock},
};

use axum::{
    body::Body,
    extract::Request,
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
        header::{
            CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, REFERRER_POLICY, VARY,
            X_CONTENT_TYPE_OPTIONS,
        },
    },
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use crate::{
    answer::none_match,
    coding::{Accepted, Coding},
    error::ApiError,
};

/// A file in the binary.
struct File {
    path: &'static str,
    identity: &'static [u8],
    br: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The page of a binary that was built without the dashboard.
const UNBUILT: &[u8] = include_bytes!("page/unbuilt.html");
const PAGE: &str = "/index.html";
/// The folder of files whose names contain a hash of their content.
const HASHED: &str = "/assets/";

const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const REVALIDATED: HeaderValue = HeaderValue::from_static("no-cache");
const VARIES: HeaderValue = HeaderValue::from_static("Accept-Encoding");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");
const MICROPHONE_ALONE: HeaderValue =
    HeaderValue::from_static("camera=(), geolocation=(), microphone=(self), payment=(), usb=()");
const CROSS_ORIGIN_OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// The page may run its own files and its one inline script, by hash. Calls use Daily, whose server provides a part of
/// the SDK as a script; its noise filter is WebAssembly in workers. No text is evaluated.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let script = if SCRIPT_HASH.is_empty() { String::new() } else { format!(" '{SCRIPT_HASH}'") };
    let policy = format!(
        "default-src 'none'; script-src 'self'{script} 'wasm-unsafe-eval' https://c.daily.co; style-src 'self'; \
         img-src 'self' data:; connect-src 'self' https://*.daily.co wss://*.daily.co https://api.vapi.ai; \
         media-src 'self' blob: mediastream:; worker-src 'self' blob:; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

/// A file with its headers.
struct Served {
    headers: HeaderMap,
    etag: HeaderValue,
    identity: &'static [u8],
    br: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
    /// Made on first demand, since browsers prefer brotli.
    zstd: OnceLock<Option<Bytes>>,
}

static SERVED: LazyLock<HashMap<&'static str, Served>> =
    LazyLock::new(|| FILES.iter().map(|file| (file.path, Served::of(file))).collect());

/// Serves the page and its files.
pub(crate) async fn file(request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return ApiError::NotFound.into_response();
    }
    let path = match request.uri().path() {
        "/" => PAGE,
        path => path,
    };
    match SERVED.get(path) {
        Some(served) => served.answer(request.headers()).unwrap_or_else(IntoResponse::into_response),
        None if path == PAGE => unbuilt(),
        None => ApiError::NotFound.into_response(),
    }
}

impl Served {
    fn of(file: &File) -> Self {
        let &File { path, identity, br, gzip } = file;
        let mut headers = HeaderMap::with_capacity(12);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(type_of(path)));
        headers.insert(CACHE_CONTROL, if path.starts_with(HASHED) { IMMUTABLE } else { REVALIDATED });
        headers.insert(VARY, VARIES);
        headers.insert(X_CONTENT_TYPE_OPTIONS, NOSNIFF);
        if path == PAGE {
            guard(&mut headers);
        }
        let hash = Sha256::digest(identity);
        let tag: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let etag = HeaderValue::try_from(format!("W/\"{tag}\"")).unwrap_or(HeaderValue::from_static("W/\"\""));
        headers.insert(ETAG, etag.clone());
        Self { headers, etag, identity, br, gzip, zstd: OnceLock::new() }
    }

    fn answer(&self, request: &HeaderMap) -> Result<Response, ApiError> {
        let mut headers = self.headers.clone();
        if none_match(request, &self.etag) {
            headers.remove(CONTENT_TYPE);
            return Ok(sent(StatusCode::NOT_MODIFIED, headers, Bytes::new()));
        }
        let (coding, body) = self.coded(Accepted::of(request))?;
        if coding != Coding::Identity {
            headers.insert(CONTENT_ENCODING, coding.label());
        }
        Ok(sent(StatusCode::OK, headers, body))
    }

    /// The body in the coding that the client prefers; brotli, the smallest, among equals.
    fn coded(&self, accepted: Accepted) -> Result<(Coding, Bytes), ApiError> {
        let best = accepted.best_of(&[Coding::Br, Coding::Zstd, Coding::Gzip, Coding::Identity]);
        let coding = best.ok_or(ApiError::NotAcceptable)?;
        let made = match coding {
            Coding::Br => self.br.map(Bytes::from_static),
            Coding::Gzip => self.gzip.map(Bytes::from_static),
            Coding::Zstd => self.zstd.get_or_init(|| self.compressed()).clone(),
            Coding::Dcz | Coding::Identity => None,
        };
        Ok(made.map_or((Coding::Identity, Bytes::from_static(self.identity)), |body| (coding, body)))
    }

    /// The file as zstd, if it is a text.
    fn compressed(&self) -> Option<Bytes> {
        self.br.and_then(|_| zstd::bulk::compress(self.identity, ZSTD_LEVEL).ok()).map(Bytes::from)
    }
}

/// The highest useful level; each file is compressed once a process.
const ZSTD_LEVEL: i32 = 19;

/// Adds the headers that restrict what the page may do.
fn guard(headers: &mut HeaderMap) {
    headers.insert(CONTENT_SECURITY_POLICY, POLICY.clone());
    headers.insert(REFERRER_POLICY, NO_REFERRER);
    headers.insert(CROSS_ORIGIN_OPENER_POLICY, SAME_ORIGIN);
    headers.insert(PERMISSIONS_POLICY, MICROPHONE_ALONE);
}

fn unbuilt() -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(type_of(PAGE)));
    headers.insert(CACHE_CONTROL, REVALIDATED);
    sent(StatusCode::OK, headers, Bytes::from_static(UNBUILT))
}

fn sent(status: StatusCode, headers: HeaderMap, body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

fn type_of(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, suffix)| suffix) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(path: &'static str, headers: &[(&'static str, &str)]) -> Request {
        let builder = headers.iter().fold(Request::builder().uri(path), |builder, (k, v)| builder.header(*k, *v));
        builder.body(Body::empty()).unwrap()
    }

    #[tokio::test]
    async fn there_is_a_page_whether_or_not_the_dashboard_was_built() {
        let page = file(asked("/", &[])).await;
        assert_eq!(page.status(), StatusCode::OK);
        assert_eq!(page.headers()[CONTENT_TYPE], "text/html; charset=utf-8");
        assert_eq!(page.headers()[CACHE_CONTROL], "no-cache");
    }

    #[tokio::test]
    async fn a_file_that_is_not_there_is_not_found() {
        assert_eq!(file(asked("/assets/../index.html", &[])).await.status(), StatusCode::NOT_FOUND);
        assert_eq!(file(asked("/nothing", &[])).await.status(), StatusCode::NOT_FOUND);
    }

    #[tokio::test]
    async fn hashed_files_are_immutable_and_compressed() {
        for File { path, br, .. } in FILES.iter().filter(|file| file.path.starts_with(HASHED)) {
            let answer = file(asked(path, &[("accept-encoding", "gzip, br, zstd")])).await;
            assert_eq!(answer.headers()[CACHE_CONTROL], IMMUTABLE, "{path}");
            assert_eq!(answer.headers().get(CONTENT_ENCODING).is_some(), br.is_some(), "{path}");
            let etag = answer.headers()[ETAG].to_str().unwrap().to_owned();
            let again = file(asked(path, &[("if-none-match", &etag)])).await;
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{path}");
        }
    }
}
