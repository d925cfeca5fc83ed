//! The messages of a call fold to one state, in any order and with any repetitions.

use proptest::{collection::vec, prelude::*, sample::select};
use readmodel::time::Timestamp;
use serde_json::{Value, json};
use vapi::{CallState, Phase, Private};

use crate::fixtures::state;

const STATUSES: [&str; 8] =
    ["on-hold", "scheduled", "queued", "ringing", "in-progress", "forwarding", "ended", "not-found"];
const REASONS: [&str; 4] = ["customer-ended-call", "voicemail", "pipeline-error-x", "assistant-forwarded-call"];

/// An optional field.
fn maybe<T: Into<Value> + Clone + std::fmt::Debug + 'static>(
    values: impl Strategy<Value = T>,
) -> impl Strategy<Value = Value> {
    prop_oneof![Just(Value::Null), values.prop_map(Into::into)]
}

/// A few distinct instants, so that different messages often share phase and instant.
fn instant() -> impl Strategy<Value = Value> {
    maybe((1_772_441_000_000_i64..1_772_441_000_004).boxed())
}

fn call() -> impl Strategy<Value = Value> {
    (maybe(select(&["inboundPhoneCall", "outboundPhoneCall", "webCall"][..])), any::<bool>())
        .prop_map(|(kind, test)| json!({"id": "c1", "type": kind, "metadata": {"is_test_call": test}}))
}

fn customer() -> impl Strategy<Value = Value> {
    (maybe("\\+1555[0-2]"), maybe("[A-C]")).prop_map(|(number, name)| json!({"number": number, "name": name}))
}

fn status_update() -> impl Strategy<Value = Value> {
    (select(&STATUSES[..]), instant(), maybe(select(&REASONS[..])), maybe("[x-z]"), call(), customer()).prop_map(
        |(status, timestamp, reason, summary, call, customer)| {
            json!({"message": {"type": "status-update", "status": status, "timestamp": timestamp, "endedReason": reason,
                "summary": summary, "call": call, "customer": customer}})
        },
    )
}

fn report() -> impl Strategy<Value = Value> {
    let times = (instant(), instant(), instant());
    let analysis =
        (maybe("[x-z]"), maybe(select(&["positive", "negative"][..])), maybe(select(&["0.5", "0.50", "1"][..])));
    (times, maybe(select(&REASONS[..])), maybe(0..3_i64), analysis, call(), customer()).prop_map(
        |((timestamp, start, end), reason, cost, (summary, label, score), call, customer)| {
            json!({"message": {"type": "end-of-call-report", "timestamp": timestamp, "startedAt": start, "endedAt": end,
                "endedReason": reason, "cost": cost, "call": call, "customer": customer,
                "analysis": {"summary": summary, "structuredData": {"sentimentLabel": label, "sentimentScore": score}}}})
        },
    )
}

fn message() -> impl Strategy<Value = Value> {
    prop_oneof![3 => status_update(), 1 => report()]
}

/// A state merged from several messages.
fn merged() -> impl Strategy<Value = CallState> {
    vec(message(), 0..5).prop_map(|messages| fold(&messages))
}

fn fold(messages: &[Value]) -> CallState {
    messages.iter().map(state).fold(CallState::default(), CallState::merge)
}

/// The definition of a field: the greatest over all messages by phase, sending time and value.
fn latest<T: Ord>(messages: &[Value], field: impl Fn(&Value) -> Option<T>) -> Option<T> {
    let rank = |body: &Value| {
        let message = &body["message"];
        let phase = message["status"].as_str().map_or(Phase::Reported, Phase::of_status);
        (phase, message["timestamp"].as_i64())
    };
    let told = messages.iter().filter_map(|body| Some((rank(body), field(&body["message"])?)));
    told.max().map(|(_, value)| value)
}

fn micros(value: &Value) -> Option<Timestamp> {
    value.as_i64().map(|millis| Timestamp::from_micros(millis * 1000))
}

/// The time in a report, otherwise the earliest sending time of the messages that `suggest` it.
fn milestone(messages: &[Value], field: &str, suggests: impl Fn(&Value) -> bool) -> Option<Timestamp> {
    let messages = || messages.iter().map(|body| &body["message"]);
    let stated = messages().filter_map(|message| micros(&message[field])).min();
    stated.or_else(|| {
        messages().filter(|message| suggests(message)).filter_map(|message| micros(&message["timestamp"])).min()
    })
}

/// The end in a message, otherwise the start, otherwise its sending time.
fn heard(message: &Value) -> Option<Timestamp> {
    let own = || micros(&message["timestamp"]);
    micros(&message["endedAt"])
        .or_else(|| if message["status"].is_null() { own() } else { None })
        .or_else(|| micros(&message["startedAt"]))
        .or_else(own)
}

proptest! {
    #[test]
    fn merge_is_commutative(a in merged(), b in merged()) {
        prop_assert_eq!(a.clone().merge(b.clone()), b.merge(a));
    }

    #[test]
    fn merge_is_associative(a in merged(), b in merged(), c in merged()) {
        prop_assert_eq!(a.clone().merge(b.clone()).merge(c.clone()), a.merge(b.merge(c)));
    }

    #[test]
    fn merge_is_idempotent_and_has_an_identity(a in merged()) {
        prop_assert_eq!(a.clone().merge(a.clone()), a.clone());
        prop_assert_eq!(a.clone().merge(CallState::default()), a);
    }

    #[test]
    fn any_order_with_duplicates_folds_to_the_same_state(
        (messages, shuffled) in vec(message(), 1..8).prop_flat_map(|messages| {
            let twice = [messages.clone(), messages.clone()].concat();
            (Just(messages), Just(twice).prop_shuffle())
        }),
    ) {
        prop_assert_eq!(fold(&messages), fold(&shuffled));
    }

    #[test]
    fn a_stored_state_continues_to_merge(a in merged(), b in merged()) {
        let stored: CallState = serde_json::from_str(&serde_json::to_string(&a).unwrap()).unwrap();
        prop_assert_eq!(&stored, &a);
        prop_assert_eq!(stored.merge(b.clone()), a.merge(b));
    }

    #[test]
    fn each_field_comes_from_the_latest_phase(messages in vec(message(), 1..8)) {
        let call = fold(&messages);
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let private = |value: Option<&Private>| value.map(|text| text.as_str().to_owned());
        prop_assert_eq!(private(call.summary.get()), latest(&messages, |m| text(&m["analysis"]["summary"]).or_else(|| text(&m["summary"]))));
        prop_assert_eq!(private(call.customer_name.get()), latest(&messages, |m| text(&m["customer"]["name"])));
        prop_assert_eq!(call.ended_reason.get().cloned(), latest(&messages, |m| text(&m["endedReason"])));
        prop_assert_eq!(call.vapi_status.get().cloned(), latest(&messages, |m| text(&m["status"]).or(Some("ended".to_owned()))));
        prop_assert_eq!(call.cost_cents.get().copied(), latest(&messages, |m| Some(i32::try_from(m["cost"].as_i64()?).unwrap() * 100)));
        prop_assert_eq!(call.heard_at.get(), messages.iter().filter_map(|m| heard(&m["message"])).max());
        prop_assert_eq!(call.is_test_call, messages.iter().any(|m| state(m).is_test_call));
        prop_assert_eq!(call.started_at.get(), milestone(&messages, "startedAt", |m| m["status"] == "in-progress"));
        prop_assert_eq!(call.ended_at.get(), milestone(&messages, "endedAt", |m| m["status"] == "ended" || m["status"].is_null()));
    }
}

#[test]
fn a_late_in_progress_does_not_revive_an_ended_call() {
    let status = |status: &str, at: i64| json!({"message": {"type": "status-update", "status": status, "timestamp": at, "call": {"id": "c1"}, "endedReason": (status == "ended").then_some("voicemail")}});
    let call = fold(&[status("ended", 2000), status("in-progress", 9000), status("in-progress", 1000)]);
    assert_eq!((call.phase(), call.status()), (Some(Phase::Ended), Some("voicemail")));
    assert_eq!(call.started_at.get(), Some(Timestamp::from_micros(1_000_000)));
}

/// The messages of a call and two repeated statuses. Each has facts that no other has.
fn messages_of_a_call() -> [Value; 6] {
    let call = json!({"id": "c1", "type": "webCall", "status": "queued"});
    let status = |status: &str, at: i64| json!({"message": {"type": "status-update", "status": status, "timestamp": at, "call": call}});
    let mut ringing = status("ringing", 1_772_441_000_000);
    ringing["message"]["customer"] = json!({"number": "+15550100001"});
    let mut forwarding = status("forwarding", 1_772_441_060_000);
    forwarding["message"]["summary"] = json!("Wants a person.");
    let mut ended = status("ended", 1_772_441_073_000);
    ended["message"]["endedReason"] = json!("assistant-forwarded-call");
    let report = json!({"message": {"type": "end-of-call-report", "timestamp": 1_772_441_075_000_i64, "call": call,
        "startedAt": "2026-03-02T08:43:21Z", "endedAt": "2026-03-02T08:44:31Z", "cost": 0.05}});
    [
        ringing,
        status("in-progress", 1_772_441_001_000),
        forwarding,
        status("in-progress", 1_772_441_062_000),
        ended,
        report,
    ]
}

#[test]
fn all_orders_of_a_calls_messages_fold_to_the_same_state() {
    let messages = messages_of_a_call();
    let whole = fold(&messages);
    let mut order: Vec<usize> = (0..messages.len()).collect();
    let mut orders = 0;
    loop {
        let shuffled: Vec<Value> = order.iter().map(|place| messages[*place].clone()).collect();
        assert_eq!(fold(&shuffled), whole, "{order:?}");
        orders += 1;
        if !next_order(&mut order) {
            break;
        }
    }
    assert_eq!(orders, 720);
    assert_eq!(
        (whole.status(), whole.summary.get().map(Private::as_str)),
        (Some("transferred"), Some("Wants a person."))
    );
    assert_eq!(
        (whole.started_at.get(), whole.ended_at.get()),
        (Timestamp::parse("2026-03-02T08:43:21Z"), Timestamp::parse("2026-03-02T08:44:31Z"))
    );
    assert_eq!(whole.heard_at.get(), Some(Timestamp::from_micros(1_772_441_073_000_000)));
    assert_eq!(
        (whole.duration_seconds.get(), whole.cost_cents.get(), whole.is_test_call),
        (Some(&70), Some(&5), false)
    );
}

/// The next permutation in lexicographic order; false after the last.
fn next_order(order: &mut [usize]) -> bool {
    let Some(pivot) = order.windows(2).rposition(|pair| pair[0] < pair[1]) else { return false };
    let successor = order.iter().rposition(|place| *place > order[pivot]).unwrap();
    order.swap(pivot, successor);
    order[pivot + 1..].reverse();
    true
}

#[test]
fn phases_follow_a_calls_life() {
    let life = ["scheduled", "queued", "ringing", "in-progress", "forwarding", "ended"].map(Phase::of_status);
    assert!(life.is_sorted_by(|a, b| a < b));
    assert!(Phase::of_status("on-hold") < life[0] && life[5] < Phase::Reported);
}
