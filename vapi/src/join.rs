//! Facts about a call that arrive in any order, more than once.
//!
//! Each fact is an `Option` of a totally ordered piece of evidence, and joining two takes the greater. A maximum does not
//! depend on order, grouping or repetition, and `None` is below everything: absent never overwrites present.

use std::cmp::Reverse;

use readmodel::time::Timestamp;
use serde::{Deserialize, Serialize};

/// How far a call had come when a message told of it. The order is that of a call's life, so that whatever arrives
/// late, a call that has ended stays ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// A status that Vapi has added since, or one outside a call's life (`not-found`, `deletion-failed`).
    Unknown,
    /// To be made at a later time.
    Scheduled,
    /// Waiting for a free line.
    Queued,
    /// The other side's phone rings.
    Ringing,
    /// The assistant talks.
    InProgress,
    /// Being handed to a person.
    Forwarding,
    /// Over; the report is still to come.
    Ended,
    /// Over, and the end-of-call report is in.
    Reported,
}

impl Phase {
    /// The phase that a status-update's status stands for.
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

/// Which message says so: one of a later phase is believed over one of an earlier phase, and within a phase the one
/// that was sent later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Told {
    phase: Phase,
    /// When the message was sent, in microseconds since the Unix epoch.
    at: Option<i64>,
}

impl Told {
    pub(crate) fn new(phase: Phase, at: Option<Timestamp>) -> Self {
        Self { phase, at: at.map(Timestamp::as_micros) }
    }

    pub(crate) fn phase(self) -> Phase {
        self.phase
    }
}

/// A value and the message that told it. The order of the fields is the order of belief; two messages of one phase and
/// one instant that differ are settled by the greater value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Fact<T> {
    told: Told,
    value: T,
}

/// A field of a call, as the message of the latest phase tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Latest<T>(Option<Fact<T>>);

impl<T> Latest<T> {
    pub(crate) fn new(told: Told, value: Option<T>) -> Self {
        Self(value.map(|value| Fact { told, value }))
    }

    /// The value, if any message told one.
    pub fn get(&self) -> Option<&T> {
        self.0.as_ref().map(|fact| &fact.value)
    }

    pub(crate) fn told(&self) -> Option<Told> {
        self.0.as_ref().map(|fact| fact.told)
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

/// An instant in a call's life: what the report states goes before what a message's own time suggests; then the
/// earliest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Milestone(Option<Evidence>);

/// The order of the fields is the order of belief.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Evidence {
    stated: bool,
    /// Microseconds since the Unix epoch.
    at: Reverse<i64>,
}

impl Milestone {
    /// The instant as a report states it.
    pub(crate) fn stated(at: Option<Timestamp>) -> Self {
        Self::new(true, at)
    }

    /// The instant as the sending time of a message suggests it.
    pub(crate) fn seen(at: Option<Timestamp>) -> Self {
        Self::new(false, at)
    }

    fn new(stated: bool, at: Option<Timestamp>) -> Self {
        Self(at.map(|at| Evidence { stated, at: Reverse(at.as_micros()) }))
    }

    /// The instant, if any message told or suggested one.
    pub fn get(&self) -> Option<Timestamp> {
        self.0.as_ref().map(|evidence| Timestamp::from_micros(evidence.at.0))
    }

    pub(crate) fn join(self, other: Self) -> Self {
        Self(self.0.max(other.0))
    }
}

/// The latest instant that any message of a call tells of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Newest(Option<i64>);

impl Newest {
    pub(crate) fn new(at: Option<Timestamp>) -> Self {
        Self(at.map(Timestamp::as_micros))
    }

    /// The instant, if any message told one.
    pub fn get(&self) -> Option<Timestamp> {
        self.0.map(Timestamp::from_micros)
    }

    pub(crate) fn join(self, other: Self) -> Self {
        Self(self.0.max(other.0))
    }
}
