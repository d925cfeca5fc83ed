//! The webhooks that Vapi would send for a call.

use std::collections::BTreeMap;

use readmodel::time::Timestamp;
use serde_json::{Value, json};

use crate::{assistants, object::Object, report::end_of_call, world::World};

/// A message to the server of an assistant.
#[derive(Clone, Debug, PartialEq)]
pub struct Webhook {
    /// The URL.
    pub url: String,
    /// The headers, without the content type.
    pub headers: BTreeMap<String, String>,
    /// `{"message": …}`
    pub body: Value,
}

/// All messages of a call so far, in order; none without an assistant that has a server.
pub(crate) fn of_call(world: &World, id: &str) -> Vec<Webhook> {
    let Some(call) = world.calls.get(id) else { return Vec::new() };
    let assistant = call.get("assistantId").and_then(Value::as_str).and_then(|id| world.assistants.get(id));
    let Some(assistant) = assistant else { return Vec::new() };
    let Some(url) = assistant.get("server").and_then(|server| server["url"].as_str()) else { return Vec::new() };
    let number = call.get("phoneNumberId").and_then(Value::as_str).and_then(|id| world.phone_numbers.get(id));
    let shared = json!({
        "call": snapshot(call),
        "assistant": assistants::show(assistant),
        "customer": call.get("customer"),
        "phoneNumber": number,
    });
    let wanted = messages(call).into_iter().filter(|message| wants(assistant, message));
    let hook = |message: Value| Webhook {
        url: url.to_owned(),
        headers: headers(assistant),
        body: json!({"message": merged(message, &shared)}),
    };
    wanted.map(hook).collect()
}

/// The own fields of each message.
fn messages(call: &Object) -> Vec<Value> {
    let field = |name: &str| call.get(name).cloned().unwrap_or(Value::Null);
    let millis = |name: &str| {
        let at = call.get(name).and_then(Value::as_str).and_then(Timestamp::parse);
        at.map_or(0, |at| at.as_micros() / 1000)
    };
    let status = |status: &str, at: i64| json!({"type": "status-update", "status": status, "timestamp": at});
    let mut messages = vec![status("queued", millis("createdAt"))];
    if call.contains_key("startedAt") {
        messages.push(status("in-progress", millis("startedAt")));
    }
    if call.contains_key("endedAt") {
        let mut ended = status("ended", millis("endedAt"));
        ended["endedReason"] = field("endedReason");
        messages.push(ended);
        messages.push(end_of_call(millis("endedAt") + 1, |name| Some(field(name))));
    }
    messages
}

/// The call as it was when it was created: Vapi does not update it in messages.
fn snapshot(call: &Object) -> Value {
    let mut call = call.clone();
    for later in ["startedAt", "endedAt", "endedReason", "analysis", "artifact"] {
        call.remove(later);
    }
    call.insert("status".to_owned(), "queued".into());
    call.insert("updatedAt".to_owned(), call.get("createdAt").cloned().unwrap_or(Value::Null));
    Value::Object(call)
}

/// Whether an assistant wants a message. One without a list gets Vapi's default, which has both of these.
fn wants(assistant: &Object, message: &Value) -> bool {
    assistant.get("serverMessages").and_then(Value::as_array).is_none_or(|wanted| wanted.contains(&message["type"]))
}

fn headers(assistant: &Object) -> BTreeMap<String, String> {
    let server = assistant.get("server");
    let own = server.and_then(|server| server["headers"].as_object()).into_iter().flatten();
    let own = own.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    let secret = server.and_then(|server| server["secret"].as_str());
    own.chain(secret.map(|secret| ("X-Vapi-Secret".to_owned(), secret.to_owned()))).collect()
}

fn merged(mut message: Value, shared: &Value) -> Value {
    for (name, value) in shared.as_object().into_iter().flatten() {
        message[name] = value.clone();
    }
    message
}
