//! `/call`, and the course of calls.

use std::time::Duration;

use axum::http::StatusCode;
use readmodel::time::Timestamp;
use serde_json::{Value, json};

use crate::{
    answer::Answer,
    clock::text,
    config::Config,
    object::{Object, instant, stamp},
    query::Query,
    refusal::Refusal,
    schema::{WEB_CALL, faults, is_uuid},
    world::World,
};

/// A web call that nobody has joined ends after this.
const JOIN_TIMEOUT: Duration = Duration::from_secs(15);

/// The kind of connection of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallKind {
    /// The customer called one of our numbers.
    Inbound,
    /// The assistant called the customer.
    Outbound,
    /// A browser is connected.
    Web,
}

impl CallKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "inboundPhoneCall",
            Self::Outbound => "outboundPhoneCall",
            Self::Web => "webCall",
        }
    }
}

/// A new call.
#[derive(Clone, Debug)]
pub struct NewCall {
    /// The kind of connection.
    pub kind: CallKind,
    /// The assistant that answers.
    pub assistant_id: Option<String>,
    /// Vapi's id of our number.
    pub phone_number_id: Option<String>,
    /// The customer's number.
    pub customer_number: Option<String>,
}

/// The end of a call.
#[derive(Clone, Debug)]
pub struct CallEnd {
    /// Vapi's `endedReason`.
    pub reason: String,
    /// The duration of the call.
    pub duration: Duration,
    /// The summary of the conversation.
    pub summary: String,
    /// The cost in US dollars.
    pub cost: f64,
}

pub(crate) fn create_web(world: &mut World, config: &Config, body: &Object, now: Timestamp) -> Answer {
    let faults = faults(WEB_CALL, body);
    if !faults.is_empty() {
        return Err(Refusal::bad_request(faults));
    }
    check_assistant(world, body)?;
    if world.frozen {
        let message = "Wallet Balance is -0.52. Purchase More Credits Or Upgrade Your Plan.";
        return Err(Refusal::new(StatusCode::PAYMENT_REQUIRED, message));
    }
    let taken = live(world);
    let blocked = taken >= config.concurrency_limit;
    let limits = json!({
        "concurrencyBlocked": blocked,
        "concurrencyLimit": config.concurrency_limit,
        "remainingConcurrentCalls": config.concurrency_limit.saturating_sub(taken),
    });
    if blocked && !config.blocked_calls_are_answered {
        return Err(Refusal::bad_request("Over Concurrency Limit.").with("subscriptionLimits", limits));
    }
    let mut call = body.clone();
    call.retain(|_, value| !value.is_null());
    call.insert("type".to_owned(), CallKind::Web.as_str().into());
    call.insert("cost".to_owned(), 0.into());
    call.insert("status".to_owned(), if blocked { "ended" } else { "queued" }.into());
    add(world, &mut call, now);
    let mut shown = show(&call);
    shown["subscriptionLimits"] = limits;
    Ok((StatusCode::CREATED, shown))
}

fn check_assistant(world: &World, body: &Object) -> Result<(), Refusal> {
    let names = |name: &str| body.get(name).filter(|value| !value.is_null());
    match names("assistantId").and_then(Value::as_str) {
        Some(id) if world.assistants.get(id).is_none() => Err(Refusal::no_such_assistant(StatusCode::BAD_REQUEST, id)),
        None if ["assistant", "squad", "squadId"].iter().all(|name| names(name).is_none()) => {
            let message = "Couldn't Get Assistant. Need Either `assistant`, `assistantId`, `squad`, Or `squadId`.";
            Err(Refusal::bad_request(message))
        }
        _ => Ok(()),
    }
}

pub(crate) fn list(world: &World, query: &str) -> Answer {
    Ok((StatusCode::OK, Query::parse(query, &["id", "assistantId", "phoneNumberId"])?.run(&world.calls, show)))
}

pub(crate) fn get(world: &World, id: &str) -> Answer {
    let call = world.calls.get(id).map(|call| (StatusCode::OK, show(call)));
    call.ok_or_else(|| {
        let fault = if is_uuid(&id.into()) { StatusCode::NOT_FOUND } else { StatusCode::BAD_REQUEST };
        Refusal::new(fault, format!("Couldn't Get Call. `callId` {id} Does Not Exist."))
    })
}

/// Ends the web calls that nobody joined in time.
pub(crate) fn end_unjoined(world: &mut World, now: Timestamp) {
    for call in world.calls.iter_mut().filter(|call| is(call, "queued") && is_late(call, now)) {
        call.insert("status".to_owned(), "ended".into());
        call.insert("endedAt".to_owned(), text(now).into());
        call.insert("updatedAt".to_owned(), text(now).into());
        let reason = "call.in-progress.error-assistant-did-not-receive-customer-audio";
        call.insert("endedReason".to_owned(), reason.into());
    }
}

fn is_late(call: &Object, now: Timestamp) -> bool {
    instant(call, "createdAt").is_some_and(|made| plus(made, JOIN_TIMEOUT) <= now)
}

/// Adds a call that is under way; returns its id.
pub(crate) fn begin(world: &mut World, new: &NewCall, now: Timestamp) -> String {
    let mut call = Object::new();
    call.insert("type".to_owned(), new.kind.as_str().into());
    let texts = [("assistantId", &new.assistant_id), ("phoneNumberId", &new.phone_number_id)];
    for (name, text) in texts {
        if let Some(text) = text {
            call.insert(name.to_owned(), text.as_str().into());
        }
    }
    if let Some(number) = &new.customer_number {
        call.insert("customer".to_owned(), json!({"number": number}));
    }
    call.insert("cost".to_owned(), 0.into());
    call.insert("status".to_owned(), "in-progress".into());
    call.insert("startedAt".to_owned(), text(now).into());
    add(world, &mut call, now)
}

/// Joins a web call; false if it cannot be joined.
pub(crate) fn join(world: &mut World, id: &str, now: Timestamp) -> bool {
    let Some(call) = world.calls.get_mut(id).filter(|call| is(call, "queued")) else {
        return false;
    };
    call.insert("status".to_owned(), "in-progress".into());
    call.insert("startedAt".to_owned(), text(now).into());
    call.insert("updatedAt".to_owned(), text(now).into());
    true
}

/// Ends a call; false if it was not under way.
pub(crate) fn end(world: &mut World, id: &str, end: &CallEnd) -> bool {
    let Some(call) = world.calls.get_mut(id).filter(|call| is(call, "in-progress")) else {
        return false;
    };
    let ended = instant(call, "startedAt").map(|started| plus(started, end.duration));
    let ended = ended.map(text).unwrap_or_default();
    call.insert("status".to_owned(), "ended".into());
    call.insert("endedAt".to_owned(), ended.as_str().into());
    call.insert("updatedAt".to_owned(), ended.into());
    call.insert("endedReason".to_owned(), end.reason.as_str().into());
    call.insert("cost".to_owned(), end.cost.into());
    call.insert("analysis".to_owned(), json!({"summary": end.summary, "successEvaluation": "true"}));
    call.insert("artifact".to_owned(), json!({"transcript": format!("AI: {}\n", end.summary), "messages": []}));
    true
}

pub(crate) fn show(call: &Object) -> Value {
    Value::Object(call.clone())
}

fn add(world: &mut World, call: &mut Object, now: Timestamp) -> String {
    let id = world.new_call_id(now);
    stamp(call, id.clone(), world.org_id.clone(), now);
    if call.get("type").and_then(Value::as_str) == Some(CallKind::Web.as_str()) {
        let room = format!("https://rooms.standin.invalid/{id}");
        call.insert("webCallUrl".to_owned(), room.as_str().into());
        call.insert("transport".to_owned(), json!({"provider": "daily", "callUrl": room}));
    }
    let monitor = |scheme: &str, what: &str| format!("{scheme}://monitor.standin.invalid/{id}/{what}");
    let monitor = json!({"listenUrl": monitor("wss", "listen"), "controlUrl": monitor("https", "control")});
    call.insert("monitor".to_owned(), monitor);
    world.calls.add(call.clone());
    id
}

fn live(world: &World) -> usize {
    world.calls.iter().filter(|call| !is(call, "ended")).count()
}

fn is(call: &Object, status: &str) -> bool {
    call.get("status").and_then(Value::as_str) == Some(status)
}

fn plus(at: Timestamp, by: Duration) -> Timestamp {
    Timestamp::from_micros(at.as_micros().saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
}
