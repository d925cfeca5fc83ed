//! `POST /webhooks/vapi`: intake. The answer 200 is a promise: the event and its effect are on disk.

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
use store::line::Line;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use utoipa::ToSchema;
use vapi::{Authenticator, CallRef, Envelope, Kind, MAX_BODY_BYTES, ParseError, Refused};

use crate::{
    App, Shared,
    auth::wall_clock,
    bodies::{Room, drain},
    error::ApiError,
    heavy::Heavy,
    numbers::{Found, NotFound, Numbers},
    patience::{PATIENCE, in_vain},
};

/// The routes, without slashes at their ends.
const PATHS: [&str; 2] = ["/webhooks/vapi", "/api/vapi/webhook"];
/// Bytes of bodies that are being read, at most: of senders who have presented the secret, and of all others, whose
/// signatures can only be checked once their bodies are there.
const ARRIVING: usize = 64 * 1024 * 1024;
/// Bytes of bodies that wait to be stored, at most.
const WAITING: usize = 128 * 1024 * 1024;

/// What a webhook is answered with.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is written by hand")]
pub(crate) struct Received {
    /// It is on disk.
    received: Option<bool>,
    /// What `Prewarm-Wait-For` takes.
    receipt: Option<Receipt>,
    /// Who takes the call that was asked about.
    #[schema(rename = "assistantId")]
    assistant_id: Option<String>,
    /// Why nobody takes it.
    error: Option<String>,
}

/// A webhook of Vapi's.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is read apart")]
pub(crate) struct Webhook {
    #[schema(value_type = Object)]
    message: serde_json::Value,
}

/// The bounds of webhooks.
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
            known: Room::of(ARRIVING),
            unproven: Room::of(ARRIVING),
            waiting: Arc::new(Semaphore::new(WAITING)),
            heavy: Heavy::default(),
        }
    }
}

impl Rooms {
    /// Room until a message is stored.
    fn wait(&self, bytes: usize) -> Result<OwnedSemaphorePermit, ApiError> {
        let bytes = u32::try_from(bytes).map_err(|_| ApiError::TooLarge)?;
        Arc::clone(&self.waiting).try_acquire_many_owned(bytes).map_err(|_| ApiError::Full)
    }
}

/// Whether a path is a webhook's, as people write it: with a slash at its end, or with two where one should be.
pub(crate) fn is_ours(path: &str) -> bool {
    let parts = || path.split('/').filter(|part| !part.is_empty());
    PATHS.iter().any(|ours| ours.split('/').skip(1).eq(parts()))
}

/// Counts a post to nowhere: a webhook's address may be wrong, and what was sent there is lost.
pub(crate) fn count_stray() {
    count("unrouted", "refused");
}

/// What a body says.
enum Said {
    /// Who shall take this call?
    Asked(CallRef),
    /// A message to be stored, and its type as the metric has it.
    Told(&'static str, Box<Message>),
}

impl Said {
    fn of(body: &[u8]) -> Result<Self, ParseError> {
        let envelope = Envelope::parse(body)?;
        Ok(match envelope.kind {
            Kind::AssistantRequest => Self::Asked(envelope.call),
            // Types come from outside: those that we do not know share one label.
            ref kind => Self::Told(kind.known().unwrap_or("other"), Box::new(envelope.into())),
        })
    }
}

/// The route.
#[utoipa::path(post, path = "/webhooks/vapi", tag = "webhook", request_body = Webhook,
    params(("X-Vapi-Secret" = Option<String>, Header)),
    responses((status = 200, description = "It is on disk; or who takes a call", body = Received)))]
pub(crate) async fn webhook(State(app): State<App>, request: Request) -> Response {
    receive(&app, request).await
}

/// Takes a webhook, at whichever of our addresses.
pub(crate) async fn receive(app: &App, request: Request) -> Response {
    let arrived = Instant::now();
    let Shared { webhooks, rooms, numbers, intake, store, .. } = &*app.0;
    let response = match admit(Arc::clone(webhooks), rooms, request).await {
        Ok(Said::Asked(call)) => assistant(numbers, &call).await,
        Ok(Said::Told(kind, message)) => take(intake, &store.line, kind, *message).await,
        Err(error) => {
            count("unread", "refused");
            error.into_response()
        }
    };
    histogram!(names::INTAKE_SECONDS).record(arrived.elapsed());
    response
}

/// Who sends it is settled on the headers before a byte of the body is read; of what is signed, all but the signature.
async fn admit(webhooks: Arc<Authenticator>, rooms: &Rooms, request: Request) -> Result<Said, ApiError> {
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
    let said = rooms.heavy.run(length, move || read(&webhooks, &head.headers, now, &body));
    let said = said.await??;
    // From here on the body takes up room as a message of ours.
    let kept = rooms.wait(length)?;
    drop(place);
    Ok(match said {
        Said::Told(kind, message) => Said::Told(kind, Box::new(message.keeping(kept))),
        Said::Asked(call) => Said::Asked(call),
    })
}

/// Whether the headers prove the sender; an error if they refute it.
fn proven(webhooks: &Authenticator, headers: &HeaderMap, now: Timestamp) -> Result<bool, ApiError> {
    let claim = webhooks.admit(&pairs(headers), now).map_err(not_vapi)?;
    if headers.get(CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        return Err(ApiError::Encoded);
    }
    Ok(claim.is_proven())
}

/// Checks a whole body's signature, and reads it.
fn read(webhooks: &Authenticator, headers: &HeaderMap, now: Timestamp, body: &Bytes) -> Result<Said, ApiError> {
    let claim = webhooks.admit(&pairs(headers), now).map_err(not_vapi)?;
    claim.check(body).map_err(not_vapi)?;
    Said::of(body).map_err(|reason| {
        tell(&reason);
        ApiError::WebhookBody
    })
}

fn pairs(headers: &HeaderMap) -> Vec<(&str, &[u8])> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect()
}

/// By which signatures are judged: their senders stamp them by wall-clock time.
fn now() -> Timestamp {
    Timestamp::from_micros(wall_clock().0.saturating_mul(1_000_000))
}

fn not_vapi(reason: Refused) -> ApiError {
    tell(&reason);
    ApiError::WebhookSecret
}

/// Any client can cause this line.
fn tell(reason: &(dyn std::error::Error + 'static)) {
    static REFUSED: Sampler = Sampler::new();
    if let Some(held_back) = REFUSED.pass() {
        tracing::info!(reason, held_back, "webhook refused");
    }
}

fn content_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn take(intake: &Intake, line: &Line, kind: &'static str, message: Message) -> Response {
    // It may be stored yet. Sent again, it is a duplicate.
    let taken = tokio::select! {
        taken = intake.take(message) => taken,
        () = in_vain(line, tokio::time::Instant::now() + PATIENCE) => Err(NotTaken::Late),
    };
    match taken {
        Ok(outcome) => {
            count(kind, outcome.name());
            Json(json!({ "received": true, "receipt": outcome.receipt() })).into_response()
        }
        Err(error) if error.is_for_good() => {
            count(kind, "refused");
            tracing::error!(kind, error = &error as &dyn std::error::Error, "intake");
            ApiError::Unstorable.into_response()
        }
        Err(error) => {
            count(kind, "failed");
            tracing::error!(kind, error = &error as &dyn std::error::Error, "intake");
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
        let Ok(Said::Told("hang", message)) = Said::of(br#"{"message":{"type":"hang"}}"#) else { panic!("not told") };
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
        let label = |kind: &str| match Said::of(json!({"message": {"type": kind}}).to_string().as_bytes()) {
            Ok(Said::Told(label, _)) => label,
            _ => panic!("not told"),
        };
        assert_eq!(label("status-update"), "status-update");
        assert_eq!(label("speech-update"), "speech-update");
        assert_eq!(label("canary"), "other");
    }
}
