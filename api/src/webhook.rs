//! `POST /webhooks/vapi`: intake. The answer 200 is a promise: the event and its effect are on disk.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Json,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{
        HeaderMap,
        header::{CONTENT_ENCODING, CONTENT_LENGTH},
    },
    response::{IntoResponse, Response},
};
use intake::{Intake, Message};
use metrics::{counter, histogram};
use monitoring::names;
use readmodel::time::Timestamp;
use serde_json::json;
use vapi::{Authenticator, CallRef, Envelope, Kind, MAX_BODY_BYTES, Refused};

use crate::{
    auth::wall_clock,
    error::ApiError,
    numbers::{Found, NotFound, Numbers},
};

/// A whole body has to come within this time.
const BODY: Duration = Duration::from_secs(10);
/// So much of a body that is refused unseen is read all the same, and for so long, so that whoever still sends it can hear
/// the answer.
const COURTESY_BYTES: usize = 64 * 1024;
const COURTESY: Duration = Duration::from_secs(1);

/// The route.
pub(crate) async fn webhook(
    State(numbers): State<Arc<Numbers>>,
    State(intake): State<Arc<Intake>>,
    State(webhooks): State<Arc<Authenticator>>,
    request: Request,
) -> Response {
    let arrived = Instant::now();
    let response = match admit(&webhooks, request).await {
        Ok(envelope) if envelope.kind == Kind::AssistantRequest => assistant(&numbers, &envelope.call).await,
        Ok(envelope) => take(&intake, envelope).await,
        Err(error) => {
            count("unread", "refused");
            error.into_response()
        }
    };
    histogram!(names::INTAKE_SECONDS).record(arrived.elapsed());
    response
}

/// Who sends it is settled on the headers before a byte of the body is read; of what is signed, all but the signature.
async fn admit(webhooks: &Authenticator, request: Request) -> Result<Envelope, ApiError> {
    let (head, body) = request.into_parts();
    let headers: Vec<_> = head.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    let claim = webhooks.admit(&headers, now()).map_err(not_vapi).and_then(|claim| {
        let encoded = head.headers.get(CONTENT_ENCODING).is_some_and(|coding| coding != "identity");
        if encoded { Err(ApiError::Encoded) } else { Ok(claim) }
    });
    let claim = match claim {
        Ok(claim) => claim,
        Err(error) => {
            let _ = tokio::time::timeout(COURTESY, to_bytes(body, COURTESY_BYTES)).await;
            return Err(error);
        }
    };
    if content_length(&head.headers).is_some_and(|length| length > MAX_BODY_BYTES) {
        return Err(ApiError::TooLarge);
    }
    let body = read(body).await?;
    claim.check(&body).map_err(not_vapi)?;
    Envelope::parse(&body).map_err(|reason| {
        tracing::info!(%reason, "webhook refused");
        ApiError::WebhookBody
    })
}

/// By which signatures are judged: their senders stamp them by wall-clock time.
fn now() -> Timestamp {
    Timestamp::from_micros(wall_clock().0.saturating_mul(1_000_000))
}

fn not_vapi(reason: Refused) -> ApiError {
    tracing::info!(%reason, "webhook refused");
    ApiError::WebhookSecret
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
        Err(error) if error.is_for_good() => {
            count(kind, "refused");
            tracing::error!(error = &error as &dyn std::error::Error, "intake");
            ApiError::Unstorable.into_response()
        }
        Err(error) => {
            count(kind, "failed");
            tracing::error!(error = &error as &dyn std::error::Error, "intake");
            ApiError::Unavailable.into_response()
        }
    }
}

/// Vapi asks who shall take an incoming call. Nothing is stored: the call's own messages follow.
async fn assistant(numbers: &Numbers, call: &CallRef) -> Response {
    let kind = "assistant-request";
    match numbers.assistant_of(call).await {
        Ok(Found { assistant, is_late }) => {
            count(
                kind,
                if is_late {
                    "late"
                } else if assistant.is_some() {
                    "accepted"
                } else {
                    "ignored"
                },
            );
            Json(match assistant {
                Some(assistant) => json!({ "assistantId": assistant }),
                None => json!({ "error": "This number is not connected to an assistant." }),
            })
            .into_response()
        }
        Err(NotFound) => {
            count(kind, "failed");
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
