//! The envelope of a webhook: the type of its message, and its call.
//!
//! Messages are matched by hand on `message.type`, every field is optional and unknown types are kept: Vapi adds types
//! and enum values at any time, sends some that its schema lacks, and the classes generated from its schema are wrong.

use std::fmt;

use readmodel::{phone::PhoneNumber, time::Timestamp};
use serde_json::Value;
use xxhash_rust::xxh3::xxh3_128;

use crate::{call::Direction, field, private::Private, redact::redact, surrogates};

/// The largest accepted body. Conversation updates repeat the whole history and reach megabytes.
pub const MAX_BODY_BYTES: usize = 25 * 1024 * 1024;

/// The longest unknown message type that is kept whole.
const MAX_KIND_CHARS: usize = 64;

/// Why a body is no message. The texts name the fault and its place, and quote no content.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// Larger than [`MAX_BODY_BYTES`].
    #[error("the body has {0} bytes; at most {MAX_BODY_BYTES} are accepted")]
    TooLarge(usize),
    /// Not JSON, nested too deeply, or with a number that no double can hold.
    #[error("the body is not readable as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A necessary part is missing or has another type.
    #[error("{part} is not {expected}")]
    WrongType {
        /// Its path in the body.
        part: &'static str,
        /// The type it should have.
        expected: &'static str,
    },
}

const STATUS_UPDATE: &str = "status-update";
const END_OF_CALL_REPORT: &str = "end-of-call-report";
const ASSISTANT_REQUEST: &str = "assistant-request";

/// The types that Vapi is known to send.
pub const KNOWN_KINDS: [&str; 33] = [
    ASSISTANT_REQUEST,
    "assistant.speechStarted",
    "assistant.started",
    "call.artifact.upload",
    "call.delete.failed",
    "call.deleted",
    "call.endpointing.request",
    "campaign.predial",
    "chat.created",
    "chat.deleted",
    "conversation-update",
    END_OF_CALL_REPORT,
    "function-call",
    "handoff-destination-request",
    "hang",
    "knowledge-base-request",
    "language-change-detected",
    "language-changed",
    "model-output",
    "phone-call-control",
    "session.created",
    "session.deleted",
    "session.updated",
    "speech-update",
    STATUS_UPDATE,
    "tool-calls",
    "transcript",
    "transcript[transcriptType=\"final\"]",
    "transfer-destination-request",
    "transfer-update",
    "user-interrupted",
    "voice-input",
    "voice-request",
];

/// The type of a message: `message.type`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `status-update`: the call has reached another phase.
    StatusUpdate,
    /// `end-of-call-report`: times, cost and analysis.
    EndOfCallReport,
    /// `assistant-request`: Vapi asks which assistant answers a call, and waits for the answer.
    AssistantRequest,
    /// Any other type, up to 64 characters of it.
    Other(String),
}

impl Kind {
    fn of(text: &str) -> Self {
        match text {
            STATUS_UPDATE => Self::StatusUpdate,
            END_OF_CALL_REPORT => Self::EndOfCallReport,
            ASSISTANT_REQUEST => Self::AssistantRequest,
            other => Self::Other(other.chars().take(MAX_KIND_CHARS).collect()),
        }
    }

    /// The text of `message.type`, if Vapi is known to send it.
    pub fn known(&self) -> Option<&'static str> {
        KNOWN_KINDS.into_iter().find(|known| *known == self.as_str())
    }

    /// The text of `message.type`.
    pub fn as_str(&self) -> &str {
        match self {
            Self::StatusUpdate => STATUS_UPDATE,
            Self::EndOfCallReport => END_OF_CALL_REPORT,
            Self::AssistantRequest => ASSISTANT_REQUEST,
            Self::Other(text) => text,
        }
    }
}

/// The kind of connection: `message.call.type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallKind {
    /// `inboundPhoneCall`
    InboundPhone,
    /// `outboundPhoneCall`
    OutboundPhone,
    /// `webCall`: a browser.
    Web,
    /// `vapi.websocketCall`: raw audio over a socket.
    Websocket,
    /// Any other kind.
    Other,
}

impl CallKind {
    fn of(text: &str) -> Self {
        match text {
            "inboundPhoneCall" => Self::InboundPhone,
            "outboundPhoneCall" => Self::OutboundPhone,
            "webCall" => Self::Web,
            "vapi.websocketCall" => Self::Websocket,
            _ => Self::Other,
        }
    }

    /// The direction of a phone call; other calls take the direction of their agent.
    pub fn direction(self) -> Option<Direction> {
        match self {
            Self::InboundPhone => Some(Direction::Inbound),
            Self::OutboundPhone => Some(Direction::Outbound),
            Self::Web | Self::Websocket | Self::Other => None,
        }
    }
}

/// The call that a message is about, with the ids that identify its org.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRef {
    /// Vapi's id of the call.
    pub vapi_call_id: Option<String>,
    /// The stored assistant of the call; a transient one has no id.
    pub assistant_id: Option<String>,
    /// Vapi's id of our phone number.
    pub phone_number_id: Option<String>,
    /// Our phone number.
    pub our_number: Option<Private>,
    /// The customer's phone number, in E.164 where the conversion is certain; none for a withheld number or a web call.
    pub customer_number: Option<Private>,
    /// The customer's name.
    pub customer_name: Option<Private>,
    /// The kind of connection.
    pub call_kind: Option<CallKind>,
    /// Whether the metadata of the call, or of the assistant's overrides, has `is_test_call`, as for calls that our
    /// console starts. Web calls as such are business calls.
    pub is_test_call: bool,
}

impl CallRef {
    fn of(message: &Value) -> Self {
        let call = &message["call"];
        let either = |first: &Value, second: &Value| field::short(first).or_else(|| field::short(second));
        let call_kind = field::short(&call["type"]).map(|text| CallKind::of(&text));
        let number = |customer: &Value| field::short(&customer["number"]).or_else(|| field::short(&customer["sipUri"]));
        let customer_number = number(&message["customer"]).or_else(|| number(&call["customer"]));
        let marked = |metadata: &Value| metadata["is_test_call"] == Value::Bool(true);
        Self {
            vapi_call_id: field::short(&call["id"]),
            assistant_id: either(&call["assistantId"], &message["assistant"]["id"]),
            phone_number_id: either(&call["phoneNumberId"], &message["phoneNumber"]["id"]),
            our_number: either(&message["phoneNumber"]["number"], &call["phoneNumber"]["number"]).map(Private::from),
            customer_number: customer_number
                .and_then(|number| PhoneNumber::parse(&number).text().map(str::to_owned))
                .map(Private::from),
            customer_name: either(&message["customer"]["name"], &call["customer"]["name"]).map(Private::from),
            call_kind,
            is_test_call: marked(&call["metadata"]) || marked(&call["assistantOverrides"]["metadata"]),
        }
    }
}

/// The parsed body of a webhook. It gives the body away only redacted.
pub struct Envelope {
    /// The type of the message.
    pub kind: Kind,
    /// The call of the message.
    pub call: CallRef,
    /// When Vapi sent it.
    pub timestamp: Option<Timestamp>,
    /// Whether this is a listed call rather than a message of Vapi's.
    pub(crate) is_listed: bool,
    body: Value,
}

impl Envelope {
    /// Parses a webhook's body, `{"message": {"type": …, …}}`.
    pub fn parse(body: &[u8]) -> Result<Self, ParseError> {
        if body.len() > MAX_BODY_BYTES {
            return Err(ParseError::TooLarge(body.len()));
        }
        Self::from_json(read(body)?)
    }

    /// Reads a body that was parsed before, such as a stored one.
    pub fn from_json(mut body: Value) -> Result<Self, ParseError> {
        replace_nul(&mut body);
        let message = &body["message"];
        if !message.is_object() {
            return Err(ParseError::WrongType { part: "message", expected: "an object" });
        }
        let Value::String(kind) = &message["type"] else {
            return Err(ParseError::WrongType { part: "message.type", expected: "a string" });
        };
        Ok(Self {
            kind: Kind::of(kind),
            call: CallRef::of(message),
            timestamp: field::timestamp(&message["timestamp"]),
            is_listed: false,
            body,
        })
    }

    /// The key of an event, the same for each repetition: `<vapi call id>/<type>/<discriminator>`.
    ///
    /// The discriminator is empty for the report, of which a call has one. For a status-update it is the status and the
    /// time of sending: a call may reach a status twice, and the stored event must not depend on which arrives first.
    /// For everything else it is a hash of the body. The call's id alone would not do, since a call has several
    /// messages. A listed call has the key `<vapi call id>/listed/<time of its change>`, which must not collide with
    /// the report's.
    pub fn dedupe_key(&self) -> String {
        let kind = self.kind.as_str();
        let Some(call) = &self.call.vapi_call_id else {
            return format!("-/{kind}/{}", self.body_hash());
        };
        match (&self.kind, self.status(), self.timestamp) {
            (.., Some(at)) if self.is_listed => format!("{call}/listed/{}", at.as_micros()),
            (Kind::EndOfCallReport, ..) => format!("{call}/{kind}"),
            (Kind::StatusUpdate, Some(status), Some(at)) => format!("{call}/{kind}/{status}/{}", at.as_micros()),
            _ => format!("{call}/{kind}/{}", self.body_hash()),
        }
    }

    /// The body with its secrets replaced, fit to be stored.
    pub fn into_redacted_body(self) -> Value {
        let mut body = self.body;
        redact(&mut body);
        body
    }

    /// The message object.
    pub(crate) fn message(&self) -> &Value {
        &self.body["message"]
    }

    /// The status of a status-update.
    pub(crate) fn status(&self) -> Option<String> {
        field::short(&self.message()["status"])
    }

    /// xxh3-128 of the body with sorted keys and no white space, in hexadecimal.
    fn body_hash(&self) -> String {
        let mut canonical = self.body.clone();
        canonical.sort_all_objects();
        format!("{:032x}", xxh3_128(canonical.to_string().as_bytes()))
    }
}

impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope")
            .field("kind", &self.kind)
            .field("call", &self.call)
            .field("timestamp", &self.timestamp)
            .finish_non_exhaustive()
    }
}

/// Parses a body. Lone surrogates are replaced, so that they do not cost the rest of the body.
fn read(body: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_slice(body).or_else(|error| match surrogates::replace_lone(body) {
        Some(mended) => serde_json::from_slice(&mended),
        None => Err(error),
    })
}

/// Replaces U+0000 by U+FFFD in strings and keys: JSON allows it, and Postgres cannot store it.
fn replace_nul(value: &mut Value) {
    let without_nul = |text: String| if text.contains('\0') { text.replace('\0', "\u{FFFD}") } else { text };
    match value {
        Value::String(text) => *text = without_nul(std::mem::take(text)),
        Value::Array(items) => items.iter_mut().for_each(replace_nul),
        Value::Object(fields) => {
            if fields.keys().any(|key| key.contains('\0')) {
                *fields = std::mem::take(fields).into_iter().map(|(key, value)| (without_nul(key), value)).collect();
            }
            fields.values_mut().for_each(replace_nul);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
