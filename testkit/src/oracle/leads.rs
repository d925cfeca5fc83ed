//! `leads`: the actionable contacts, most urgent first, with figures from their calls.

use std::cmp::Reverse;

use bigdecimal::BigDecimal;
use readmodel::ids::OrgId;

use super::clock::{DAY, shown};
use super::json::Json;
use super::number;
use super::text;
use super::world::{Call, Contact, Micros, World, instant};

const LIMIT: usize = 50;

/// Urgencies in list order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Urgency {
    High,
    Medium,
    Low,
}

pub(super) fn model(world: &World, org: OrgId, as_of: Micros) -> Json {
    let mut leads: Vec<&Contact> = world.actionable(org).collect();
    // `None` is less than any score or instant, so nulls come last.
    leads.sort_by_key(|lead| {
        (urgency(lead, as_of), Reverse(lead.lead_score), Reverse(instant(lead.created_at)), lead.id)
    });
    let rows = leads.into_iter().take(LIMIT).map(|lead| row(world, lead, as_of));
    Json::object([("leads", Json::array(rows))])
}

fn urgency(lead: &Contact, as_of: Micros) -> Urgency {
    match lead.last_contact_at.and_then(instant) {
        Some(last) if last > as_of - DAY => Urgency::High,
        Some(last) if last > as_of - 7 * DAY => Urgency::Medium,
        _ => Urgency::Low,
    }
}

/// Whether a call belongs to a lead: by its contact, by its phone, or by both, but once.
fn belongs(call: &Call, lead: &Contact) -> bool {
    call.contact_id == Some(lead.id) || (call.phone_number.is_some() && call.phone_number == lead.phone)
}

fn row(world: &World, lead: &Contact, as_of: Micros) -> Json {
    let calls: Vec<&Call> = world.calls_of(lead.org_id).filter(|call| belongs(call, lead)).collect();
    let last = calls.iter().max_by_key(|call| (instant(call.created_at), call.id));
    let urgency = match urgency(lead, as_of) {
        Urgency::High => "high",
        Urgency::Medium => "medium",
        Urgency::Low => "low",
    };
    Json::object([
        ("id", lead.id.to_string().into()),
        ("org_id", lead.org_id.to_string().into()),
        ("contact_name", lead.name.as_deref().map(text::other).into()),
        ("phone_number", lead.phone.as_deref().map(text::other).into()),
        ("email", lead.email.as_deref().map(text::other).into()),
        ("lead_score", lead.lead_score.into()),
        ("lead_status", lead.lead_status.as_ref().into()),
        ("service_interests", service_interests(lead)),
        ("last_contact_at", lead.last_contact_at.map(shown).into()),
        ("created_at", shown(lead.created_at)),
        ("total_calls", calls.len().into()),
        ("last_call_at", last.map(|call| shown(call.created_at)).into()),
        ("avg_call_duration", avg_call_duration(&calls).into()),
        ("sentiment_trend", sentiment_trend(&calls)),
        ("lead_temperature", world.rules.temperature(lead).into()),
        ("lead_temp", world.rules.temperature(lead).into()),
        ("follow_up_urgency", urgency.into()),
        ("last_call_summary", last.and_then(|call| call.summary.as_deref()).map(text::summary).into()),
    ])
}

fn service_interests(lead: &Contact) -> Json {
    lead.service_interests
        .as_ref()
        .map(|interests| Json::array(interests.iter().map(|interest| interest.as_deref().map(text::other).into())))
        .into()
}

fn avg_call_duration(calls: &[&Call]) -> Option<Json> {
    let durations: Vec<BigDecimal> =
        calls.iter().filter_map(|call| call.duration_seconds).map(BigDecimal::from).collect();
    number::mean(&durations, 4)
}

fn sentiment_trend(calls: &[&Call]) -> Json {
    let signs: Vec<BigDecimal> = calls
        .iter()
        .map(|call| match call.sentiment_label.as_deref() {
            Some("positive") => 1,
            Some("negative") => -1,
            _ => 0,
        })
        .map(BigDecimal::from)
        .collect();
    number::mean(&signs, 4).unwrap_or_else(|| 0.into())
}
