//! `activity`.

use super::super::activity;
use super::*;

#[test]
fn every_kind_of_event_has_its_shape() {
    let hot = Contact {
        name: Some("Zoë".into()),
        phone: Some("+491".into()),
        lead_score: Some(80),
        service_interests: Some(vec![Some("Botox".into()), Some("Laser".into())]),
        last_contact_at: Some(at("2026-03-10T11:59:00Z")),
        ..contact(1)
    };
    let inbound = Call {
        contact_id: Some(hot.id),
        duration_seconds: Some(119),
        sentiment_label: Some("positive".into()),
        summary: Some("Wants\nan appointment".into()),
        ..call(0xc1)
    };
    let booked = Appointment {
        contact_id: Some(hot.id),
        service_type: Some("Laser".into()),
        scheduled_at: Some(at("2026-04-01T08:00:00Z")),
        ..appointment(0xd1)
    };
    let expected = concat!(
        r#"{"events":[{"id":"hotlead_00000000-0000-0000-0000-000000000001","type":"hot_lead_detected","#,
        r#""timestamp":"2026-03-10T11:59:00.000000Z","summary":"🔥 Hot lead: Zoë","metadata":{"lead_name":"Zoë","#,
        r#""lead_phone":"+491","service_interest":"Botox","lead_score":80,"call_id":null}},"#,
        r#"{"id":"appointment_00000000-0000-0000-0000-0000000000d1","type":"appointment_booked","#,
        r#""timestamp":"2026-03-10T11:30:00.000000Z","summary":"📅 Appointment for Zoë","#,
        r#""metadata":{"customer_name":"Zoë","scheduled_at":"2026-04-01T08:00:00.000000Z","contact_phone":"+491","#,
        r#""service_type":"Laser"}},"#,
        r#"{"id":"call_00000000-0000-0000-0000-0000000000c1","type":"call_completed","#,
        r#""timestamp":"2026-03-10T11:00:00.000000Z","summary":"📲 Call from Zoë - 1m","#,
        r#""metadata":{"caller_name":"Zoë","call_direction":"inbound","sentiment_label":"positive","#,
        r#""sentiment_summary":"Wants\nan appointment","sentiment_urgency":"low","duration_seconds":119}}]}"#,
    );
    assert_eq!(text(activity(&world([hot], [inbound], [booked]), ORG)), expected);
}

#[test]
fn unknown_values_take_their_defaults() {
    let hot = Contact { lead_score: Some(100), service_interests: Some(vec![]), ..contact(1) };
    let outbound = Call { call_direction: Direction::Outbound, phone_number: Some("+491".into()), ..call(0xc1) };
    let expected = concat!(
        r#"{"events":[{"id":"appointment_00000000-0000-0000-0000-0000000000d1","type":"appointment_booked","#,
        r#""timestamp":"2026-03-10T11:30:00.000000Z","summary":"📅 Appointment for Unknown","#,
        r#""metadata":{"customer_name":"Unknown","scheduled_at":null,"contact_phone":null,"service_type":null}},"#,
        r#"{"id":"call_00000000-0000-0000-0000-0000000000c1","type":"call_completed","#,
        r#""timestamp":"2026-03-10T11:00:00.000000Z","summary":"📞 Call to Unknown - 0m","#,
        r#""metadata":{"caller_name":"Unknown","call_direction":"outbound","sentiment_label":"neutral","#,
        r#""sentiment_summary":"Call completed","sentiment_urgency":"low","duration_seconds":0}},"#,
        r#"{"id":"hotlead_00000000-0000-0000-0000-000000000001","type":"hot_lead_detected","#,
        r#""timestamp":"2026-01-01T00:00:00.000000Z","summary":"🔥 Hot lead: Unknown","#,
        r#""metadata":{"lead_name":"Unknown","lead_phone":null,"service_interest":null,"lead_score":100,"#,
        r#""call_id":null}}]}"#,
    );
    assert_eq!(text(activity(&world([hot], [outbound], [appointment(0xd1)]), ORG)), expected);
}

#[test]
fn an_appointment_without_a_contact_is_named_by_its_service() {
    let booked = Appointment { service_type: Some("Laser".into()), ..appointment(1) };
    let world = world([], [], [booked]);
    assert_eq!(column(&activity(&world, ORG), "events", "summary"), ["📅 Appointment for Laser"]);
    let metadata = &column(&activity(&world, ORG), "events", "metadata")[0];
    assert_eq!(metadata["customer_name"], "Unknown");
}

#[test]
fn another_orgs_contact_counts_as_none() {
    let stranger = Contact {
        org_id: OTHER,
        name: Some("Eve".into()),
        phone: Some("+49".into()),
        lead_score: Some(90),
        ..contact(1)
    };
    let call = Call { contact_id: Some(stranger.id), ..call(2) };
    let booked = Appointment { contact_id: Some(stranger.id), ..appointment(3) };
    let events = text(activity(&world([stranger], [call], [booked]), ORG));
    assert!(!events.contains("Eve") && !events.contains("+49") && events.contains("Unknown"), "{events}");
}

#[test]
fn test_calls_lukewarm_leads_and_dead_appointments_are_no_events() {
    let contacts = [
        Contact { lead_score: Some(79), ..contact(1) },
        contact(2),
        Contact { lead_score: Some(99), lead_status: Some("converted".into()), ..contact(3) },
    ];
    let tested = Call { is_test_call: true, ..call(1) };
    let appointments = [
        Appointment { status: Some("cancelled".into()), ..appointment(1) },
        Appointment { status: Some("no_show".into()), ..appointment(2) },
        Appointment { status: None, ..appointment(3) },
    ];
    assert_eq!(text(activity(&world(contacts, [tested], appointments), ORG)), r#"{"events":[]}"#);
}

#[test]
fn minutes_are_rounded_down() {
    let durations = [0, 59, 60, -1];
    let calls = (1..).zip(durations).map(|(n, seconds)| Call {
        duration_seconds: Some(seconds),
        created_at: now() - n as Micros,
        ..call(n)
    });
    let world = world([], calls, []);
    let expected = [0, 0, 1, -1].map(|minutes| format!("📲 Call from Unknown - {minutes}m"));
    assert_eq!(column(&activity(&world, ORG), "events", "summary"), expected);
}

#[test]
fn the_newest_ten_are_shown_and_ties_go_by_the_events_id() {
    let instant = at("2026-03-10T09:00:00Z");
    let contacts = [Contact { lead_score: Some(80), created_at: instant, ..contact(1) }];
    let calls = [
        Call { created_at: instant, ..call(2) },
        Call { created_at: instant, ..call(3) },
        Call { created_at: instant - 1, ..call(4) },
    ];
    let newer = (5..=10).map(|n| Appointment { created_at: instant + n as Micros * MINUTE, ..appointment(n) });
    let tied = Appointment { created_at: instant, ..appointment(11) };
    let world = world(contacts, calls, newer.chain([tied]));
    // "hotlead_…" is greater than "call_…", which is greater than "appointment_…".
    assert_eq!(ids(&activity(&world, ORG), "events"), [10, 9, 8, 7, 6, 5, 1, 3, 2, 11]);
}
