//! The envelope of a webhook: which message it is, and of which call.
//!
//! Dispatch is by hand on `message.type`, every field is optional and unknown types are kept: Vapi adds message types and
//! enum values at any time, sends some that its schema does not have, and its own generated types pick wrong classes.

use std::fmt;

use readmodel::{phone::PhoneNumber, time::Timestamp};
use serde_json::Value;
use xxhash_rust::xxh3::xxh3_128;

use crate::{call::Direction, field, private::Private, redact::redact, surrogates};

/// The largest body that is read. Conversation updates repeat the whole history and reach megabytes.
pub const MAX_BODY_BYTES: usize = 25 * 1024 * 1024;

/// An unknown message type is kept up to this many characters.
const MAX_KIND_CHARS: usize = 64;

/// Why a body is no message. The texts name what is wrong and where, and quote nothing of the content.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// More than [`MAX_BODY_BYTES`].
    #[error("the body has {0} bytes; {MAX_BODY_BYTES} are read")]
    TooLarge(usize),
    /// Not JSON, nested too deeply, or with a number that no double holds.
    #[error("the body is not readable as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A part without which there is no message has another type, or is missing.
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

/// What a message is about: `message.type`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `status-update`: the call has come to another phase.
    StatusUpdate,
    /// `end-of-call-report`: times, cost, analysis.
    EndOfCallReport,
    /// `assistant-request`: who shall take this incoming call? Waits for an answer.
    AssistantRequest,
    /// Any other type, at most 64 characters of it.
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

    /// The text of `message.type`, if it is one that Vapi is known to send.
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

/// How the two sides are connected: `message.call.type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallKind {
    /// `inboundPhoneCall`
    InboundPhone,
    /// `outboundPhoneCall`
    OutboundPhone,
    /// `webCall`: from a browser.
    Web,
    /// `vapi.websocketCall`: raw audio over a socket.
    Websocket,
    /// Any other.
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

    /// Who called whom. A phone call says so; elsewhere the agent's own direction decides.
    pub fn direction(self) -> Option<Direction> {
        match self {
            Self::InboundPhone => Some(Direction::Inbound),
            Self::OutboundPhone => Some(Direction::Outbound),
            Self::Web | Self::Websocket | Self::Other => None,
        }
    }
}

/// The call that a message is about, and what tells whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRef {
    /// Vapi's id of the call.
    pub vapi_call_id: Option<String>,
    /// The stored assistant that takes the call; a transient one has no id.
    pub assistant_id: Option<String>,
    /// Vapi's id of our phone number.
    pub phone_number_id: Option<String>,
    /// Our phone number.
    pub our_number: Option<Private>,
    /// The customer's phone number, in E.164 where that is certain; none of one who withholds it, and of a web call.
    pub customer_number: Option<Private>,
    /// The customer's name.
    pub customer_name: Option<Private>,
    /// How the two sides are connected.
    pub call_kind: Option<CallKind>,
    /// Marked `is_test_call` in the metadata of the call or of the assistant's overrides, as the calls are that our console
    /// starts. A web call as such is business.
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

/// A webhook's body, read. It owns the body and gives it away only redacted.
pub struct Envelope {
    /// What the message is about.
    pub kind: Kind,
    /// The call that it is about.
    pub call: CallRef,
    /// When Vapi sent it.
    pub timestamp: Option<Timestamp>,
    /// No message of Vapi's, but a call as it was listed then.
    pub(crate) is_listed: bool,
    body: Value,
}

impl Envelope {
    /// Reads a webhook's body, `{"message": {"type": …, …}}`.
    pub fn parse(body: &[u8]) -> Result<Self, ParseError> {
        if body.len() > MAX_BODY_BYTES {
            return Err(ParseError::TooLarge(body.len()));
        }
        Self::from_json(read(body)?)
    }

    /// Reads a body that was parsed before, such as one stored by an earlier intake.
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

    /// One key for each event, the same when Vapi sends it again: `<vapi call id>/<type>/<discriminator>`.
    ///
    /// The discriminator is nothing for the report, of which a call has one, a status-update's status and time of sending
    /// (a call may come to one status twice, and then what is stored must not depend on which is told first), and a hash
    /// of the body for everything else. A call sends several messages, so the call's id alone would swallow its report.
    /// A call that was listed is `<vapi call id>/listed/<when it had changed>`: it must not swallow the report either.
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

    /// The body with its secrets replaced: what may be stored.
    pub fn into_redacted_body(self) -> Value {
        let mut body = self.body;
        redact(&mut body);
        body
    }

    /// The message itself.
    pub(crate) fn message(&self) -> &Value {
        &self.body["message"]
    }

    /// A status-update's status.
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

/// A body as JSON. One with half a character somewhere is read without it: the rest must not be lost.
fn read(body: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_slice(body).or_else(|error| match surrogates::mend(body) {
        Some(mended) => serde_json::from_slice(&mended),
        None => Err(error),
    })
}

/// Puts U+FFFD wherever a string or a key has U+0000, which JSON allows and Postgres cannot store.
fn replace_nul(value: &mut Value) {
    let mend = |text: String| if text.contains('\0') { text.replace('\0', "\u{FFFD}") } else { text };
    match value {
        Value::String(text) => *text = mend(std::mem::take(text)),
        Value::Array(items) => items.iter_mut().for_each(replace_nul),
        Value::Object(fields) => {
            if fields.keys().any(|key| key.contains('\0')) {
                *fields = std::mem::take(fields).into_iter().map(|(key, value)| (mend(key), value)).collect();
            }
            fields.values_mut().for_each(replace_nul);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
