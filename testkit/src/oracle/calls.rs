//! `calls`: the first page of the calls list.

use std::cmp::Reverse;

use readmodel::ids::OrgId;

use super::clock::shown;
use super::json::Json;
use super::number;
use super::text;
use super::world::{Call, Direction, World, instant};

const LIMIT: usize = 20;
const UNKNOWN: &str = "Unknown";

pub(super) fn model(world: &World, org: OrgId, call_type: Option<Direction>) -> Json {
    let mut calls: Vec<&Call> = world
        .real_calls(org)
        .filter(|call| call_type.is_none_or(|direction| call.call_direction == direction))
        .collect();
    calls.sort_by_key(|call| Reverse((instant(call.created_at), call.id)));
    let pagination = Json::object([
        ("page", 1.into()),
        ("limit", LIMIT.into()),
        ("total", calls.len().into()),
        ("pages", calls.len().div_ceil(LIMIT).into()),
    ]);
    let rows = calls.into_iter().take(LIMIT).map(|call| row(world, call));
    Json::object([("calls", Json::array(rows)), ("pagination", pagination)])
}

fn row(world: &World, call: &Call) -> Json {
    let other = |value: &Option<String>| value.as_deref().map(text::other);
    let phone = other(&call.phone_number).unwrap_or_else(|| UNKNOWN.to_owned());
    let contact = world.contact(call.org_id, call.contact_id);
    let name = contact.and_then(|contact| other(&contact.name));
    let summary = call.summary.as_deref().map(text::summary);
    let score = call.sentiment_score.as_ref().and_then(number::Numeric::counted);
    Json::object([
        ("id", call.id.to_string().into()),
        ("phone_number", phone.clone().into()),
        ("caller_name", name.unwrap_or(phone).into()),
        ("call_date", shown(call.created_at)),
        ("duration_seconds", call.duration_seconds.unwrap_or(0).into()),
        ("status", other(&call.status).unwrap_or_else(|| "completed".to_owned()).into()),
        ("call_direction", call.call_direction.as_str().into()),
        ("has_recording", false.into()),
        ("recording_status", Json::Null),
        ("has_transcript", false.into()),
        ("sentiment_score", score.map(number::plain).into()),
        ("sentiment_label", other(&call.sentiment_label).into()),
        ("sentiment_summary", summary.clone().into()),
        ("sentiment_urgency", Json::Null),
        ("outcome", Json::Null),
        ("outcome_summary", summary.into()),
        ("call_type", call.call_direction.as_str().into()),
        ("cost_cents", call.cost_cents.unwrap_or(0).into()),
        ("ended_reason", other(&call.ended_reason).into()),
        ("tools_used", Json::array([])),
        ("has_appointment", false.into()),
        ("appointment_id", Json::Null),
        ("appointment_scheduled_at", Json::Null),
        ("appointment_status", Json::Null),
        ("appointment_service_type", Json::Null),
    ])
}
