//! `calls`: the first page of the calls list.

use std::cmp::Reverse;

use readmodel::ids::OrgId;

use super::clock::rfc3339;
use super::json::Json;
use super::number;
use super::world::{Call, Direction, World};

const LIMIT: usize = 20;
const UNKNOWN: &str = "Unknown";

pub(super) fn model(world: &World, org: OrgId, call_type: Option<Direction>) -> Json {
    let mut calls: Vec<&Call> = world
        .real_calls(org)
        .filter(|call| call_type.is_none_or(|direction| call.call_direction == direction))
        .collect();
    calls.sort_by_key(|call| Reverse((call.created_at, call.id)));
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
    let phone = call.phone_number.as_deref();
    let contact = world.contact(call.org_id, call.contact_id);
    let name = contact.and_then(|contact| contact.name.as_deref());
    Json::object([
        ("id", call.id.to_string().into()),
        ("phone_number", phone.unwrap_or(UNKNOWN).into()),
        ("caller_name", name.or(phone).unwrap_or(UNKNOWN).into()),
        ("call_date", rfc3339(call.created_at)),
        ("duration_seconds", call.duration_seconds.unwrap_or(0).into()),
        ("status", call.status.as_deref().unwrap_or("completed").into()),
        ("call_direction", call.call_direction.as_str().into()),
        ("has_recording", false.into()),
        ("recording_status", Json::Null),
        ("has_transcript", false.into()),
        ("sentiment_score", call.sentiment_score.as_ref().map(number::plain).into()),
        ("sentiment_label", call.sentiment_label.as_ref().into()),
        ("sentiment_summary", call.summary.as_ref().into()),
        ("sentiment_urgency", Json::Null),
        ("outcome", Json::Null),
        ("outcome_summary", call.summary.as_ref().into()),
        ("call_type", call.call_direction.as_str().into()),
        ("cost_cents", call.cost_cents.unwrap_or(0).into()),
        ("ended_reason", call.ended_reason.as_ref().into()),
        ("tools_used", Json::array([])),
        ("has_appointment", false.into()),
        ("appointment_id", Json::Null),
        ("appointment_scheduled_at", Json::Null),
        ("appointment_status", Json::Null),
        ("appointment_service_type", Json::Null),
    ])
}
