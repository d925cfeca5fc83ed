//! What the messages of a batch say of calls and callers: as much as if they came one by one, written once.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use readmodel::{ids::OrgId, time::Timestamp};
use serde_json::Value;
use store::intake::{CallRow, Caller, Callers, Intake};
use vapi::{CallState, CallUpdate};

use crate::Message;

/// The new messages that say something of a call, in the order of their arrival.
#[derive(Default)]
pub(super) struct Effects<'a>(Vec<Effect<'a>>);

struct Effect<'a> {
    org: OrgId,
    message: &'a Message,
    update: &'a CallUpdate,
}

/// A call of the batch.
struct Call<'a> {
    org: OrgId,
    state: CallState,
    /// Of the message that tells of the call first.
    assistant_id: Option<&'a str>,
    /// When it was first heard of; `None` is now.
    created_at: Option<Timestamp>,
    /// The first phone that is known of the customer, whose contact the call belongs to.
    caller: Option<String>,
}

/// What the calls come to.
#[derive(Default)]
struct Merged<'a> {
    calls: BTreeMap<&'a str, Call<'a>>,
    callers: Callers,
}

impl<'a> Effects<'a> {
    /// Adds what a message says of a call of `org`.
    pub(super) fn add(&mut self, org: OrgId, message: &'a Message, update: &'a CallUpdate) {
        self.0.push(Effect { org, message, update });
    }

    /// Merges it into what is known of the calls, and shows the result in the source.
    pub(super) async fn write(self, intake: &mut Intake) -> Result<(), store::Error> {
        if self.0.is_empty() {
            return Ok(());
        }
        let named: BTreeSet<_> = self.0.iter().map(|effect| effect.update.vapi_call_id.as_str()).collect();
        let mut known = intake.call_states(&named).await?;
        let mut merged = Merged::default();
        for effect in &self.0 {
            merged.merge(effect, &mut known);
        }
        let calls: Vec<_> = merged.calls.iter().map(|(vapi_call_id, call)| call.row(vapi_call_id)).collect();
        if !calls.is_empty() {
            intake.write_calls(&calls, &merged.callers).await?;
        }
        Ok(())
    }
}

impl<'a> Merged<'a> {
    /// A call stays with the org that it was first known of.
    fn merge(&mut self, effect: &Effect<'a>, known: &mut HashMap<String, (OrgId, Value)>) {
        let vapi_call_id = effect.update.vapi_call_id.as_str();
        let in_batch = self.calls.get(vapi_call_id).map(|call| call.org);
        let owner = in_batch.or_else(|| known.get(vapi_call_id).map(|(owner, _)| *owner));
        if let Some(owner) = owner.filter(|owner| *owner != effect.org) {
            tracing::warn!(org = %effect.org, %owner, "a message names a call of another org; its effect is left out");
            return;
        }
        let call = self.calls.entry(vapi_call_id).or_insert_with(|| Call {
            org: effect.org,
            state: known
                .remove(vapi_call_id)
                .and_then(|(_, state)| serde_json::from_value(state).ok())
                .unwrap_or_default(),
            assistant_id: effect.message.call.assistant_id.as_deref(),
            created_at: effect.message.received_at,
            caller: None,
        });
        call.state = std::mem::take(&mut call.state).merge(effect.update.state.clone());
        let Some(phone) = call.state.customer_number.get().map(|phone| phone.as_str()) else { return };
        call.caller.get_or_insert_with(|| phone.to_owned());
        let name = call.state.customer_name.get().map(|name| name.as_str());
        let at = call.state.heard_at.get().or(effect.message.received_at);
        meet(&mut self.callers, (effect.org, phone.to_owned()), name, at);
    }
}

/// The first name that is known, and the latest instant: a call without any was heard of just now.
fn meet(callers: &mut Callers, who: (OrgId, String), name: Option<&str>, at: Option<Timestamp>) {
    let caller = callers.entry(who).or_insert(Caller { name: None, at });
    if caller.name.is_none() {
        caller.name = name.map(str::to_owned);
    }
    caller.at = caller.at.zip(at).map(|(one, other)| one.max(other));
}

impl Call<'_> {
    fn row<'a>(&'a self, vapi_call_id: &'a str) -> CallRow<'a> {
        let state = &self.state;
        CallRow {
            org: self.org,
            state: serde_json::to_value(state).unwrap_or_default(),
            caller: self.caller.as_deref(),
            vapi_call_id,
            phone_number: state.customer_number.get().map(|number| number.as_str()),
            call_direction: state.direction.get().map(|direction| direction.as_str()),
            status: state.status(),
            duration_seconds: state.duration_seconds.get().copied(),
            sentiment_label: state.sentiment_label.get().map(|label| label.as_str()),
            sentiment_score: state.sentiment_score.get(),
            summary: state.summary.get().map(|summary| summary.as_str()),
            ended_reason: state.ended_reason.get().map(String::as_str),
            cost_cents: state.cost_cents.get().copied(),
            is_test_call: state.is_test_call,
            started_at: state.started_at.get(),
            ended_at: state.ended_at.get(),
            created_at: self.created_at,
            assistant_id: self.assistant_id,
        }
    }
}
