//! The interpretation of answers.

use reqwest::{Response, StatusCode};
use serde_json::Value;

use super::{
    error::{Cause, Error},
    request::Request,
    retry_after::retry_after,
    words::words,
};
use crate::redact;

/// The longest body. A page of calls with transcripts has megabytes; anything longer is not Vapi's.
const MAX_BODY_BYTES: usize = 64 << 20;
/// Longer bodies are parsed on a blocking thread.
const LONG_BYTES: usize = 128 << 10;

/// The result of an answered request, and the status for the metrics.
pub(super) async fn answered<T>(
    request: &Request<'_>,
    mut response: Response,
    keys: &[&str],
    read: impl FnOnce(Value) -> Option<T>,
) -> (Result<T, Error>, String) {
    let status = response.status();
    let wait = retry_after(response.headers());
    let failed = |cause: Cause| (Err(request.failed(cause, wait)), cause.to_string());
    if status == StatusCode::REQUEST_TIMEOUT || status.is_server_error() {
        return failed(Cause::Status(status.as_u16()));
    }
    if status == StatusCode::TOO_MANY_REQUESTS {
        return (Err(Error::Busy { retry_after: wait }), status.as_str().to_owned());
    }
    let body = match read_body(&mut response).await {
        Ok(body) => body,
        Err(cause) => return failed(cause),
    };
    if status == StatusCode::NOT_FOUND {
        match NotFound::of(&body) {
            NotFound::Thing => return (Err(Error::Missing), status.as_str().to_owned()),
            NotFound::Address => {}
            NotFound::Stranger => return failed(Cause::Unreadable),
        }
    }
    if !status.is_success() {
        return (Err(refused(request, status, &body, keys)), status.as_str().to_owned());
    }
    match parse(body).await.and_then(read) {
        Some(answer) => (Ok(answer), status.as_str().to_owned()),
        None => failed(Cause::Unreadable),
    }
}

async fn parse(body: Vec<u8>) -> Option<Value> {
    if body.len() <= LONG_BYTES {
        return serde_json::from_slice(&body).ok();
    }
    tokio::task::spawn_blocking(move || serde_json::from_slice(&body).ok()).await.ok()?
}

async fn read_body(response: &mut Response) -> Result<Vec<u8>, Cause> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| Cause::of(&error))? {
        if body.len() + chunk.len() > MAX_BODY_BYTES {
            return Err(Cause::Unreadable);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn refused(request: &Request<'_>, status: StatusCode, body: &[u8], keys: &[&str]) -> Error {
    let mut secrets = keys.to_vec();
    if let Some(sent) = request.body {
        redact::collect_secrets(sent, &mut secrets);
        // A customer may have thousands of secret-looking fields with the same text.
        secrets.sort_unstable();
        secrets.dedup();
    }
    Error::Rejected { status: status.as_u16(), words: words(body, &secrets) }
}

/// The origin of a 404. Only Vapi's own "not found" means that an assistant is gone; a wrong URL or a gateway's page
/// does not.
enum NotFound {
    /// Vapi does not have the object.
    Thing,
    /// Vapi does not have the URL.
    Address,
    /// A proxy or gateway answered.
    Stranger,
}

impl NotFound {
    fn of(body: &[u8]) -> Self {
        let body: Option<Value> = serde_json::from_slice(body).ok();
        match body.as_ref().and_then(|body| body["message"].as_str()) {
            Some(message) if message.starts_with("Cannot ") => Self::Address,
            Some(_) => Self::Thing,
            None => Self::Stranger,
        }
    }
}
