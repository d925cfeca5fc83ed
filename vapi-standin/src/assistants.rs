//! `/assistant`

use axum::http::StatusCode;
use readmodel::time::Timestamp;
use serde_json::Value;

use crate::{
    answer::Answer,
    object::{Object, patch, stamp},
    query::Query,
    refusal::Refusal,
    schema::{ASSISTANT, faults},
    world::World,
};

pub(crate) fn create(world: &mut World, mut body: Object, now: Timestamp) -> Answer {
    check(&body)?;
    body.retain(|_, value| !value.is_null());
    stamp(&mut body, world.new_id(), world.org_id.clone(), now);
    let answer = show(&body);
    world.assistants.add(body);
    Ok((StatusCode::CREATED, answer))
}

pub(crate) fn list(world: &World, query: &str) -> Answer {
    Ok((StatusCode::OK, Query::parse(query, &[])?.run(&world.assistants, show)))
}

pub(crate) fn get(world: &World, id: &str) -> Answer {
    world.assistants.get(id).map(|assistant| (StatusCode::OK, show(assistant))).ok_or_else(|| missing(id))
}

pub(crate) fn update(world: &mut World, id: &str, body: Object, now: Timestamp) -> Answer {
    check(&body)?;
    let assistant = world.assistants.get_mut(id).ok_or_else(|| missing(id))?;
    patch(assistant, body, now);
    Ok((StatusCode::OK, show(assistant)))
}

pub(crate) fn delete(world: &mut World, id: &str) -> Answer {
    let assistant = world.assistants.remove(id).ok_or_else(|| missing(id))?;
    Ok((StatusCode::OK, show(&assistant)))
}

/// An assistant as Vapi returns it: secrets go in and never come out.
pub(crate) fn show(assistant: &Object) -> Value {
    let mut shown = assistant.clone();
    let old = shown.remove("serverUrlSecret");
    let inline = shown.get_mut("server").and_then(Value::as_object_mut).and_then(|server| server.remove("secret"));
    shown.insert("isServerUrlSecretSet".to_owned(), (old.is_some() || inline.is_some()).into());
    Value::Object(shown)
}

fn check(body: &Object) -> Result<(), Refusal> {
    let faults = faults(ASSISTANT, body);
    if faults.is_empty() { Ok(()) } else { Err(Refusal::bad_request(faults)) }
}

fn missing(id: &str) -> Refusal {
    Refusal::no_such_assistant(StatusCode::NOT_FOUND, id)
}
