//! The effects of a batch on calls and callers: the same as if its messages came one by one, but written once.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use metrics::counter;
use monitoring::names::CONTACTS_REFUSED_TOTAL;
use readmodel::{ids::OrgId, phone::PhoneNumber, time::Timestamp};
use serde_json::Value;
use store::intake::{CallRow, Caller, Callers, ContactWrites, Erased, IntakeTransaction};
use vapi::CallState;

use crate::Message;

/// The new messages about calls, in the order of their arrival.
#[derive(Default)]
pub(super) struct Effects<'a>(Vec<Effect<'a>>);

struct Effect<'a> {
    org: OrgId,
    message: &'a Message,
    vapi_call_id: &'a str,
    state: &'a CallState,
    /// Whether the caller is erased: then the call keeps nothing of the caller.
    of_erased: bool,
}

/// A call of the batch, with its messages merged.
struct Call<'a> {
    org: OrgId,
    state: CallState,
    /// The assistant of the first message about the call.
    assistant_id: Option<&'a str>,
    /// When the call was first heard of; `None` is now.
    created_at: Option<Timestamp>,
    /// The key of the customer's first known phone; the call belongs to the contact with that phone.
    caller: Option<String>,
}

/// The merged calls of the batch, with their callers.
#[derive(Default)]
struct Merged<'a> {
    calls: BTreeMap<&'a str, Call<'a>>,
    callers: Callers,
}

impl<'a> Effects<'a> {
    /// Adds the effect of a message on a call of `org`, without erased parts.
    pub(super) fn add(&mut self, org: OrgId, message: &'a Message, erased: Option<Erased>) {
        let Some(update) = &message.update else { return };
        if erased != Some(Erased::Call) {
            let (vapi_call_id, state) = (update.vapi_call_id.as_str(), &update.state);
            self.0.push(Effect { org, message, vapi_call_id, state, of_erased: erased.is_some() });
        }
    }

    /// Merges the effects into the states of the calls, and writes the result to the source.
    pub(super) async fn write(self, intake: &mut IntakeTransaction, writes: ContactWrites) -> Result<(), store::Error> {
        if self.0.is_empty() {
            return Ok(());
        }
        let named: BTreeSet<_> = self.0.iter().map(|effect| effect.vapi_call_id).collect();
        let mut known = intake.call_states(&named).await?;
        let mut merged = Merged::default();
        for effect in &self.0 {
            merged.merge(effect, &mut known);
        }
        let calls: Vec<_> = merged.calls.iter().map(|(vapi_call_id, call)| call.row(vapi_call_id)).collect();
        if !calls.is_empty() {
            for sqlstate in intake.write_calls(&calls, &merged.callers, writes).await? {
                note_refused(&sqlstate);
            }
        }
        Ok(())
    }
}

impl<'a> Merged<'a> {
    /// Merges one effect. A call belongs to the first org that named it; effects from other orgs are dropped.
    fn merge(&mut self, effect: &Effect<'a>, known: &mut HashMap<String, (OrgId, Value)>) {
        let vapi_call_id = effect.vapi_call_id;
        let in_batch = self.calls.get(vapi_call_id).map(|call| call.org);
        let owner = in_batch.or_else(|| known.get(vapi_call_id).map(|(owner, _)| *owner));
        if let Some(owner) = owner.filter(|owner| *owner != effect.org) {
            tracing::warn!(org = %effect.org, %owner, "a message names a call of another org; its effect is dropped");
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
        let merged = std::mem::take(&mut call.state).merge(effect.state.clone());
        call.state = if effect.of_erased { merged.without_caller() } else { merged };
        let Some((key, number)) = call.number() else { return };
        call.caller.get_or_insert_with(|| key.clone());
        let name = call.state.customer_name.get().map(|name| name.as_str());
        let at = call.state.heard_at.get().or(effect.message.received_at);
        meet(&mut self.callers, (effect.org, key), &number, name, at);
    }
}

/// Adds a call to its caller: keeps the first name and the latest instant (none means now), and prefers the spelling
/// that is certain.
fn meet(callers: &mut Callers, who: (OrgId, String), number: &PhoneNumber, name: Option<&str>, at: Option<Timestamp>) {
    let phone = || number.text().unwrap_or_default().to_owned();
    let caller =
        callers.entry(who).or_insert_with(|| Caller { phone: phone(), digits: number.digits(), name: None, at });
    if matches!(number, PhoneNumber::Certain(_)) {
        caller.phone = phone();
    }
    if caller.name.is_none() {
        caller.name = name.map(str::to_owned);
    }
    caller.at = caller.at.zip(at).map(|(one, other)| one.max(other));
}

/// Counts a refused contact by the class of its SQLSTATE. The message is left out, since it may quote the row.
fn note_refused(sqlstate: &str) {
    let reason = match sqlstate {
        "23502" => "not_null",
        "23505" | "23P01" => "unique",
        "23514" => "check",
        code if code.starts_with("22") => "value",
        code if code.starts_with("42") => "privilege",
        code if code.starts_with("P0") => "trigger",
        _ => "other",
    };
    counter!(CONTACTS_REFUSED_TOTAL, "reason" => reason).increment(1);
    tracing::warn!(reason, sqlstate, "the source refuses a contact; its call is kept without it");
}

impl Call<'_> {
    /// The customer's number and its key, unless the number is withheld.
    fn number(&self) -> Option<(String, PhoneNumber)> {
        let number = PhoneNumber::parse(self.state.customer_number.get()?.as_str());
        Some((number.key()?, number))
    }

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
