//! The path from a request to its answer or fault.

use std::{convert::Infallible, io, sync::Arc, time::Duration};

use axum::{
    Json,
    body::{Body, Bytes, to_bytes},
    extract::{ConnectInfo, Request, State},
    http::{HeaderValue, StatusCode, header::CONTENT_LENGTH, header::RETRY_AFTER, request::Parts},
    response::{Html, IntoResponse, Redirect, Response},
};
use futures_util::stream;
use serde_json::Value;

use crate::{
    answer::Answer, assistants, auth, calls, connection::Fuse, fault::Fault, object::Object, operation::Operation,
    phone_numbers, record::Request as Recorded, refusal::Refusal, schema::is_uuid, world::Shared,
};

const MAX_BODY_BYTES: usize = 32 << 20;

/// Handles every request.
pub(crate) async fn handle(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(fuse): ConnectInfo<Fuse>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY_BYTES).await else {
        return Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "request entity too large").into_response();
    };
    let operation = Operation::of(&parts.method, parts.uri.path());
    shared.record(Recorded {
        operation,
        method: parts.method.to_string(),
        path: parts.uri.to_string(),
        body: recorded(&body),
    });
    let fault = operation.and_then(|operation| shared.world().faults.draw(operation));
    let work = || work(&shared, operation, &parts, &body);
    match fault {
        None => work(),
        Some(fault) => fail(fault, parts.uri.path(), &fuse, work).await,
    }
}

async fn fail(fault: Fault, path: &str, fuse: &Fuse, work: impl FnOnce() -> Response) -> Response {
    match fault {
        Fault::Redirect => Redirect::temporary(path).into_response(),
        Fault::Status { code, retry_after } => status(code, retry_after),
        Fault::StatusAfter(code) => {
            work();
            status(code, None)
        }
        Fault::Slow(by) => {
            let answer = work();
            tokio::time::sleep(by).await;
            answer
        }
        Fault::Hang => hang().await,
        Fault::HangAfter => {
            work();
            hang().await
        }
        Fault::ResetBefore => cut(fuse),
        Fault::ResetAfter => {
            work();
            cut(fuse)
        }
        Fault::Truncated => truncated(work()).await,
        Fault::Garbage => {
            let answer = work();
            (answer.status(), "{\"id\": <!doctype html>").into_response()
        }
    }
}

/// An error with a status: JSON like Vapi's own, or a page like a gateway's.
fn status(code: u16, retry_after: Option<String>) -> Response {
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let reason = status.canonical_reason().unwrap_or_default();
    if !status.is_server_error() {
        return Refusal::new(status, reason).retry_after(retry_after).into_response();
    }
    let mut response = (status, Html(format!("<html><h1>{code} {reason}</h1></html>"))).into_response();
    if let Some(Ok(text)) = retry_after.map(|text| HeaderValue::from_str(&text)) {
        response.headers_mut().insert(RETRY_AFTER, text);
    }
    response
}

async fn hang() -> Response {
    let never: Infallible = std::future::pending().await;
    match never {}
}

fn cut(fuse: &Fuse) -> Response {
    fuse.blow();
    // It is never written.
    StatusCode::OK.into_response()
}

/// Announces the whole body, sends half of it and closes the connection.
async fn truncated(answer: Response) -> Response {
    let (mut parts, body) = answer.into_parts();
    let body = to_bytes(body, MAX_BODY_BYTES).await.unwrap_or_default();
    parts.headers.insert(CONTENT_LENGTH, body.len().into());
    let half = body.slice(..body.len() / 2);
    let pieces = stream::unfold(Some(half), |half| async move {
        match half {
            Some(half) => Some((Ok(half), None)),
            None => {
                // Give the first half time to be sent.
                tokio::time::sleep(Duration::from_millis(5)).await;
                Some((Err(io::Error::from(io::ErrorKind::ConnectionReset)), None))
            }
        }
    });
    Response::from_parts(parts, Body::from_stream(pieces))
}

fn work(shared: &Shared, operation: Option<Operation>, parts: &Parts, body: &Bytes) -> Response {
    if let Some(answer) = auth::turned_away(&shared.config, operation, &parts.headers) {
        return answer;
    }
    if let Some(limit) = shared.config.rate_limit
        && let Err(refusal) = shared.world().window.admit(limit, tokio::time::Instant::now())
    {
        return refusal.into_response();
    }
    match operation {
        Some(operation) => match serve(shared, operation, parts, body) {
            Ok((status, answer)) => (status, Json(answer)).into_response(),
            Err(refusal) => refusal.into_response(),
        },
        None => {
            let message = format!("Cannot {} {}", parts.method, parts.uri.path());
            Refusal::new(StatusCode::NOT_FOUND, message).into_response()
        }
    }
}

fn serve(shared: &Shared, operation: Operation, parts: &Parts, body: &[u8]) -> Answer {
    let now = shared.config.clock.now();
    let id = || parts.uri.path().trim_matches('/').rsplit('/').next().unwrap_or_default();
    let query = parts.uri.query().unwrap_or_default();
    let mut world = shared.world();
    let world = &mut *world;
    calls::end_unjoined(world, now);
    match operation {
        Operation::CreateAssistant => assistants::create(world, object(body)?, now),
        Operation::ListAssistants => assistants::list(world, query),
        Operation::GetAssistant => assistants::get(world, uuid(id())?),
        Operation::UpdateAssistant => assistants::update(world, uuid(id())?, object(body)?, now),
        Operation::DeleteAssistant => assistants::delete(world, uuid(id())?),
        Operation::ListPhoneNumbers => phone_numbers::list(world, query),
        Operation::GetPhoneNumber => phone_numbers::get(world, uuid(id())?),
        Operation::UpdatePhoneNumber => phone_numbers::update(world, uuid(id())?, object(body)?, now),
        Operation::CreateWebCall => calls::create_web(world, &shared.config, &object(body)?, now),
        Operation::ListCalls => calls::list(world, query),
        Operation::GetCall => calls::get(world, uuid(id())?),
    }
}

fn uuid(id: &str) -> Result<&str, Refusal> {
    if is_uuid(&id.into()) { Ok(id) } else { Err(Refusal::bad_request("id must be a UUID")) }
}

fn object(body: &[u8]) -> Result<Object, Refusal> {
    serde_json::from_slice(body).map_err(|_| Refusal::bad_request("The body is not valid JSON"))
}

fn recorded(body: &[u8]) -> Value {
    if body.is_empty() {
        return Value::Null;
    }
    serde_json::from_slice(body).unwrap_or_else(|_| String::from_utf8_lossy(body).into())
}
