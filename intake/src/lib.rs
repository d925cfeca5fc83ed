//! Intake: messages are taken in batches. Many share one transaction and one flush of the disk, and each has its own
//! outcome. [`Intake`] collects what arrives, [`take`] writes a batch, [`replay`]
//! writes what was parked.

mod batch;
mod calls;
mod pulse;
mod queue;
mod replay;

use std::sync::Arc;

use readmodel::{ids::OrgId, phone::PhoneNumber, time::Timestamp, version::Receipt};
use store::intake::{Event, Told};
use tokio::sync::OwnedSemaphorePermit;
use vapi::{CallRef, CallUpdate, Envelope, Kind};

pub use batch::take;
pub use queue::Intake;
pub use replay::{Replayed, replay};

/// A message, made ready to be stored.
#[derive(Debug)]
pub struct Message {
    dedupe_key: String,
    kind: Kind,
    call: CallRef,
    /// When Vapi sent it.
    sent_at: Option<Timestamp>,
    /// When it came, if that was not just now.
    received_at: Option<Timestamp>,
    update: Option<CallUpdate>,
    body: Redacted,
    /// Given back when nobody has the message any more.
    _room: Option<OwnedSemaphorePermit>,
}

/// A body without its secrets, as JSON. It is full of people still.
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
    /// A message that came some time ago, and has its effect only now.
    #[must_use]
    pub fn received_at(self, at: Timestamp) -> Self {
        Self { received_at: Some(at), ..self }
    }

    /// A message that takes up room until it is stored, whoever waits for that.
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

    fn told(&self, org: OrgId) -> Told<'_> {
        let vapi_call_id = self.call.vapi_call_id.as_deref();
        Told { vapi_call_id, org, phone: self.phone(), heard_at: self.heard_at() }
    }

    /// The customer's number, by its key.
    fn phone(&self) -> Option<String> {
        PhoneNumber::parse(self.call.customer_number.as_ref()?.as_str()).key()
    }

    /// When the two sides were in contact, as far as the message tells.
    fn heard_at(&self) -> Option<Timestamp> {
        let told = self.update.as_ref().and_then(|update| update.state.heard_at.get());
        told.or(self.sent_at).or(self.received_at)
    }
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Taken, with its effect.
    Accepted(Receipt),
    /// Taken before.
    Duplicate(Receipt),
    /// Taken, and kept until one of our maps has its assistant or number.
    Parked(Receipt),
    /// Taken, and kept until the source takes its effect, which it refuses as it is.
    Refused(Receipt),
}

impl Outcome {
    /// The label of the metric.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Accepted(_) => "accepted",
            Self::Duplicate(_) => "duplicate",
            Self::Parked(_) => "parked",
            Self::Refused(_) => "refused",
        }
    }

    /// What whoever sent it is handed.
    pub const fn receipt(&self) -> Receipt {
        match self {
            Self::Accepted(receipt) | Self::Duplicate(receipt) | Self::Parked(receipt) | Self::Refused(receipt) => {
                *receipt
            }
        }
    }
}

/// Why a message was not taken. It may be sent again.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NotTaken {
    /// Too many wait already.
    #[error("too many messages wait")]
    Full,
    /// Messages are taken no more.
    #[error("the intake has ended")]
    Ended,
    /// Postgres did not answer in time. It may take the message yet.
    #[error("postgres takes too long")]
    Late,
    /// There is no way to Postgres.
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
    /// No fault of the message: what comes next will not be taken either.
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Store(error) => error.is_outage(),
            Self::Full | Self::Ended | Self::Late | Self::Unreachable(_) => true,
        }
    }

    /// Sent again, the message will be refused again: Postgres does not take its body.
    pub fn is_for_good(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_for_good())
    }

    /// The source's rules do not let its effect in, or nobody may write it.
    fn is_refusal(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_refusal())
    }

    /// Somebody else changed the same rows meanwhile.
    fn is_superseded(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_superseded())
    }

    /// Somebody else holds the rows of the message's call or caller.
    fn is_blocked(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_blocked())
    }
}
