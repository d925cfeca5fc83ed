//! Facts about a call, which may arrive in any order and more than once.
//!
//! Each fact is an `Option` of a totally ordered value, and joining two takes the maximum. A maximum does not depend on
//! order, grouping or repetition, and `None` is the minimum, so that absent never overwrites present.

use std::cmp::Reverse;

use readmodel::time::Timestamp;
use serde::{Deserialize, Serialize};

/// The phase of a call when a message was sent, in the order of a call's life. An ended call stays ended, whatever
/// arrives late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// A status that Vapi has added since, or one outside a call's life (`not-found`, `deletion-failed`).
    Unknown,
    /// It will be made later.
    Scheduled,
    /// It waits for a free line.
    Queued,
    /// The other side's phone rings.
    Ringing,
    /// It is answered.
    InProgress,
    /// It is being transferred.
    Forwarding,
    /// It is over; the report is still to come.
    Ended,
    /// It is over, and the end-of-call report has arrived.
    Reported,
}

impl Phase {
    /// The phase for the status in a status-update.
    pub fn of_status(status: &str) -> Self {
        match status {
            "scheduled" => Self::Scheduled,
            "queued" => Self::Queued,
            "ringing" => Self::Ringing,
            "in-progress" => Self::InProgress,
            "forwarding" => Self::Forwarding,
            "ended" => Self::Ended,
            _ => Self::Unknown,
        }
    }
}

/// The rank of a message. A message of a later phase outranks one of an earlier phase, and within a phase the one sent
/// later wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct MessageRank {
    phase: Phase,
    /// When it was sent, in microseconds since the Unix epoch.
    at: Option<i64>,
}

impl MessageRank {
    pub(crate) fn new(phase: Phase, at: Option<Timestamp>) -> Self {
        Self { phase, at: at.map(Timestamp::as_micros) }
    }

    pub(crate) fn phase(self) -> Phase {
        self.phase
    }
}

/// A value and the rank of its message. Compared field by field; of two messages with equal rank the greater value
/// wins.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Fact<T> {
    /// Stored states have it under this name.
    #[serde(rename = "told")]
    rank: MessageRank,
    value: T,
}

/// A field of a call, from the message with the highest rank.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Latest<T>(Option<Fact<T>>);

impl<T> Latest<T> {
    pub(crate) fn new(rank: MessageRank, value: Option<T>) -> Self {
        Self(value.map(|value| Fact { rank, value }))
    }

    /// The value, if any message had one.
    pub fn get(&self) -> Option<&T> {
        self.0.as_ref().map(|fact| &fact.value)
    }

    pub(crate) fn rank(&self) -> Option<MessageRank> {
        self.0.as_ref().map(|fact| fact.rank)
    }
}

impl<T: Ord> Latest<T> {
    pub(crate) fn join(self, other: Self) -> Self {
        Self(self.0.max(other.0))
    }
}

impl<T> Default for Latest<T> {
    fn default() -> Self {
        Self(None)
    }
}

/// An instant in a call's life. An instant stated by a report goes before one implied by a message's time; then the
/// earliest wins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Milestone(Option<Evidence>);

/// An instant and its source. Compared field by field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Evidence {
    stated: bool,
    /// Microseconds since the Unix epoch.
    at: Reverse<i64>,
}

impl Milestone {
    /// An instant that a report states.
    pub(crate) fn stated(at: Option<Timestamp>) -> Self {
        Self::new(true, at)
    }

    /// An instant implied by the time of a message.
    pub(crate) fn seen(at: Option<Timestamp>) -> Self {
        Self::new(false, at)
    }

    fn new(stated: bool, at: Option<Timestamp>) -> Self {
        Self(at.map(|at| Evidence { stated, at: Reverse(at.as_micros()) }))
    }

    /// The instant, if any message stated or implied one.
    pub fn get(&self) -> Option<Timestamp> {
        self.0.as_ref().map(|evidence| Timestamp::from_micros(evidence.at.0))
    }

    pub(crate) fn join(self, other: Self) -> Self {
        Self(self.0.max(other.0))
    }
}

/// The latest instant in any message of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Newest(Option<i64>);

impl Newest {
    pub(crate) fn new(at: Option<Timestamp>) -> Self {
        Self(at.map(Timestamp::as_micros))
    }

    /// The instant, if any message had one.
    pub fn get(&self) -> Option<Timestamp> {
        self.0.map(Timestamp::from_micros)
    }

    pub(crate) fn join(self, other: Self) -> Self {
        Self(self.0.max(other.0))
    }
}
