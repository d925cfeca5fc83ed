//! `POST /webhooks/vapi`: the intake. A 200 promises that the event and its effect are on disk.

use std::{sync::Arc, time::Instant};

use axum::{
    Json,
    body::Bytes,
    extract::{Request, State},
    http::{
        HeaderMap,
        header::{CONTENT_ENCODING, CONTENT_LENGTH},
    },
    response::{IntoResponse, Response},
};
use intake::{Intake, Message, NotTaken};
use metrics::{counter, histogram};
use monitoring::{names, sampler::Sampler};
use readmodel::{time::Timestamp, version::Receipt};
use serde_json::json;
use store::link::Link;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use utoipa::ToSchema;
use vapi::{Authenticator, CallRef, Envelope, Kind, MAX_BODY_BYTES, ParseError, WebhookRefused};

use crate::{
    App, Shared,
    auth::wall_clock,
    bodies::{Room, drain},
    deadline::{ANSWER_DEADLINE, silent_after},
    error::ApiError,
    heavy::Heavy,
    numbers::{NotAnswered, NumberAssistant, Numbers},
};

/// The routes, without trailing slashes.
const PATHS: [&str; 2] = ["/webhooks/vapi", "/api/vapi/webhook"];
/// Most bytes of bodies that are being read; one limit for senders that presented the secret, and one for the others,
/// whose signatures can only be checked with the whole body.
const MAX_READING_BYTES: usize = 64 * 1024 * 1024;
/// Most bytes of bodies that wait to be stored.
const MAX_WAITING_BYTES: usize = 128 * 1024 * 1024;

/// The answer to a webhook.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes JSON that is written by hand")]
pub(crate) struct Received {
    /// Whether the webhook is stored.
    received: Option<bool>,
    /// Receipt of the write, for `Prewarm-Wait-For`.
    receipt: Option<Receipt>,
    /// The assistant that answers the call of an assistant request.
    #[schema(rename = "assistantId")]
    assistant_id: Option<String>,
    /// Why no assistant answers the call.
    error: Option<String>,
}

/// A webhook of Vapi.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body that is parsed by hand")]
pub(crate) struct Webhook {
    #[schema(value_type = Object)]
    message: serde_json::Value,
}

/// The limits of webhooks.
#[derive(Clone)]
pub(crate) struct Rooms {
    known: Room,
    unproven: Room,
    waiting: Arc<Semaphore>,
    heavy: Heavy,
}

impl Default for Rooms {
    fn default() -> Self {
        Self {
            known: Room::of(MAX_READING_BYTES),
            unproven: Room::of(MAX_READING_BYTES),
            waiting: Arc::new(Semaphore::new(MAX_WAITING_BYTES)),
            heavy: Heavy::default(),
        }
    }
}

impl Rooms {
    /// Reserves memory for a message until it is stored.
    fn wait(&self, bytes: usize) -> Result<OwnedSemaphorePermit, ApiError> {
        let bytes = u32::try_from(bytes).map_err(|_| ApiError::TooLarge)?;
        Arc::clone(&self.waiting).try_acquire_many_owned(bytes).map_err(|_| ApiError::Full)
    }
}

/// Whether a path is one of the routes, allowing for surplus slashes.
pub(crate) fn is_ours(path: &str) -> bool {
    let parts = || path.split('/').filter(|part| !part.is_empty());
    PATHS.iter().any(|ours| ours.split('/').skip(1).eq(parts()))
}

/// Counts a POST to no route: it may be a webhook with a wrong URL, and is lost.
pub(crate) fn count_stray() {
    count("unrouted", "refused");
}

/// The content of a webhook.
enum Content {
    /// A question which assistant answers a call.
    AssistantRequest(CallRef),
    /// A message to store, and the metric's label of its type.
    Message(&'static str, Box<Message>),
}

impl Content {
    fn of(body: &[u8]) -> Result<Self, ParseError> {
        let envelope = Envelope::parse(body)?;
        Ok(match envelope.kind {
            Kind::AssistantRequest => Self::AssistantRequest(envelope.call),
            // Types come from outside, so unknown ones share a label.
            ref kind => Self::Message(kind.known().unwrap_or("other"), Box::new(envelope.into())),
        })
    }
}

/// The route.
#[utoipa::path(post, path = "/webhooks/vapi", tag = "webhook", request_body = Webhook,
    params(("X-Vapi-Secret" = Option<String>, Header)),
    responses((status = 200, description = "The webhook is stored; or the assistant that answers a call", body = Received)))]
pub(crate) async fn webhook(State(app): State<App>, request: Request) -> Response {
    receive(&app, request).await
}

/// Handles a webhook at any of its URLs.
pub(crate) async fn receive(app: &App, request: Request) -> Response {
    let arrived = Instant::now();
    let Shared { webhooks, rooms, numbers, intake, store, editions, .. } = &*app.0;
    if editions.observes() {
        count("unread", "refused");
        return ApiError::Observing.into_response();
    }
    let response = match admit(Arc::clone(webhooks), rooms, request).await {
        Ok(Content::AssistantRequest(call)) => assistant(numbers, &call).await,
        Ok(Content::Message(kind, message)) => take(intake, &store.link, kind, *message).await,
        Err(error) => {
            count("unread", "refused");
            error.into_response()
        }
    };
    histogram!(names::INTAKE_SECONDS).record(arrived.elapsed());
    response
}

/// Authenticates a webhook by its headers before reading its body, except for the signature itself, which needs the
/// body.
async fn admit(webhooks: Arc<Authenticator>, rooms: &Rooms, request: Request) -> Result<Content, ApiError> {
    let (head, body) = request.into_parts();
    let now = now();
    let is_proven = match proven(&webhooks, &head.headers, now) {
        Ok(is_proven) => is_proven,
        Err(error) => {
            drain(body).await;
            return Err(error);
        }
    };
    if content_length(&head.headers).is_some_and(|length| length > MAX_BODY_BYTES) {
        return Err(ApiError::TooLarge);
    }
    let room = if is_proven { &rooms.known } else { &rooms.unproven };
    let (body, place) = room.read(body, MAX_BODY_BYTES).await?;
    let length = body.len();
    let content = rooms.heavy.run(length, move || read(&webhooks, &head.headers, now, &body));
    let content = content.await??;
    // From here on the body counts as a waiting message.
    let kept = rooms.wait(length)?;
    drop(place);
    Ok(match content {
        Content::Message(kind, message) => Content::Message(kind, Box::new(message.keeping(kept))),
        Content::AssistantRequest(call) => Content::AssistantRequest(call),
    })
}

/// Whether the headers prove the sender; an error if they are wrong.
fn proven(webhooks: &Authenticator, headers: &HeaderMap, now: Timestamp) -> Result<bool, ApiError> {
    let claim = webhooks.admit(&pairs(headers), now).map_err(not_vapi)?;
    if headers.get(CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        return Err(ApiError::Encoded);
    }
    Ok(claim.is_proven())
}

/// Checks the signature of a body and parses it.
fn read(webhooks: &Authenticator, headers: &HeaderMap, now: Timestamp, body: &Bytes) -> Result<Content, ApiError> {
    let claim = webhooks.admit(&pairs(headers), now).map_err(not_vapi)?;
    claim.check(body).map_err(not_vapi)?;
    Content::of(body).map_err(|reason| {
        log_refused(&reason);
        ApiError::WebhookBody
    })
}

fn pairs(headers: &HeaderMap) -> Vec<(&str, &[u8])> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect()
}

/// The time for checking signatures, which are stamped by wall-clock time.
fn now() -> Timestamp {
    Timestamp::from_micros(wall_clock().0.saturating_mul(1_000_000))
}

fn not_vapi(reason: WebhookRefused) -> ApiError {
    log_refused(&reason);
    ApiError::WebhookSecret
}

/// Logs a refused webhook. Sampled, since any client can cause this line.
fn log_refused(reason: &(dyn std::error::Error + 'static)) {
    static REFUSED: Sampler = Sampler::new();
    if let Some(held_back) = REFUSED.pass() {
        tracing::info!(reason, held_back, "webhook refused");
    }
}

fn content_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn take(intake: &Intake, link: &Link, kind: &'static str, message: Message) -> Response {
    // On a timeout it may still be stored. Sent again, it is a duplicate.
    let taken = tokio::select! {
        taken = intake.take(message) => taken,
        () = silent_after(link, tokio::time::Instant::now() + ANSWER_DEADLINE) => Err(NotTaken::Late),
    };
    match taken {
        Ok(outcome) => {
            count(kind, outcome.name());
            Json(json!({ "received": true, "receipt": outcome.receipt() })).into_response()
        }
        Err(error) if error.is_permanent() => {
            count(kind, "refused");
            tracing::error!(kind, error = &error as &dyn std::error::Error, "a webhook was not stored");
            ApiError::Unstorable.into_response()
        }
        Err(error) => {
            count(kind, "failed");
            tracing::error!(kind, error = &error as &dyn std::error::Error, "a webhook was not stored");
            ApiError::Unavailable.into_response()
        }
    }
}

/// Answers Vapi's question which assistant answers a call. Nothing is stored, since the call's own messages follow.
async fn assistant(numbers: &Numbers, call: &CallRef) -> Response {
    let kind = "assistant-request";
    match numbers.assistant_of(call).await {
        Ok(NumberAssistant { assistant, is_late }) => {
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
        Err(NotAnswered) => {
            count(kind, "failed");
            ApiError::Unavailable.into_response()
        }
    }
}

fn count(kind: &'static str, outcome: &'static str) {
    counter!(names::INTAKE_TOTAL, "type" => kind, "outcome" => outcome).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_holds_its_room_until_it_is_stored() {
        let rooms = Rooms { waiting: Arc::new(Semaphore::new(10)), ..Rooms::default() };
        let kept = rooms.wait(6).unwrap();
        assert_eq!(rooms.wait(6).unwrap_err(), ApiError::Full);
        let Ok(Content::Message("hang", message)) = Content::of(br#"{"message":{"type":"hang"}}"#) else {
            panic!("not told")
        };
        let message = message.keeping(kept);
        assert!(rooms.wait(6).is_err());
        drop(message);
        assert!(rooms.wait(6).is_ok());
    }

    #[test]
    fn a_webhook_path_is_recognised_with_extra_slashes() {
        for path in ["/webhooks/vapi/", "//webhooks/vapi", "/webhooks//vapi//", "/api/vapi/webhook/", "/webhooks/vapi"]
        {
            assert!(is_ours(path), "{path}");
        }
        for path in ["/", "/webhooks", "/webhooks/vapi/x", "/webhooks/vapix", "/api/vapi", "/webhooksvapi"] {
            assert!(!is_ours(path), "{path}");
        }
    }

    #[test]
    fn an_unknown_message_type_does_not_become_a_label() {
        let label = |kind: &str| match Content::of(json!({"message": {"type": kind}}).to_string().as_bytes()) {
            Ok(Content::Message(label, _)) => label,
            _ => panic!("not told"),
        };
        assert_eq!(label("status-update"), "status-update");
        assert_eq!(label("speech-update"), "speech-update");
        assert_eq!(label("canary"), "other");
    }
}
