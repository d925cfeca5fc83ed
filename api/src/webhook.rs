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
use bytes::BytesMut;
use futures_util::StreamExt as _;
use intake::{Intake, Message};
use metrics::{counter, histogram};
use monitoring::{names, sampler::Sampler};
use readmodel::time::Timestamp;
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use vapi::{Authenticator, CallRef, Envelope, Kind, MAX_BODY_BYTES, ParseError, Refused};

use crate::{
    auth::wall_clock,
    error::ApiError,
    numbers::{Found, NotFound, Numbers},
};

/// A whole body has to come within this time.
const BODY: Duration = Duration::from_secs(10);
/// Bytes of bodies that are being read or wait to be stored, at most: what is signed is read before anybody knows whose it is.
const ROOM: usize = 128 * 1024 * 1024;
/// A longer body takes so long to parse that others would wait for it.
const LONG_BYTES: usize = 256 * 1024;
/// So much of a body that is refused unseen is read all the same, and for so long, so that whoever still sends it can hear
/// the answer.
const COURTESY_BYTES: usize = 64 * 1024;
const COURTESY: Duration = Duration::from_secs(1);

/// Room for bodies.
#[derive(Clone)]
pub(crate) struct Room(Arc<Semaphore>);

impl Default for Room {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(ROOM)))
    }
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
pub(crate) async fn webhook(
    State(numbers): State<Arc<Numbers>>,
    State(intake): State<Arc<Intake>>,
    State(webhooks): State<Arc<Authenticator>>,
    State(room): State<Room>,
    request: Request,
) -> Response {
    let arrived = Instant::now();
    let response = match admit(&webhooks, &room, request).await {
        Ok(Said::Asked(call)) => assistant(&numbers, &call).await,
        Ok(Said::Told(kind, message)) => take(&intake, kind, *message).await,
        Err(error) => {
            count("unread", "refused");
            error.into_response()
        }
    };
    histogram!(names::INTAKE_SECONDS).record(arrived.elapsed());
    response
}

/// Who sends it is settled on the headers before a byte of the body is read; of what is signed, all but the signature.
async fn admit(webhooks: &Authenticator, room: &Room, request: Request) -> Result<Said, ApiError> {
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
    let (body, kept) = read(body, room).await?;
    claim.check(&body).map_err(not_vapi)?;
    let said = if body.len() > LONG_BYTES {
        tokio::task::spawn_blocking(move || Said::of(&body)).await.map_err(|_| ApiError::Internal)?
    } else {
        Said::of(&body)
    };
    match said {
        Ok(Said::Told(kind, message)) => Ok(Said::Told(kind, Box::new(message.keeping(kept)))),
        Ok(asked) => Ok(asked),
        Err(reason) => {
            tell(&reason);
            Err(ApiError::WebhookBody)
        }
    }
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

/// Whoever sends a body byte by byte is cut off. The largest one passes at 20 Mbit/s.
async fn read(body: Body, room: &Room) -> Result<(Bytes, OwnedSemaphorePermit), ApiError> {
    tokio::time::timeout(BODY, gather(body, room)).await.unwrap_or(Err(ApiError::TooSlow))
}

/// Each part takes up room as it comes: what a head says of the body's length is not believed.
async fn gather(body: Body, room: &Room) -> Result<(Bytes, OwnedSemaphorePermit), ApiError> {
    let take = |bytes: usize| {
        let bytes = u32::try_from(bytes).map_err(|_| ApiError::TooLarge)?;
        Arc::clone(&room.0).try_acquire_many_owned(bytes).map_err(|_| ApiError::Full)
    };
    let (mut whole, mut kept, mut parts) = (BytesMut::new(), take(0)?, body.into_data_stream());
    while let Some(part) = parts.next().await {
        let part = part.map_err(|_| ApiError::TooLarge)?;
        if whole.len() + part.len() > MAX_BODY_BYTES {
            return Err(ApiError::TooLarge);
        }
        kept.merge(take(part.len())?);
        whole.extend_from_slice(&part);
    }
    Ok((whole.freeze(), kept))
}

async fn take(intake: &Intake, kind: &'static str, message: Message) -> Response {
    match intake.take(message).await {
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

    #[tokio::test]
    async fn bodies_have_so_much_room_and_give_it_back() {
        let room = Room(Arc::new(Semaphore::new(10)));
        let six = || read(Body::from("123456"), &room);
        let (body, kept) = six().await.unwrap();
        assert_eq!(&body[..], b"123456");
        assert_eq!(six().await.err(), Some(ApiError::Full));
        // What was read of it until then takes up none.
        assert_eq!(room.0.available_permits(), 4);
        let body = r#"{"message":{"type":"hang"}}"#;
        let Ok(Said::Told("hang", message)) = Said::of(body.as_bytes()) else { panic!("not told") };
        let message = message.keeping(kept);
        assert!(six().await.is_err());
        drop(message);
        assert!(six().await.is_ok());
    }

    #[test]
    fn a_type_that_nobody_knows_is_no_label() {
        let label = |kind: &str| match Said::of(json!({"message": {"type": kind}}).to_string().as_bytes()) {
            Ok(Said::Told(label, _)) => label,
            _ => panic!("not told"),
        };
        assert_eq!(label("status-update"), "status-update");
        assert_eq!(label("speech-update"), "speech-update");
        assert_eq!(label("canary"), "other");
    }
}
