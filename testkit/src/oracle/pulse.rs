//! `pulse`: the org's numbers.

use std::collections::BTreeMap;

use bigdecimal::BigDecimal;
use readmodel::ids::OrgId;

use super::clock::{HOUR, local_date, rfc3339, zone};
use super::json::Json;
use super::number;
use super::world::{Call, Direction, Micros, World, instant};

/// The length of the hourly chart before the hour of the build.
const WINDOW_HOURS: Micros = 168;

pub(super) fn model(world: &World, org: OrgId, as_of: Micros) -> Json {
    let hourly = ("hourly", hourly(world, org, as_of));
    Json::object(totals(world, org, as_of).into_iter().chain([hourly]))
}

/// Everything but the hourly chart, whose window moves without setting a deadline.
pub(super) fn totals(world: &World, org: OrgId, as_of: Micros) -> Vec<(&'static str, Json)> {
    let calls: Vec<&Call> = world.real_calls(org).collect();
    let inbound = inbound(&calls);
    let answered = calls.iter().filter(|call| call.duration_seconds.is_some_and(|s| s > 0)).count();
    let scores: Vec<BigDecimal> =
        calls.iter().filter_map(|call| call.sentiment_score.as_ref()?.counted()).cloned().collect();
    let pipeline: BigDecimal =
        world.actionable(org).filter_map(|contact| contact.estimated_value.as_ref()?.counted()).sum();
    vec![
        ("total_calls", calls.len().into()),
        ("inbound_calls", inbound.len().into()),
        ("outbound_calls", (calls.len() - inbound.len()).into()),
        ("answered_calls", answered.into()),
        ("avg_duration_seconds", avg_duration_seconds(&calls)),
        ("appointments_booked", world.live_appointments(org).count().into()),
        ("avg_sentiment", number::mean(&scores, 4).unwrap_or_else(|| 0.into())),
        ("success_rate", success_rate(world, org, &inbound)),
        ("pipeline_value", number::rounded(&pipeline, 1, 2)),
        ("hot_leads_count", world.hot_leads(org).count().into()),
        ("calls_today", calls_today(world, org, &calls, as_of).into()),
    ]
}

fn inbound<'a>(calls: &[&'a Call]) -> Vec<&'a Call> {
    calls.iter().copied().filter(|call| call.call_direction == Direction::Inbound).collect()
}

fn avg_duration_seconds(calls: &[&Call]) -> Json {
    let durations: Vec<BigDecimal> =
        calls.iter().filter_map(|call| call.duration_seconds).map(BigDecimal::from).collect();
    number::mean(&durations, 0).unwrap_or_else(|| 0.into())
}

fn success_rate(world: &World, org: OrgId, inbound: &[&Call]) -> Json {
    if inbound.is_empty() {
        return 0.into();
    }
    let booked = inbound.iter().filter(|call| led_to_appointment(world, org, call)).count();
    number::rounded(&(BigDecimal::from(booked as u64) * 100), inbound.len(), 1)
}

fn led_to_appointment(world: &World, org: OrgId, call: &Call) -> bool {
    let Some(began) = call.started_at.and_then(instant).or(instant(call.created_at)) else { return false };
    let Some(contact) = world.contact(org, call.contact_id) else { return false };
    let since_then = |at| instant(at).is_some_and(|at| at >= began);
    world.live_appointments(org).any(|booking| booking.contact_id == Some(contact.id) && since_then(booking.created_at))
}

fn calls_today(world: &World, org: OrgId, calls: &[&Call], as_of: Micros) -> usize {
    let zone = zone(world, org);
    let today = local_date(as_of, &zone);
    let instants = calls.iter().filter_map(|call| instant(call.created_at));
    instants.filter(|at| local_date(*at, &zone) == today).count()
}

fn hourly(world: &World, org: OrgId, as_of: Micros) -> Json {
    let hour = |at: Micros| at.div_euclid(HOUR);
    let mut hours: BTreeMap<Micros, Vec<&Call>> = BTreeMap::new();
    for call in world.real_calls(org) {
        let Some(at) = instant(call.created_at) else { continue };
        if hour(at) >= hour(as_of) - WINDOW_HOURS {
            hours.entry(hour(at)).or_default().push(call);
        }
    }
    Json::array(hours.into_iter().map(|(hour, calls)| {
        Json::object([
            ("hour", rfc3339(hour * HOUR)),
            ("calls", calls.len().into()),
            ("inbound", inbound(&calls).len().into()),
            ("avg_duration_seconds", avg_duration_seconds(&calls)),
        ])
    }))
}
