//! `activity`: the newest ten events among calls, hot leads and appointments.

use std::cmp::Reverse;

use readmodel::ids::OrgId;

use super::clock::{rfc3339, shown};
use super::json::Json;
use super::text;
use super::world::{Appointment, Call, Contact, Direction, Micros, World, instant};

const LIMIT: usize = 10;
const UNKNOWN: &str = "Unknown";

struct Event {
    id: String,
    kind: &'static str,
    at: Option<Micros>,
    summary: String,
    metadata: Json,
}

pub(super) fn model(world: &World, org: OrgId) -> Json {
    let calls = world.real_calls(org).map(|call| call_completed(world, call));
    let leads = world.hot_leads(org).map(hot_lead_detected);
    let appointments = world.live_appointments(org).map(|appointment| appointment_booked(world, appointment));
    let mut events: Vec<Event> = calls.chain(leads).chain(appointments).collect();
    events.sort_by_key(|event| Reverse((event.at, event.id.clone())));
    let newest = events.into_iter().take(LIMIT).map(|event| {
        Json::object([
            ("id", event.id.into()),
            ("type", event.kind.into()),
            ("timestamp", event.at.map(rfc3339).into()),
            ("summary", event.summary.into()),
            ("metadata", event.metadata),
        ])
    });
    Json::object([("events", Json::array(newest))])
}

fn call_completed(world: &World, call: &Call) -> Event {
    let contact = world.contact(call.org_id, call.contact_id);
    let name = text::other(contact.and_then(|contact| contact.name.as_deref()).unwrap_or(UNKNOWN));
    let duration = call.duration_seconds.unwrap_or(0);
    let minutes = duration.div_euclid(60);
    let summary = match call.call_direction {
        Direction::Inbound => format!("📲 Call from {name} - {minutes}m"),
        Direction::Outbound => format!("📞 Call to {name} - {minutes}m"),
    };
    Event {
        id: format!("call_{}", call.id),
        kind: "call_completed",
        at: instant(call.created_at),
        summary,
        metadata: Json::object([
            ("caller_name", name.into()),
            ("call_direction", call.call_direction.as_str().into()),
            ("sentiment_label", text::other(call.sentiment_label.as_deref().unwrap_or("neutral")).into()),
            ("sentiment_summary", text::summary(call.summary.as_deref().unwrap_or("Call completed")).into()),
            ("sentiment_urgency", "low".into()),
            ("duration_seconds", duration.into()),
        ]),
    }
}

fn hot_lead_detected(lead: &Contact) -> Event {
    let name = text::other(lead.name.as_deref().unwrap_or(UNKNOWN));
    let interests = lead.service_interests.as_deref().unwrap_or_default();
    Event {
        id: format!("hotlead_{}", lead.id),
        kind: "hot_lead_detected",
        at: lead.last_contact_at.and_then(instant).or(instant(lead.created_at)),
        summary: format!("🔥 Hot lead: {name}"),
        metadata: Json::object([
            ("lead_name", name.into()),
            ("lead_phone", lead.phone.as_deref().map(text::other).into()),
            ("service_interest", interests.first().and_then(|interest| interest.as_deref()).map(text::other).into()),
            ("lead_score", lead.lead_score.into()),
            ("call_id", Json::Null),
        ]),
    }
}

fn appointment_booked(world: &World, appointment: &Appointment) -> Event {
    let contact = world.contact(appointment.org_id, appointment.contact_id);
    let name = contact.and_then(|contact| contact.name.as_deref()).map(text::other);
    let service = appointment.service_type.as_deref().map(text::other);
    let title = name.as_deref().or(service.as_deref()).unwrap_or(UNKNOWN);
    Event {
        id: format!("appointment_{}", appointment.id),
        kind: "appointment_booked",
        at: instant(appointment.created_at),
        summary: format!("📅 Appointment for {title}"),
        metadata: Json::object([
            ("customer_name", name.as_deref().unwrap_or(UNKNOWN).into()),
            ("scheduled_at", appointment.scheduled_at.map(shown).into()),
            ("contact_phone", contact.and_then(|contact| contact.phone.as_deref()).map(text::other).into()),
            ("service_type", service.into()),
        ]),
    }
}
