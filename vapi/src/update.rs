//! The facts about a call in a message. Only status-updates and the end-of-call report have any.
//!
//! Status, times and cost are in `message`. `message.call` is a snapshot from the beginning of the call: in a report it
//! still has the status `ringing`, and no times.

use bigdecimal::{BigDecimal, Zero};
use serde_json::Value;

use crate::{
    call::{CallState, SentimentLabel},
    field,
    join::{Latest, MessageRank, Milestone, Newest, Phase},
    message::{CallKind, Envelope, Kind},
    private::Private,
    structured::Structured,
};

/// The effect of a message: `state` is to be merged into the state of the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallUpdate {
    /// Vapi's id of the call.
    pub vapi_call_id: String,
    /// The facts about it.
    pub state: CallState,
}

impl Envelope {
    /// The facts about the call; `None` if the message names no call or has no facts.
    pub fn call_update(&self) -> Option<CallUpdate> {
        let vapi_call_id = self.call.vapi_call_id.clone()?;
        let state = match self.kind {
            Kind::StatusUpdate => self.status_update()?,
            Kind::EndOfCallReport => self.end_of_call_report(),
            Kind::AssistantRequest | Kind::Other(_) => return None,
        };
        let heard_at = state.ended_at.get().or_else(|| state.started_at.get()).or(self.timestamp);
        Some(CallUpdate { vapi_call_id, state: CallState { heard_at: Newest::new(heard_at), ..state } })
    }

    fn status_update(&self) -> Option<CallState> {
        let status = self.status()?;
        let phase = Phase::of_status(&status);
        let seen_in = |milestone| Milestone::seen(self.timestamp.filter(|_| phase == milestone));
        Some(CallState {
            started_at: seen_in(Phase::InProgress),
            ended_at: seen_in(Phase::Ended),
            ..self.state_in(phase, status)
        })
    }

    fn end_of_call_report(&self) -> CallState {
        let message = self.message();
        let structured = Structured::of(message);
        let rank = MessageRank::new(Phase::Reported, self.timestamp);
        let ended_at = Milestone::stated(field::timestamp(&message["endedAt"]));
        CallState {
            started_at: Milestone::stated(field::timestamp(&message["startedAt"])),
            // A report without the time follows soon after the end.
            ended_at: ended_at.join(Milestone::seen(self.timestamp)),
            duration_seconds: Latest::new(rank, duration_seconds(message)),
            sentiment_label: Latest::new(rank, sentiment_label(&structured)),
            sentiment_score: Latest::new(rank, sentiment_score(&structured)),
            cost_cents: Latest::new(rank, cost_cents(message)),
            ..self.state_in(Phase::Reported, "ended".to_owned())
        }
    }

    /// The facts that a message of any phase may have.
    fn state_in(&self, phase: Phase, vapi_status: String) -> CallState {
        let message = self.message();
        let rank = MessageRank::new(phase, self.timestamp);
        let summary = field::text(&message["analysis"]["summary"])
            .or_else(|| field::text(&message["summary"]))
            .or_else(|| Structured::of(message).find("summary", field::text));
        CallState {
            vapi_status: Latest::new(rank, Some(vapi_status)),
            direction: Latest::new(rank, self.call.call_kind.and_then(CallKind::direction)),
            is_test_call: self.call.is_test_call,
            summary: Latest::new(rank, summary.map(Private::from)),
            ended_reason: Latest::new(rank, field::short(&message["endedReason"])),
            customer_number: Latest::new(rank, self.call.customer_number.clone()),
            customer_name: Latest::new(rank, self.call.customer_name.clone()),
            ..CallState::default()
        }
    }
}

/// The difference of the report's times, or else its own duration fields, which its schema does not promise.
fn duration_seconds(message: &Value) -> Option<i32> {
    let between_times = || {
        let (start, end) = (field::timestamp(&message["startedAt"])?, field::timestamp(&message["endedAt"])?);
        Some(BigDecimal::new((end.as_micros() - start.as_micros()).into(), 6))
    };
    let from_seconds = || field::decimal(&message["durationSeconds"]);
    let from_millis = || Some(field::decimal(&message["durationMs"])? * BigDecimal::new(1.into(), 3));
    let from_minutes = || Some(field::decimal(&message["durationMinutes"])? * BigDecimal::from(60));
    let usable = |seconds: &BigDecimal| *seconds >= BigDecimal::zero();
    between_times()
        .filter(usable)
        .or_else(|| from_seconds().filter(usable))
        .or_else(|| from_millis().filter(usable))
        .or_else(|| from_minutes().filter(usable))
        .and_then(|seconds| field::whole(&seconds))
}

/// The cost in cents; `message.cost` is in US dollars.
fn cost_cents(message: &Value) -> Option<i32> {
    field::whole(&(field::decimal(&message["cost"])? * BigDecimal::from(100)))
}

fn sentiment_label(structured: &Structured<'_>) -> Option<SentimentLabel> {
    let label = |word: &Value| {
        let word = field::text(word)?;
        SentimentLabel::ALL.into_iter().find(|label| word.trim().eq_ignore_ascii_case(label.as_str()))
    };
    structured.find("sentimentLabel", label).or_else(|| structured.find("sentiment", label))
}

fn sentiment_score(structured: &Structured<'_>) -> Option<BigDecimal> {
    structured.find("sentimentScore", |score| {
        field::decimal(score).filter(|score| (BigDecimal::zero()..=BigDecimal::from(1)).contains(score))
    })
}
