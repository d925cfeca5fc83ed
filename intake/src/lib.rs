//! Intake of webhooks. Messages are stored in batches: many share one transaction and one flush of the disk, and each
//! has its own outcome. [`Intake`] collects messages as they arrive, [`take`] writes a batch, [`replay`] writes what
//! was parked.

mod batch;
mod calls;
mod queue;
mod recent_failure;
mod replay;

use std::sync::Arc;

use readmodel::{ids::OrgId, phone::PhoneNumber, time::Timestamp, version::Receipt};
use store::intake::{CallMention, Event};
use tokio::sync::OwnedSemaphorePermit;
use vapi::{CallRef, CallUpdate, Envelope, Kind};

pub use batch::take;
pub use queue::Intake;
pub use replay::{Replayed, replay};

/// A message that is ready to be stored.
#[derive(Debug)]
pub struct Message {
    dedupe_key: String,
    kind: Kind,
    call: CallRef,
    /// When Vapi sent it.
    sent_at: Option<Timestamp>,
    /// When it arrived, if not just now.
    received_at: Option<Timestamp>,
    update: Option<CallUpdate>,
    body: Redacted,
    /// Given back when the message is dropped.
    _room: Option<OwnedSemaphorePermit>,
}

/// A body as JSON, without its secrets. It still holds personal data.
struct Redacted(String);

impl std::fmt::Debug for Redacted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[private]")
    }
}

impl From<Envelope> for Message {
    fn from(envelope: Envelope) -> Self {
        Self {
            dedupe_key: envelope.dedupe_key(),
            kind: envelope.kind.clone(),
            call: envelope.call.clone(),
            sent_at: envelope.timestamp,
            received_at: None,
            update: envelope.call_update(),
            body: Redacted(envelope.into_redacted_body().to_string()),
            _room: None,
        }
    }
}

impl Message {
    /// Sets the arrival of a message that takes effect only now.
    #[must_use]
    pub fn received_at(self, at: Timestamp) -> Self {
        Self { received_at: Some(at), ..self }
    }

    /// Keeps a permit until the message is stored, even if its sender has gone.
    #[must_use]
    pub fn keeping(self, room: OwnedSemaphorePermit) -> Self {
        Self { _room: Some(room), ..self }
    }

    fn event(&self) -> Event<'_> {
        Event {
            dedupe_key: &self.dedupe_key,
            kind: self.kind.as_str(),
            vapi_call_id: self.call.vapi_call_id.as_deref(),
            assistant_id: self.call.assistant_id.as_deref(),
            phone_number_id: self.call.phone_number_id.as_deref(),
            body: &self.body.0,
            phone: self.phone(),
            heard_at: self.heard_at(),
        }
    }

    fn mention(&self, org: OrgId) -> CallMention<'_> {
        let vapi_call_id = self.call.vapi_call_id.as_deref();
        CallMention { vapi_call_id, org, phone: self.phone(), heard_at: self.heard_at() }
    }

    /// The customer's number, by its key.
    fn phone(&self) -> Option<String> {
        PhoneNumber::parse(self.call.customer_number.as_ref()?.as_str()).key()
    }

    /// When caller and agent were in contact, as far as the message says.
    fn heard_at(&self) -> Option<Timestamp> {
        let heard_at = self.update.as_ref().and_then(|update| update.state.heard_at.get());
        heard_at.or(self.sent_at).or(self.received_at)
    }
}

/// The outcome of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Stored with its effect.
    Accepted(Receipt),
    /// Stored before.
    Duplicate(Receipt),
    /// Stored, and parked until one of our maps has its assistant or number.
    Parked(Receipt),
    /// Stored, and parked until the source accepts its effect.
    Refused(Receipt),
}

impl Outcome {
    /// The label of metrics.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Accepted(_) => "accepted",
            Self::Duplicate(_) => "duplicate",
            Self::Parked(_) => "parked",
            Self::Refused(_) => "refused",
        }
    }

    /// The receipt for the sender.
    pub const fn receipt(&self) -> Receipt {
        match self {
            Self::Accepted(receipt) | Self::Duplicate(receipt) | Self::Parked(receipt) | Self::Refused(receipt) => {
                *receipt
            }
        }
    }
}

/// Why a message was not taken. The sender may try again.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NotTaken {
    /// Too many messages are waiting.
    #[error("too many messages are waiting")]
    Full,
    /// The intake has stopped.
    #[error("the intake has stopped")]
    Ended,
    /// Postgres did not answer in time. It may still store the message.
    #[error("postgres takes too long")]
    Late,
    /// Postgres cannot be reached.
    #[error("no connection to postgres")]
    Unreachable(#[source] Arc<store::Error>),
    /// Postgres refused.
    #[error(transparent)]
    Store(#[from] Arc<store::Error>),
}

impl From<store::Error> for NotTaken {
    fn from(error: store::Error) -> Self {
        Self::Store(Arc::new(error))
    }
}

impl NotTaken {
    /// Whether the cause is not the message, so that the next one would not be taken either.
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Store(error) => error.is_outage(),
            Self::Full | Self::Ended | Self::Late | Self::Unreachable(_) => true,
        }
    }

    /// Whether Postgres will refuse the message again.
    pub fn is_permanent(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_permanent())
    }

    /// Whether the source's rules or privileges refuse the effect.
    fn is_refusal(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_refusal())
    }

    /// Whether another transaction changed the same rows first.
    fn is_superseded(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_superseded())
    }

    /// Whether another transaction holds the rows of the call or the caller.
    fn is_blocked(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_blocked())
    }
}
