//! `leads`.

use serde_json::{Value, json};

use super::super::clock::{DAY, HOUR};
use super::super::leads;
use super::*;

fn lead_column(world: &World, field: &str) -> Vec<Value> {
    column(&leads(world, ORG, now()), "leads", field)
}

#[test]
fn a_lead_has_every_field_in_order() {
    let lead = Contact {
        name: Some("Zoë \"Z\"".into()),
        phone: Some("+491".into()),
        email: Some("z@example.org".into()),
        lead_score: Some(80),
        service_interests: Some(vec![Some("Botox".into()), None]),
        last_contact_at: Some(now() - HOUR),
        ..contact(1)
    };
    let calls = [
        Call {
            contact_id: Some(lead.id),
            duration_seconds: Some(61),
            sentiment_label: Some("positive".into()),
            summary: Some("First".into()),
            ..call(0xc1)
        },
        Call {
            phone_number: lead.phone.clone(),
            duration_seconds: Some(60),
            summary: Some("Second".into()),
            created_at: at("2026-03-10T11:00:00.000001Z"),
            ..call(0xc2)
        },
        Call {
            contact_id: Some(lead.id),
            sentiment_label: Some("positive".into()),
            is_test_call: true,
            created_at: at("2026-03-01T00:00:00Z"),
            ..call(0xc3)
        },
    ];
    let expected = concat!(
        r#"{"leads":[{"id":"00000000-0000-0000-0000-000000000001","org_id":"00000000-0000-0000-0000-00000000000a","#,
        r#""contact_name":"Zoë \"Z\"","phone_number":"+491","email":"z@example.org","lead_score":80,"#,
        r#""lead_status":"new","service_interests":["Botox",null],"last_contact_at":"2026-03-10T11:00:00.000000Z","#,
        r#""created_at":"2026-01-01T00:00:00.000000Z","total_calls":3,"last_call_at":"2026-03-10T11:00:00.000001Z","#,
        r#""avg_call_duration":60.5,"sentiment_trend":0.6667,"lead_temperature":"hot","lead_temp":"hot","#,
        r#""follow_up_urgency":"high","last_call_summary":"Second"}]}"#,
    );
    assert_eq!(text(leads(&world([lead], calls, []), ORG, now())), expected);
}

#[test]
fn a_lead_without_values_passes_nulls_through() {
    let expected = concat!(
        r#"{"leads":[{"id":"00000000-0000-0000-0000-000000000001","org_id":"00000000-0000-0000-0000-00000000000a","#,
        r#""contact_name":null,"phone_number":null,"email":null,"lead_score":null,"#,
        r#""lead_status":"new","service_interests":null,"last_contact_at":null,"#,
        r#""created_at":"2026-01-01T00:00:00.000000Z","total_calls":0,"last_call_at":null,"#,
        r#""avg_call_duration":null,"sentiment_trend":0,"lead_temperature":"cold","lead_temp":"cold","#,
        r#""follow_up_urgency":"low","last_call_summary":null}]}"#,
    );
    // A call without a phone does not match a contact without a phone.
    assert_eq!(text(leads(&world([contact(1)], [call(0xc1)], []), ORG, now())), expected);
}

#[test]
fn only_new_contacted_and_qualified_contacts_are_leads() {
    let statuses = [Some("new"), Some("contacted"), Some("qualified"), Some("converted"), Some("lost"), None];
    let contacts = (1..).zip(statuses).map(|(n, status)| Contact { lead_status: status.map(Into::into), ..contact(n) });
    let elsewhere = Contact { org_id: OTHER, ..contact(9) };
    let world = world(contacts.chain([elsewhere]), [], []);
    assert_eq!(ids(&leads(&world, ORG, now()), "leads"), [1, 2, 3]);
}

#[test]
fn urgency_falls_exactly_a_day_and_a_week_after_the_last_contact() {
    let ages = [Some(-HOUR), Some(DAY - 1), Some(DAY), Some(7 * DAY - 1), Some(7 * DAY), None];
    let contacts =
        (1..).zip(ages).map(|(n, age)| Contact { last_contact_at: age.map(|age| now() - age), ..contact(n) });
    let world = world(contacts, [], []);
    assert_eq!(lead_column(&world, "follow_up_urgency"), ["high", "high", "medium", "medium", "low", "low"]);
}

#[test]
fn temperature_is_hot_from_80_and_warm_from_50() {
    let scores = [Some(100), Some(80), Some(79), Some(50), Some(49), Some(0), None];
    let contacts = (1..).zip(scores).map(|(n, lead_score)| Contact { lead_score, ..contact(n) });
    let world = world(contacts, [], []);
    let expected = ["hot", "hot", "warm", "warm", "cold", "cold", "cold"];
    assert_eq!(lead_column(&world, "lead_temperature"), expected);
    assert_eq!(lead_column(&world, "lead_temp"), expected);
}

#[test]
fn the_order_is_urgency_then_score_then_newest_then_id() {
    let earlier = at("2025-12-31T00:00:00Z");
    let contacts = [
        Contact { lead_score: Some(100), ..contact(6) },
        Contact { lead_score: Some(0), last_contact_at: Some(now() - 2 * DAY), ..contact(4) },
        Contact { last_contact_at: Some(now() - 2 * DAY), ..contact(5) },
        Contact { lead_score: Some(10), last_contact_at: Some(now()), created_at: earlier, ..contact(3) },
        Contact { lead_score: Some(10), last_contact_at: Some(now()), ..contact(2) },
        Contact { lead_score: Some(10), last_contact_at: Some(now()), ..contact(1) },
    ];
    assert_eq!(ids(&leads(&world(contacts, [], []), ORG, now()), "leads"), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn at_most_fifty_leads_are_shown() {
    let contacts = (1..=51).map(|n| Contact { lead_score: Some(50), ..contact(n) });
    let world = world(contacts, [], []);
    assert_eq!(ids(&leads(&world, ORG, now()), "leads"), (1..=50).collect::<Vec<_>>());
}

#[test]
fn a_call_counts_once_for_every_contact_it_matches() {
    let [by_id, by_phone, by_both] = [1, 2, 3].map(|n| Contact { phone: Some(format!("+{n}")), ..contact(n) });
    let calls = [
        // Its contact and its phone name two leads, and both get it.
        Call { contact_id: Some(by_id.id), phone_number: by_phone.phone.clone(), ..call(0xc1) },
        Call { contact_id: Some(by_both.id), phone_number: by_both.phone.clone(), ..call(0xc2) },
        // A call of another org matches neither way.
        Call { org_id: OTHER, contact_id: Some(by_id.id), phone_number: by_both.phone.clone(), ..call(0xc3) },
    ];
    let world = world([by_id, by_phone, by_both], calls, []);
    assert_eq!(lead_column(&world, "total_calls"), [1, 1, 1]);
}

#[test]
fn two_contacts_with_one_phone_both_have_its_calls() {
    let contacts = [1, 2].map(|n| Contact { phone: Some("+1".into()), ..contact(n) });
    let world = world(contacts, [Call { phone_number: Some("+1".into()), ..call(0xc1) }], []);
    assert_eq!(lead_column(&world, "total_calls"), [1, 1]);
}

#[test]
fn of_two_calls_at_one_instant_the_greater_id_is_the_last() {
    let lead = contact(1);
    let say = |n, summary: &str| Call { contact_id: Some(lead.id), summary: Some(summary.into()), ..call(n) };
    let calls = [say(0xc2, "greater"), say(0xc1, "smaller")];
    assert_eq!(lead_column(&world([lead], calls, []), "last_call_summary"), ["greater"]);
}

#[test]
fn the_last_call_without_a_summary_hides_older_summaries() {
    let lead = contact(1);
    let older = Call { contact_id: Some(lead.id), summary: Some("old".into()), ..call(0xc1) };
    let newest = Call { contact_id: Some(lead.id), created_at: older.created_at + 1, ..call(0xc0) };
    assert_eq!(lead_column(&world([lead], [older, newest], []), "last_call_summary"), [Value::Null]);
}

#[test]
fn the_trend_counts_every_call_and_the_duration_only_known_ones() {
    let lead = contact(1);
    let hear = |n, label: Option<&str>, duration_seconds| Call {
        contact_id: Some(lead.id),
        sentiment_label: label.map(Into::into),
        duration_seconds,
        ..call(n)
    };
    let calls = [
        hear(1, Some("positive"), Some(10)),
        hear(2, Some("negative"), None),
        hear(3, Some("negative"), Some(0)),
        hear(4, Some("Positive"), Some(10)),
        hear(5, None, None),
        hear(6, Some("neutral"), None),
    ];
    let world = world([lead], calls, []);
    assert_eq!(lead_column(&world, "sentiment_trend"), [json!(-0.1667)]);
    assert_eq!(lead_column(&world, "avg_call_duration"), [json!(6.6667)]);
}

#[test]
fn a_mean_in_the_middle_goes_to_the_even_neighbour() {
    // 1 / 20,000 = 0.00005 and 3 / 20,000 = 0.00015.
    for (seconds, expected) in [(1, json!(0)), (3, json!(0.0002))] {
        let lead = contact(1);
        let calls = (0..20_000).map(|n| Call {
            contact_id: Some(lead.id),
            duration_seconds: Some(if n == 0 { seconds } else { 0 }),
            ..call(n)
        });
        assert_eq!(lead_column(&world([lead.clone()], calls, []), "avg_call_duration"), [expected]);
    }
}
