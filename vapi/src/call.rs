//! The state of a call, and the merge of two states.

use bigdecimal::BigDecimal;
use serde::{Deserialize, Serialize};

use crate::{
    ended_reason::call_status,
    join::{Latest, Milestone, Newest, Phase},
    private::Private,
};

/// The direction of a call, as in `calls.call_direction`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// The customer called.
    Inbound,
    /// The assistant called.
    Outbound,
}

impl Direction {
    /// The text in `calls.call_direction`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }
}

/// The sentiment of a call, as in `calls.sentiment_label`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SentimentLabel {
    /// Positive.
    Positive,
    /// Neutral.
    Neutral,
    /// Negative.
    Negative,
}

impl SentimentLabel {
    /// All labels.
    pub const ALL: [Self; 3] = [Self::Positive, Self::Neutral, Self::Negative];

    /// The text in `calls.sentiment_label`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Positive => "positive",
            Self::Neutral => "neutral",
            Self::Negative => "negative",
        }
    }
}

/// The facts about a call that one message tells, or several merged. The default has none.
///
/// States form a join-semilattice under [`CallState::merge`], which is commutative, associative and idempotent. So the
/// messages
/// of a call may arrive late, twice and in any order, and merge to the same state. For each field:
///
/// - the message of the later [`Phase`] wins; within a phase the one sent later; at one instant the greater value;
/// - absent never overwrites present;
/// - `started_at` and `ended_at` take the instant that a report states, or else the earliest that a message implies;
/// - `heard_at` is the latest instant of any message;
/// - `is_test_call` is true once any message says so.
///
/// The serialised form includes the message behind each field, so that a stored state can be merged further.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CallState {
    /// Vapi's status; see [`CallState::status`] for ours.
    pub vapi_status: Latest<String>,
    /// Unknown for web calls, which take the direction of their agent.
    pub direction: Latest<Direction>,
    /// Whether the metadata has `is_test_call`, as for calls that our console starts.
    pub is_test_call: bool,
    /// When the call was answered.
    pub started_at: Milestone,
    /// When the call ended.
    pub ended_at: Milestone,
    /// When caller and agent were last in contact: the end or start of the call, or the time of the message.
    pub heard_at: Newest,
    /// In whole seconds, never negative.
    pub duration_seconds: Latest<i32>,
    /// The sentiment as a word. Absent is not the same as neutral.
    pub sentiment_label: Latest<SentimentLabel>,
    /// The sentiment from 0 to 1.
    pub sentiment_score: Latest<BigDecimal>,
    /// A summary of the conversation; not blank.
    pub summary: Latest<Private>,
    /// Vapi's reason, as free text.
    pub ended_reason: Latest<String>,
    /// The cost in US cents.
    pub cost_cents: Latest<i32>,
    /// The customer's phone number, in E.164 where the conversion is certain.
    pub customer_number: Latest<Private>,
    /// The customer's name.
    pub customer_name: Latest<Private>,
}

impl CallState {
    /// Merges two states of the same call.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        Self {
            vapi_status: self.vapi_status.join(other.vapi_status),
            direction: self.direction.join(other.direction),
            is_test_call: self.is_test_call || other.is_test_call,
            started_at: self.started_at.join(other.started_at),
            ended_at: self.ended_at.join(other.ended_at),
            heard_at: self.heard_at.join(other.heard_at),
            duration_seconds: self.duration_seconds.join(other.duration_seconds),
            sentiment_label: self.sentiment_label.join(other.sentiment_label),
            sentiment_score: self.sentiment_score.join(other.sentiment_score),
            summary: self.summary.join(other.summary),
            ended_reason: self.ended_reason.join(other.ended_reason),
            cost_cents: self.cost_cents.join(other.cost_cents),
            customer_number: self.customer_number.join(other.customer_number),
            customer_name: self.customer_name.join(other.customer_name),
        }
    }

    /// The state without the caller's identity and the conversation.
    #[must_use]
    pub fn without_caller(self) -> Self {
        Self {
            customer_number: Latest::default(),
            customer_name: Latest::default(),
            summary: Latest::default(),
            ..self
        }
    }

    /// Whether `other` would change the row of the call. A different message or time with the same facts does not.
    pub fn learns_from(&self, other: &Self) -> bool {
        let merged = self.clone().merge(other.clone());
        merged.shown() != self.shown()
    }

    /// The fields that the row of the call shows.
    fn shown(&self) -> impl PartialEq {
        (
            (self.status(), self.direction.get(), self.is_test_call, self.started_at.get(), self.ended_at.get()),
            (self.duration_seconds.get(), self.sentiment_label.get(), self.sentiment_score.get(), self.summary.get()),
            (self.ended_reason.get(), self.cost_cents.get(), self.customer_number.get(), self.customer_name.get()),
        )
    }

    /// The latest known phase; `None` if nothing is known.
    pub fn phase(&self) -> Option<Phase> {
        self.vapi_status.rank().map(|rank| rank.phase())
    }

    /// The text for `calls.status`: Vapi's status while the call is going on, then the kind of ending that its reason
    /// means. `None` if nothing is known.
    pub fn status(&self) -> Option<&str> {
        if self.phase()? >= Phase::Ended {
            return Some(call_status(self.ended_reason.get().map_or("", String::as_str)));
        }
        self.vapi_status.get().map(String::as_str)
    }
}
