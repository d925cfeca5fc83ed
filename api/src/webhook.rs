//! `POST /webhooks/vapi`: intake. The answer 200 is a promise: the event and its effect are on disk.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Json,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, header::CONTENT_LENGTH},
    response::{IntoResponse, Response},
};
use metrics::{counter, histogram};
use monitoring::names;
use serde_json::json;
use store::Store;
use vapi::{Envelope, Kind, MAX_BODY_BYTES, Secrets};

use crate::{
    error::ApiError,
    intake::{Intake, Message},
};

/// A whole body has to come within this time.
const BODY: Duration = Duration::from_secs(10);

/// The route.
pub(crate) async fn webhook(
    State(store): State<Store>,
    State(intake): State<Arc<Intake>>,
    State(secrets): State<Secrets>,
    request: Request,
) -> Response {
    let arrived = Instant::now();
    let response = match admit(&secrets, request).await {
        Ok(envelope) if envelope.kind == Kind::AssistantRequest => assistant(&store, &envelope).await,
        Ok(envelope) => take(&intake, envelope).await,
        Err(error) => {
            count("unread", "refused");
            error.into_response()
        }
    };
    histogram!(names::INTAKE_SECONDS).record(arrived.elapsed());
    response
}

/// Who sends it is settled on the headers before a byte of the body is read.
async fn admit(secrets: &Secrets, request: Request) -> Result<Envelope, ApiError> {
    let (head, body) = request.into_parts();
    if content_length(&head.headers).is_some_and(|length| length > MAX_BODY_BYTES) {
        return Err(ApiError::TooLarge);
    }
    let body = read(body).await?;
    let headers = head.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    secrets.authenticate(headers, &body).map_err(|_| ApiError::WebhookSecret)?;
    Envelope::parse(&body).map_err(|reason| {
        tracing::info!(%reason, "webhook refused");
        ApiError::WebhookBody
    })
}

fn content_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Whoever sends a body byte by byte is cut off. The largest one passes at 20 Mbit/s.
async fn read(body: Body) -> Result<Bytes, ApiError> {
    let read = tokio::time::timeout(BODY, to_bytes(body, MAX_BODY_BYTES));
    read.await.map_err(|_| ApiError::TooSlow)?.map_err(|_| ApiError::TooLarge)
}

async fn take(intake: &Intake, envelope: Envelope) -> Response {
    let kind = metric_type(&envelope.kind);
    match intake.take(Message::from(envelope)).await {
        Ok(outcome) => {
            count(kind, outcome.name());
            Json(json!({ "received": true, "receipt": outcome.receipt() })).into_response()
        }
        Err(error) => {
            count(kind, "failed");
            tracing::error!(error = &error as &dyn std::error::Error, "intake");
            ApiError::Unavailable.into_response()
        }
    }
}

/// Vapi asks who shall take an incoming call. Nothing is stored: the call's own messages follow.
async fn assistant(store: &Store, envelope: &Envelope) -> Response {
    let call = &envelope.call;
    let number = call.our_number.as_ref().map(|number| number.as_str());
    match store.assistant_of(call.phone_number_id.as_deref(), number).await {
        Ok(Some(assistant)) => {
            count("assistant-request", "accepted");
            Json(json!({ "assistantId": assistant })).into_response()
        }
        Ok(None) => {
            count("assistant-request", "ignored");
            Json(json!({ "error": "This number is not connected to an assistant." })).into_response()
        }
        Err(error) => {
            count("assistant-request", "failed");
            tracing::error!(error = &error as &dyn std::error::Error, "assistant-request");
            ApiError::Unavailable.into_response()
        }
    }
}

/// Types come from outside: those that we do not know share one label.
const fn metric_type(kind: &Kind) -> &'static str {
    match kind {
        Kind::StatusUpdate => "status-update",
        Kind::EndOfCallReport => "end-of-call-report",
        Kind::AssistantRequest => "assistant-request",
        Kind::Other(_) => "other",
    }
}

fn count(kind: &'static str, outcome: &'static str) {
    counter!(names::INTAKE_TOTAL, "type" => kind, "outcome" => outcome).increment(1);
}
