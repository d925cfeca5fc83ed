//! `/phone-number`

use axum::http::StatusCode;
use readmodel::time::Timestamp;
use serde_json::{Value, json};

use crate::{
    answer::Answer,
    object::{Object, patch, stamp},
    query::Query,
    refusal::Refusal,
    schema::{PHONE_NUMBER, faults},
    world::World,
};

pub(crate) fn list(world: &World, query: &str) -> Answer {
    Ok((StatusCode::OK, Query::parse(query, &[])?.run(&world.phone_numbers, show)))
}

pub(crate) fn get(world: &World, id: &str) -> Answer {
    world.phone_numbers.get(id).map(|number| (StatusCode::OK, show(number))).ok_or_else(|| missing(id))
}

pub(crate) fn update(world: &mut World, id: &str, body: Object, now: Timestamp) -> Answer {
    let faults = faults(PHONE_NUMBER, &body);
    if !faults.is_empty() {
        return Err(Refusal::bad_request(faults));
    }
    if let Some(assistant) = body.get("assistantId").and_then(Value::as_str)
        && world.assistants.get(assistant).is_none()
    {
        return Err(Refusal::no_such_assistant(StatusCode::BAD_REQUEST, assistant));
    }
    let number = world.phone_numbers.get_mut(id).ok_or_else(|| missing(id))?;
    patch(number, body, now);
    Ok((StatusCode::OK, show(number)))
}

/// Adds a number of Twilio's, with the secrets that Vapi returns to everyone who lists it.
pub(crate) fn add(world: &mut World, id: &str, number: &str, now: Timestamp) {
    let mut object = Object::new();
    object.insert("provider".to_owned(), "twilio".into());
    object.insert("number".to_owned(), number.into());
    object.insert("status".to_owned(), "active".into());
    object.insert("twilioAccountSid".to_owned(), "AC-standin".into());
    object.insert("twilioAuthToken".to_owned(), json!(format!("twilio-token-{}", world.new_id())));
    stamp(&mut object, id.to_owned(), world.org_id.clone(), now);
    world.phone_numbers.add(object);
}

fn show(number: &Object) -> Value {
    let mut shown = number.clone();
    if let Some(server) = shown.get_mut("server").and_then(Value::as_object_mut) {
        server.remove("secret");
    }
    Value::Object(shown)
}

fn missing(id: &str) -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, format!("Couldn't Get Phone Number. `phoneNumberId` {id} Does Not Exist."))
}
