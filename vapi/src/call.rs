//! The known state of one call, and the merge of two such states.

use bigdecimal::BigDecimal;
use serde::{Deserialize, Serialize};

use crate::{
    ended_reason::call_status,
    join::{Latest, Milestone, Newest, Phase},
    private::Private,
};

/// Who called whom, as `calls.call_direction` has it.
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

/// The mood of a call, as `calls.sentiment_label` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SentimentLabel {
    /// Good.
    Positive,
    /// Neither.
    Neutral,
    /// Bad.
    Negative,
}

impl SentimentLabel {
    /// Every label.
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

/// What one message, or several merged, say about a call. The default knows nothing.
///
/// States form a join-semilattice under [`CallState::merge`]: it is commutative, associative and idempotent, so a call's
/// messages may arrive late, twice and in any order, and fold to the same state. Per field:
///
/// - the message of the later [`Phase`] wins; within a phase the one sent later; at one instant the greater value;
/// - absent never overwrites present;
/// - `started_at` and `ended_at` take what a report states, else the earliest time a message suggests;
/// - `heard_at` is the latest instant of any message;
/// - `is_test_call` is true once any message says so.
///
/// Serialised, it remembers which message told each field, so a stored state goes on merging where it stopped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CallState {
    /// Vapi's own word; see [`CallState::status`] for ours.
    pub vapi_status: Latest<String>,
    /// Unknown for web calls: there the agent's own direction decides.
    pub direction: Latest<Direction>,
    /// One marked `is_test_call` in its metadata, as those are that our console starts.
    pub is_test_call: bool,
    /// When the two sides were connected.
    pub started_at: Milestone,
    /// When the call was over.
    pub ended_at: Milestone,
    /// When the two sides were last in contact, as far as any message tells: its call's end or start, or its own time.
    pub heard_at: Newest,
    /// Whole seconds, never negative.
    pub duration_seconds: Latest<i32>,
    /// The mood in a word. Absent is absent: nobody's mood is neutral by default.
    pub sentiment_label: Latest<SentimentLabel>,
    /// The mood from 0 to 1.
    pub sentiment_score: Latest<BigDecimal>,
    /// What was said, in a few sentences; not blank.
    pub summary: Latest<Private>,
    /// Vapi's reason, free text.
    pub ended_reason: Latest<String>,
    /// What the call cost, in US cents.
    pub cost_cents: Latest<i32>,
    /// The customer's phone number, in E.164 where that is certain.
    pub customer_number: Latest<Private>,
    /// The customer's name.
    pub customer_name: Latest<Private>,
}

impl CallState {
    /// Both states' knowledge of the same call.
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

    /// The same, but for who called and what was said.
    #[must_use]
    pub fn without_caller(self) -> Self {
        Self {
            customer_number: Latest::default(),
            customer_name: Latest::default(),
            summary: Latest::default(),
            ..self
        }
    }

    /// Whether `other` tells anything that does not show already. Who tells it, and when, does not count.
    pub fn learns_from(&self, other: &Self) -> bool {
        let merged = self.clone().merge(other.clone());
        merged.shown() != self.shown()
    }

    /// The row to show of the call.
    fn shown(&self) -> impl PartialEq {
        (
            (self.status(), self.direction.get(), self.is_test_call, self.started_at.get(), self.ended_at.get()),
            (self.duration_seconds.get(), self.sentiment_label.get(), self.sentiment_score.get(), self.summary.get()),
            (self.ended_reason.get(), self.cost_cents.get(), self.customer_number.get(), self.customer_name.get()),
        )
    }

    /// How far the call has come; `None` when nothing is known.
    pub fn phase(&self) -> Option<Phase> {
        self.vapi_status.told().map(|told| told.phase())
    }

    /// The text for `calls.status`: Vapi's own word while the call lives, and once it is over the kind of end that its
    /// reason tells. `None` when nothing is known.
    pub fn status(&self) -> Option<&str> {
        if self.phase()? >= Phase::Ended {
            return Some(call_status(self.ended_reason.get().map_or("", String::as_str)));
        }
        self.vapi_status.get().map(String::as_str)
    }
}
