//! Small worlds with read models worked out by hand.

mod activity;
mod calls;
mod leads;
mod next_change;
mod pulse;

use readmodel::ids::{AppointmentId, CallId, ContactId, OrgId};
use serde_json::Value;
use uuid::Uuid;

use super::clock::at;
use super::{Appointment, Call, Contact, Direction, Micros, Organization, World};

const ORG: OrgId = OrgId(Uuid::from_u128(0xa));
const OTHER: OrgId = OrgId(Uuid::from_u128(0xb));
const MINUTE: Micros = 60_000_000;

/// The instant of most read models.
fn now() -> Micros {
    at("2026-03-10T12:00:00Z")
}

fn organization(id: OrgId, timezone: Option<&str>) -> Organization {
    Organization { id, name: "Org".into(), timezone: timezone.map(Into::into) }
}

/// A new lead without other values.
fn contact(n: u128) -> Contact {
    Contact {
        id: ContactId(Uuid::from_u128(n)),
        org_id: ORG,
        name: None,
        phone: None,
        email: None,
        lead_score: None,
        lead_status: Some("new".into()),
        service_interests: None,
        estimated_value: None,
        last_contact_at: None,
        created_at: at("2026-01-01T00:00:00Z"),
    }
}

/// An inbound call an hour ago without other values.
fn call(n: u128) -> Call {
    Call {
        id: CallId(Uuid::from_u128(n)),
        org_id: ORG,
        contact_id: None,
        vapi_call_id: None,
        phone_number: None,
        call_direction: Direction::Inbound,
        status: None,
        duration_seconds: None,
        sentiment_label: None,
        sentiment_score: None,
        summary: None,
        ended_reason: None,
        cost_cents: None,
        is_test_call: false,
        started_at: None,
        ended_at: None,
        created_at: at("2026-03-10T11:00:00Z"),
    }
}

/// A pending appointment made half an hour ago without other values.
fn appointment(n: u128) -> Appointment {
    Appointment {
        id: AppointmentId(Uuid::from_u128(n)),
        org_id: ORG,
        contact_id: None,
        service_type: None,
        scheduled_at: None,
        status: Some("pending".into()),
        created_at: at("2026-03-10T11:30:00Z"),
    }
}

/// A world of two orgs with these rows.
fn world(
    contacts: impl IntoIterator<Item = Contact>,
    calls: impl IntoIterator<Item = Call>,
    appointments: impl IntoIterator<Item = Appointment>,
) -> World {
    World::new([organization(ORG, None), organization(OTHER, None)], contacts, calls, appointments)
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

/// The values of one field over the rows of a list.
fn column(bytes: &[u8], list: &str, field: &str) -> Vec<Value> {
    let model: Value = serde_json::from_slice(bytes).unwrap();
    model[list].as_array().unwrap().iter().map(|row| row[field].clone()).collect()
}

/// The row numbers of a list, from the last characters of the ids.
fn ids(bytes: &[u8], list: &str) -> Vec<u64> {
    let number = |id: &Value| u64::from_str_radix(id.as_str().unwrap().rsplit('-').next().unwrap(), 16).unwrap();
    column(bytes, list, "id").iter().map(number).collect()
}

#[test]
fn an_org_without_rows_has_empty_models() {
    let empty_pulse = concat!(
        r#"{"total_calls":0,"inbound_calls":0,"outbound_calls":0,"answered_calls":0,"avg_duration_seconds":0,"#,
        r#""appointments_booked":0,"avg_sentiment":0,"success_rate":0,"pipeline_value":0,"hot_leads_count":0,"#,
        r#""calls_today":0,"hourly":[]}"#,
    );
    let expected = format!(r#"{{"pulse":{empty_pulse},"leads":{{"leads":[]}},"activity":{{"events":[]}},"#)
        + r#""calls":{"calls":[],"pagination":{"page":1,"limit":20,"total":0,"pages":0}}}"#;
    assert_eq!(text(super::dashboard(&World::default(), ORG, now())), expected);
}

#[test]
fn the_dashboard_is_the_four_models_of_one_instant() {
    let world = world([contact(1)], [call(2)], [appointment(3)]);
    let expected = format!(
        r#"{{"pulse":{},"leads":{},"activity":{},"calls":{}}}"#,
        text(super::pulse(&world, ORG, now())),
        text(super::leads(&world, ORG, now())),
        text(super::activity(&world, ORG)),
        text(super::calls(&world, ORG, None)),
    );
    assert_eq!(text(super::dashboard(&world, ORG, now())), expected);
}
