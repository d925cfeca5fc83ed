//! The messages of one call, in every order.

use intake::Message;
use serde_json::{Value, json};
use store::Store;
use testkit::sqlx;
use vapi::Envelope;

/// The number of messages.
pub(crate) const MESSAGES: usize = 6;

/// The `n`th message of a call in order of time. Each has facts that no other has, one status occurs twice, and the call
/// object inside each is stale.
pub(crate) fn message(call: &str, assistant: &str, phone: &str, n: usize) -> Message {
    let status = |status: &str, at: u64| json!({ "type": "status-update", "status": status, "timestamp": at });
    let mut message = match n {
        0 => status("ringing", 1_772_441_000_000),
        1 => status("in-progress", 1_772_441_001_000),
        2 => status("forwarding", 1_772_441_060_000),
        3 => status("in-progress", 1_772_441_062_000),
        4 => status("ended", 1_772_441_073_000),
        _ => json!({
            "type": "end-of-call-report",
            "timestamp": 1_772_441_075_000_u64,
            "startedAt": "2026-03-02T08:43:21Z",
            "endedAt": "2026-03-02T08:44:31Z",
            "cost": 0.05,
            "analysis": { "structuredData": { "sentimentScore": 0.85 } },
        }),
    };
    // Phone and name, the summary, and the reason occur once each.
    match n {
        0 => message["customer"] = json!({ "number": phone, "name": "Ada" }),
        2 => message["summary"] = json!("Wants a person."),
        4 => message["endedReason"] = json!("assistant-forwarded-call"),
        _ => {}
    }
    message["call"] = json!({
        "id": call,
        "type": "inboundPhoneCall",
        "status": "queued",
        "endedReason": "stale",
        "assistantId": assistant,
    });
    Message::from(Envelope::from_json(json!({ "message": message })).unwrap())
}

/// Every order of a call's messages.
pub(crate) fn orders() -> Vec<Vec<usize>> {
    let mut orders = vec![Vec::new()];
    for _ in 0..MESSAGES {
        let longer = |order: &Vec<usize>| {
            let rest = (0..MESSAGES).filter(|n| !order.contains(n));
            rest.map(|n| [&order[..], &[n]].concat()).collect::<Vec<_>>()
        };
        orders = orders.iter().flat_map(longer).collect();
    }
    orders
}

/// Calls, their contacts and their states, without ids and times of arrival.
pub(crate) async fn shown(store: &Store) -> Vec<Value> {
    let query = "select distinct jsonb_build_array(
                   to_jsonb(k) - '{id,contact_id,vapi_call_id,phone_number,created_at,org_id}'::text[],
                   to_jsonb(c) - '{id,phone,created_at,org_id}'::text[],
                   s.state - 'customer_number')
                   from public.calls k
                   left join public.contacts c on c.id = k.contact_id and c.phone = k.phone_number
                   left join prewarm.call_states s on s.vapi_call_id = k.vapi_call_id";
    sqlx::query_scalar(query).fetch_all(store.sessions()).await.unwrap()
}

/// Checks that all calls equal the one in the messages.
pub(crate) async fn show_the_call(store: &Store) {
    let shown = shown(store).await;
    assert_eq!(shown.len(), 1, "{shown:#?}");
    let expected = json!({
        "call_direction": "inbound",
        "status": "transferred",
        "duration_seconds": 70,
        "sentiment_label": null,
        "sentiment_score": 0.85,
        "summary": "Wants a person.",
        "ended_reason": "assistant-forwarded-call",
        "cost_cents": 5,
        "is_test_call": false,
        "started_at": "2026-03-02T08:43:21+00:00",
        "ended_at": "2026-03-02T08:44:31+00:00",
    });
    assert_eq!(shown[0][0], expected);
    // The status has a later end than the report, so it determines the last contact.
    assert_eq!(
        (&shown[0][1]["name"], &shown[0][1]["last_contact_at"]),
        (&json!("Ada"), &json!("2026-03-02T08:44:33+00:00"))
    );
}
