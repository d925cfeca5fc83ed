//! `calls`.

use super::super::calls;
use super::*;

#[test]
fn a_call_has_every_field_in_order() {
    let caller = Contact { name: Some("Zoë".into()), ..contact(1) };
    let known = Call {
        contact_id: Some(caller.id),
        phone_number: Some("+491".into()),
        call_direction: Direction::Outbound,
        status: Some("no-answer".into()),
        duration_seconds: Some(61),
        sentiment_label: Some("negative".into()),
        sentiment_score: Some("0.50".parse().unwrap()),
        summary: Some("Hung up".into()),
        ended_reason: Some("customer-ended-call".into()),
        cost_cents: Some(12),
        ..call(0xc1)
    };
    let expected = concat!(
        r#"{"calls":[{"id":"00000000-0000-0000-0000-0000000000c1","phone_number":"+491","caller_name":"Zoë","#,
        r#""call_date":"2026-03-10T11:00:00.000000Z","duration_seconds":61,"status":"no-answer","#,
        r#""call_direction":"outbound","has_recording":false,"recording_status":null,"has_transcript":false,"#,
        r#""sentiment_score":0.5,"sentiment_label":"negative","sentiment_summary":"Hung up","#,
        r#""sentiment_urgency":null,"outcome":null,"outcome_summary":"Hung up","call_type":"outbound","#,
        r#""cost_cents":12,"ended_reason":"customer-ended-call","tools_used":[],"has_appointment":false,"#,
        r#""appointment_id":null,"appointment_scheduled_at":null,"appointment_status":null,"#,
        r#""appointment_service_type":null}],"pagination":{"page":1,"limit":20,"total":1,"pages":1}}"#,
    );
    assert_eq!(text(calls(&world([caller], [known], []), ORG, None)), expected);
}

#[test]
fn unknown_values_take_their_defaults() {
    let expected = concat!(
        r#"{"calls":[{"id":"00000000-0000-0000-0000-0000000000c1","phone_number":"Unknown","caller_name":"Unknown","#,
        r#""call_date":"2026-03-10T11:00:00.000000Z","duration_seconds":0,"status":"completed","#,
        r#""call_direction":"inbound","has_recording":false,"recording_status":null,"has_transcript":false,"#,
        r#""sentiment_score":null,"sentiment_label":null,"sentiment_summary":null,"#,
        r#""sentiment_urgency":null,"outcome":null,"outcome_summary":null,"call_type":"inbound","#,
        r#""cost_cents":0,"ended_reason":null,"tools_used":[],"has_appointment":false,"#,
        r#""appointment_id":null,"appointment_scheduled_at":null,"appointment_status":null,"#,
        r#""appointment_service_type":null}],"pagination":{"page":1,"limit":20,"total":1,"pages":1}}"#,
    );
    assert_eq!(text(calls(&world([], [call(0xc1)], []), ORG, None)), expected);
}

#[test]
fn a_caller_is_named_by_contact_then_phone() {
    let named = Contact { name: Some("Zoë".into()), phone: Some("+1".into()), ..contact(1) };
    let nameless = contact(2);
    let stranger = Contact { org_id: OTHER, name: Some("Eve".into()), ..contact(3) };
    let by = |n, contact: Option<&Contact>| Call {
        contact_id: contact.map(|contact| contact.id),
        phone_number: Some("+1".into()),
        ..call(n)
    };
    let listed = [by(4, Some(&named)), by(3, Some(&nameless)), by(2, Some(&stranger)), by(1, None)];
    let world = world([named, nameless, stranger], listed, []);
    assert_eq!(column(&calls(&world, ORG, None), "calls", "caller_name"), ["Zoë", "+1", "+1", "+1"]);
}

#[test]
fn a_score_of_zero_stays_zero() {
    let scored = Call { sentiment_score: Some("0.00".parse().unwrap()), ..call(1) };
    assert_eq!(column(&calls(&world([], [scored], []), ORG, None), "calls", "sentiment_score"), [0]);
}

#[test]
fn the_newest_twenty_are_shown_and_all_are_counted() {
    let tied = (1..=20).map(call);
    let newest = Call { created_at: now(), ..call(0) };
    let hidden = [Call { is_test_call: true, ..call(30) }, Call { org_id: OTHER, ..call(31) }];
    let world = world([], tied.chain([newest]).chain(hidden), []);
    let page = calls(&world, ORG, None);
    let expected: Vec<u64> = [0].into_iter().chain((2..=20).rev()).collect();
    assert_eq!(ids(&page, "calls"), expected);
    assert!(text(page).ends_with(r#""pagination":{"page":1,"limit":20,"total":21,"pages":2}}"#));
}

#[test]
fn a_call_type_shows_and_counts_one_direction() {
    let outbound = Call { call_direction: Direction::Outbound, ..call(3) };
    let world = world([], [call(1), call(2), outbound], []);
    assert_eq!(ids(&calls(&world, ORG, Some(Direction::Inbound)), "calls"), [2, 1]);
    let page = calls(&world, ORG, Some(Direction::Outbound));
    assert_eq!(ids(&page, "calls"), [3]);
    assert!(text(page).ends_with(r#""pagination":{"page":1,"limit":20,"total":1,"pages":1}}"#));
}
