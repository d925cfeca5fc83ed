//! `POST /webhooks/vapi`: intake. The answer 200 is a promise: the event and its effect are on disk.

use std::time::{Duration, Instant};

use axum::{
    Json,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, header::CONTENT_LENGTH},
    response::{IntoResponse, Response},
};
use metrics::{counter, histogram};
use monitoring::names;
use readmodel::{ids::OrgId, version::Receipt};
use serde_json::json;
use store::{
    Store,
    intake::{CallRow, Event, Intake, Recorded},
};
use vapi::{CallState, CallUpdate, Envelope, Kind, MAX_BODY_BYTES, Secrets};

use crate::error::ApiError;

/// A whole body has to come within this time.
const BODY: Duration = Duration::from_secs(10);

/// What became of a message.
#[derive(Debug)]
enum Outcome {
    /// Taken, with its effect.
    Accepted(Receipt),
    /// Taken before.
    Duplicate(Receipt),
    /// Taken, and kept until one of our maps has its assistant or number.
    Parked(Receipt),
}

impl Outcome {
    const fn name(&self) -> &'static str {
        match self {
            Self::Accepted(_) => "accepted",
            Self::Duplicate(_) => "duplicate",
            Self::Parked(_) => "parked",
        }
    }

    const fn receipt(&self) -> Receipt {
        match self {
            Self::Accepted(receipt) | Self::Duplicate(receipt) | Self::Parked(receipt) => *receipt,
        }
    }
}

/// The route.
pub(crate) async fn webhook(State(store): State<Store>, State(secrets): State<Secrets>, request: Request) -> Response {
    let arrived = Instant::now();
    let response = match admit(&secrets, request).await {
        Ok(envelope) => answer(&store, envelope).await,
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

async fn answer(store: &Store, envelope: Envelope) -> Response {
    let kind = envelope.kind.clone();
    if kind == Kind::AssistantRequest {
        return assistant(store, &envelope).await;
    }
    match take(store, envelope).await {
        Ok(outcome) => {
            count(metric_type(&kind), outcome.name());
            Json(json!({ "received": true, "receipt": outcome.receipt() })).into_response()
        }
        Err(error) => {
            count(metric_type(&kind), "failed");
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

async fn take(store: &Store, envelope: Envelope) -> Result<Outcome, store::Error> {
    let key = envelope.dedupe_key();
    let update = envelope.call_update();
    let (kind, call) = (envelope.kind.clone(), envelope.call.clone());
    let body = envelope.into_redacted_body();
    let mut intake = store.intake().await?;
    let recorded = intake
        .record(&Event {
            dedupe_key: &key,
            kind: kind.as_str(),
            vapi_call_id: call.vapi_call_id.as_deref(),
            assistant_id: call.assistant_id.as_deref(),
            phone_number_id: call.phone_number_id.as_deref(),
            body: &body,
        })
        .await?;
    let outcome = match recorded {
        Recorded::Duplicate(receipt) => return Ok(Outcome::Duplicate(receipt)),
        Recorded::New(receipt, None) => Outcome::Parked(receipt),
        Recorded::New(receipt, Some(org)) => {
            if let Some(update) = update {
                apply(&mut intake, org, update, call.assistant_id.as_deref()).await?;
            }
            Outcome::Accepted(receipt)
        }
    };
    intake.commit().await?;
    ring(store);
    Ok(outcome)
}

/// Merges what the message says into what is known of the call, and shows the result in the source.
async fn apply(
    intake: &mut Intake,
    org: OrgId,
    update: CallUpdate,
    assistant_id: Option<&str>,
) -> Result<(), store::Error> {
    let known = match intake.call_state(&update.vapi_call_id).await? {
        Some((owner, _)) if owner != org => {
            tracing::warn!(%org, %owner, "a message names a call of another org; its effect is left out");
            return Ok(());
        }
        Some((_, state)) => serde_json::from_value(state).unwrap_or_default(),
        None => CallState::default(),
    };
    let state = known.merge(update.state);
    let stored = serde_json::to_value(&state).unwrap_or_default();
    intake.write_call(org, &stored, &row(&update.vapi_call_id, &state, assistant_id)).await
}

fn row<'a>(vapi_call_id: &'a str, state: &'a CallState, assistant_id: Option<&'a str>) -> CallRow<'a> {
    CallRow {
        vapi_call_id,
        phone_number: state.customer_number.get().map(|number| number.as_str()),
        caller_name: state.customer_name.get().map(|name| name.as_str()),
        call_direction: state.direction.get().map(|direction| direction.as_str()),
        status: state.status(),
        duration_seconds: state.duration_seconds.get().copied(),
        sentiment_label: state.sentiment_label.get().map(|label| label.as_str()),
        sentiment_score: state.sentiment_score.get(),
        summary: state.summary.get().map(|summary| summary.as_str()),
        ended_reason: state.ended_reason.get().map(String::as_str),
        cost_cents: state.cost_cents.get().copied(),
        is_test_call: state.is_test_call,
        started_at: state.started_at.get(),
        ended_at: state.ended_at.get(),
        assistant_id,
    }
}

/// Beside the answer: whoever posts need not wait for it, and losing it costs the workers a poll.
fn ring(store: &Store) {
    let store = store.clone();
    tokio::spawn(async move {
        if let Err(error) = store.ring().await {
            tracing::debug!(error = &error as &dyn std::error::Error, "hint");
        }
    });
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
