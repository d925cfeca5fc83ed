//! `pulse`.

use serde_json::{Value, json};

use super::super::clock::{DAY, HOUR};
use super::super::pulse;
use super::*;

fn total(world: &World, field: &str) -> Value {
    total_at(world, field, now())
}

fn total_at(world: &World, field: &str, as_of: Micros) -> Value {
    let model: Value = serde_json::from_slice(&pulse(world, ORG, as_of)).unwrap();
    model[field].clone()
}

#[test]
fn the_pulse_has_every_field_in_order() {
    let hot = Contact { lead_score: Some(80), estimated_value: Some("100.10".parse().unwrap()), ..contact(1) };
    let warm = Contact { lead_score: Some(79), estimated_value: Some("0.405".parse().unwrap()), ..contact(2) };
    let lost = Contact {
        lead_status: Some("lost".into()),
        lead_score: Some(99),
        estimated_value: Some("7".parse().unwrap()),
        ..contact(3)
    };
    let calls = [
        Call {
            contact_id: Some(hot.id),
            duration_seconds: Some(4),
            sentiment_score: Some("0.5".parse().unwrap()),
            ..call(1)
        },
        Call {
            duration_seconds: Some(1),
            sentiment_score: Some("0.00".parse().unwrap()),
            created_at: at("2026-03-10T11:59:59.999999Z"),
            ..call(2)
        },
        Call { call_direction: Direction::Outbound, created_at: at("2026-03-09T23:59:59.999999Z"), ..call(3) },
        Call { duration_seconds: Some(0), created_at: at("2026-01-01T00:00:00Z"), ..call(4) },
        Call { is_test_call: true, duration_seconds: Some(99), sentiment_score: Some("1".parse().unwrap()), ..call(5) },
        Call { org_id: OTHER, duration_seconds: Some(99), ..call(6) },
    ];
    let booked = Appointment { contact_id: Some(hot.id), ..appointment(1) };
    // 5 seconds over 3 known durations; 2.5 seconds in the hour of 11; one booking of three inbound calls; 100.505 rounded.
    let expected = concat!(
        r#"{"total_calls":4,"inbound_calls":3,"outbound_calls":1,"answered_calls":2,"avg_duration_seconds":2,"#,
        r#""appointments_booked":1,"avg_sentiment":0.25,"success_rate":33.3,"pipeline_value":100.5,"#,
        r#""hot_leads_count":1,"calls_today":2,"hourly":["#,
        r#"{"hour":"2026-03-09T23:00:00.000000Z","calls":1,"inbound":0,"avg_duration_seconds":0},"#,
        r#"{"hour":"2026-03-10T11:00:00.000000Z","calls":2,"inbound":2,"avg_duration_seconds":2}]}"#,
    );
    assert_eq!(text(pulse(&world([hot, warm, lost], calls, [booked]), ORG, now())), expected);
}

#[test]
fn only_live_appointments_are_booked() {
    let statuses = [
        Some("pending"),
        Some("confirmed"),
        Some("in_progress"),
        Some("completed"),
        Some("cancelled"),
        Some("no_show"),
        None,
    ];
    let appointments =
        (1..).zip(statuses).map(|(n, status)| Appointment { status: status.map(Into::into), ..appointment(n) });
    let elsewhere = Appointment { org_id: OTHER, ..appointment(9) };
    assert_eq!(total(&world([], [], appointments.chain([elsewhere])), "appointments_booked"), 4);
}

#[test]
fn means_are_rounded_half_to_even() {
    let scored = |n, score: &str| Call { sentiment_score: Some(score.parse().unwrap()), ..call(n) };
    for (scores, expected) in [(["0.0001", "0"], json!(0)), (["0.0001", "0.0002"], json!(0.0002))] {
        let calls = [scored(1, scores[0]), scored(2, scores[1]), call(3)];
        assert_eq!(total(&world([], calls, []), "avg_sentiment"), expected, "{scores:?}");
    }
    for (durations, expected) in [([0, 1], 0), ([1, 2], 2), ([2, 3], 2), ([-1, -2], -2)] {
        let calls = (1..).zip(durations).map(|(n, seconds)| Call { duration_seconds: Some(seconds), ..call(n) });
        assert_eq!(total(&world([], calls, []), "avg_duration_seconds"), expected, "{durations:?}");
    }
}

#[test]
fn long_calls_do_not_overflow() {
    let calls = [1, 2, 3].map(|n| Call { duration_seconds: Some(i32::MAX), ..call(n) });
    assert_eq!(total(&world([], calls, []), "avg_duration_seconds"), i32::MAX);
}

#[test]
fn the_pipeline_is_summed_exactly_and_rounded_once() {
    let worth = |values: [&str; 3]| {
        let contacts =
            (1..).zip(values).map(|(n, value)| Contact { estimated_value: Some(value.parse().unwrap()), ..contact(n) });
        total(&world(contacts, [], []), "pipeline_value")
    };
    assert_eq!(worth(["0.005", "0", "0"]), json!(0));
    assert_eq!(worth(["0.005", "0.005", "0.005"]), json!(0.02), "0.015 goes to the even 0.02");
    assert_eq!(worth(["0.004", "0.004", "0.004"]), json!(0.01));
    assert_eq!(worth(["100.00", "0.10", "0.20"]), json!(100.3));
}

#[test]
fn a_call_succeeds_if_its_contact_booked_at_or_after_it_began() {
    let known = contact(1);
    let stranger = Contact { org_id: OTHER, ..contact(2) };
    let booked = Appointment { contact_id: Some(known.id), ..appointment(1) };
    let began = booked.created_at;
    let by = |n, contact: &Contact| Call { contact_id: Some(contact.id), created_at: began, ..call(n) };
    let rate = |call: Call, booked: &Appointment| {
        total(&world([known.clone(), stranger.clone()], [call], [booked.clone()]), "success_rate")
    };
    assert_eq!(rate(by(1, &known), &booked), 100);
    assert_eq!(rate(Call { created_at: began + 1, ..by(1, &known) }, &booked), 0, "booked before the call");
    assert_eq!(rate(Call { created_at: began + 1, started_at: Some(began), ..by(1, &known) }, &booked), 100);
    assert_eq!(rate(Call { started_at: Some(began + 1), ..by(1, &known) }, &booked), 0);
    assert_eq!(rate(Call { call_direction: Direction::Outbound, ..by(1, &known) }, &booked), 0);
    assert_eq!(rate(Call { is_test_call: true, ..by(1, &known) }, &booked), 0);
    assert_eq!(rate(by(1, &stranger), &booked), 0);
    assert_eq!(rate(call(1), &booked), 0, "no contact");
    let cancelled = Appointment { status: Some("cancelled".into()), ..booked.clone() };
    assert_eq!(rate(by(1, &known), &cancelled), 0);
    let elsewhere = Appointment { org_id: OTHER, ..booked.clone() };
    assert_eq!(rate(by(1, &known), &elsewhere), 0, "another org's appointment");
    let foreign = Appointment { contact_id: Some(stranger.id), ..booked };
    assert_eq!(rate(by(1, &stranger), &foreign), 0, "another org's contact");
}

#[test]
fn the_rate_has_one_decimal_half_to_even() {
    let known = contact(1);
    let booked = Appointment { contact_id: Some(known.id), ..appointment(1) };
    // 1 of 16 is 6.25 %, 3 of 16 is 18.75 %.
    for (successes, expected) in [(1, json!(6.2)), (3, json!(18.8)), (16, json!(100))] {
        let calls = (0..16).map(|n| Call { contact_id: (n < successes).then_some(known.id), ..call(n) });
        assert_eq!(total(&world([known.clone()], calls, [booked.clone()]), "success_rate"), expected);
    }
}

#[test]
fn the_hourly_chart_starts_168_hours_before_the_hour_of_the_build() {
    let as_of = at("2026-03-10T12:34:56.789Z");
    let edge = at("2026-03-03T12:00:00Z");
    let instants = [edge - 1, edge, edge + HOUR - 1, as_of, as_of + 2 * HOUR];
    let calls = (1..).zip(instants).map(|(n, created_at)| Call { created_at, ..call(n) });
    let hours: Vec<Value> = column(&pulse(&world([], calls, []), ORG, as_of), "hourly", "hour");
    let expected = ["2026-03-03T12:00:00.000000Z", "2026-03-10T12:00:00.000000Z", "2026-03-10T14:00:00.000000Z"];
    assert_eq!(hours, expected);
}

/// The number of these calls that count as today's at `as_of`.
fn today(timezone: Option<&str>, as_of: &str, instants: &[Micros]) -> Value {
    let calls = (1..).zip(instants).map(|(n, created_at)| Call { created_at: *created_at, ..call(n) });
    let world = World::new([organization(ORG, timezone)], [], calls, []);
    total_at(&world, "calls_today", at(as_of))
}

#[test]
fn today_is_the_calendar_day_of_the_org() {
    let days = [
        (None, "2026-03-10T12:00:00Z", "2026-03-10T00:00:00Z", 24),
        (Some("Mars/Olympus"), "2026-03-10T12:00:00Z", "2026-03-10T00:00:00Z", 24),
        (Some("Asia/Kathmandu"), "2026-03-10T18:14:59.999999Z", "2026-03-09T18:15:00Z", 24),
        (Some("Asia/Kathmandu"), "2026-03-10T18:15:00Z", "2026-03-10T18:15:00Z", 24),
        // The clocks of Berlin skip an hour of one Sunday and repeat one of another.
        (Some("Europe/Berlin"), "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z", 23),
        (Some("Europe/Berlin"), "2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z", 25),
        // The clocks of Havana skip midnight itself, and repeat the hour after it.
        (Some("America/Havana"), "2026-03-08T12:00:00Z", "2026-03-08T05:00:00Z", 23),
        (Some("America/Havana"), "2025-11-02T12:00:00Z", "2025-11-02T04:00:00Z", 25),
    ];
    for (timezone, as_of, start, hours) in days {
        let start = at(start);
        let end = start + hours * HOUR;
        let counted = [start, start + DAY / 2, end - 1];
        assert_eq!(today(timezone, as_of, &counted), 3, "{timezone:?} {as_of}");
        assert_eq!(today(timezone, as_of, &[start - 1, end]), 0, "{timezone:?} {as_of}");
    }
}
