//! Parsing of single messages, and refusals.

use readmodel::time::Timestamp;
use serde_json::{Value, json};
use vapi::{
    CallKind, CallState, Direction, Envelope, Kind, MAX_BODY_BYTES, ParseError, Phase, Private, SentimentLabel,
};

use crate::fixtures::{
    self, ASSISTANT_REQUEST, REPORT, REPORT_OF_2024, STATUS_OF_REFUSED_CALL, STATUS_OF_WEB_CALL, envelope, json, state,
};

fn at(text: &str) -> Option<Timestamp> {
    Timestamp::parse(text)
}

fn shown(text: Option<&Private>) -> Option<&str> {
    text.map(Private::as_str)
}

/// The report with changes in `message`; null removes a field.
fn report_with(changes: Value) -> CallState {
    let mut report = json(REPORT);
    for (name, value) in changes.as_object().unwrap() {
        report["message"][name] = value.clone();
    }
    state(&report)
}

fn refusal(body: &str) -> String {
    Envelope::parse(body.as_bytes()).unwrap_err().to_string()
}

#[test]
fn a_report_fills_every_field_of_its_call() {
    let update = envelope(&json(REPORT)).call_update().unwrap();
    assert_eq!(update.vapi_call_id, "0190a6e2-1c77-7d31-8a2f-5b5b3a1f9e01");
    let call = update.state;
    assert_eq!((call.phase(), call.status()), (Some(Phase::Reported), Some("completed")));
    assert_eq!(call.ended_reason.get().map(String::as_str), Some("customer-ended-call"));
    assert_eq!(
        (call.started_at.get(), call.ended_at.get()),
        (at("2026-03-02T08:43:20.250Z"), at("2026-03-02T08:44:31.750Z"))
    );
    // 71.5 seconds between start and end, which win over the copies; 8.65 cents.
    assert_eq!((call.duration_seconds.get(), call.cost_cents.get()), (Some(&72), Some(&9)));
    assert_eq!(call.sentiment_label.get(), Some(&SentimentLabel::Positive));
    assert_eq!(call.sentiment_score.get(), Some(&"0.85".parse().unwrap()));
    assert_eq!(shown(call.summary.get()), Some("Ada booked a check-up for Friday at ten."));
    assert_eq!(
        (shown(call.customer_number.get()), shown(call.customer_name.get())),
        (Some("+15550100001"), Some("Ada Canary"))
    );
    assert_eq!((call.direction.get(), call.is_test_call), (Some(&Direction::Inbound), false));
}

#[test]
fn a_report_of_2024_has_no_times_and_an_empty_analysis() {
    let call = state(&json(REPORT_OF_2024));
    assert_eq!(call.status(), Some("transferred"));
    assert_eq!((call.started_at.get(), call.ended_at.get()), (None, at("2024-07-15T05:45:29.814Z")));
    assert_eq!(shown(call.summary.get()), Some("The caller asked for a person and was put through."));
    assert_eq!((call.duration_seconds.get(), call.cost_cents.get()), (None, None));
    assert_eq!((call.sentiment_label.get(), call.sentiment_score.get()), (None, None));
}

#[test]
fn a_status_update_wins_over_the_stale_call_inside_it() {
    let call = state(&json(STATUS_OF_WEB_CALL));
    assert_eq!((call.phase(), call.status()), (Some(Phase::InProgress), Some("in-progress")));
    assert_eq!((call.started_at.get(), call.ended_at.get()), (at("2024-09-22T18:44:25.008Z"), None));
    assert_eq!((call.direction.get(), call.is_test_call), (None, false), "b5: business");
    assert_eq!((call.customer_number.get(), call.customer_name.get()), (None, None));

    let call = state(&json(STATUS_OF_REFUSED_CALL));
    assert_eq!((call.phase(), call.status()), (Some(Phase::Ended), Some("failed")));
    assert_eq!((call.started_at.get(), call.ended_at.get()), (None, at("2024-07-13T21:28:01.344Z")));
}

#[test]
fn an_assistant_request_names_the_number_and_changes_no_call() {
    let request = envelope(&json(ASSISTANT_REQUEST));
    assert_eq!((&request.kind, request.call_update()), (&Kind::AssistantRequest, None));
    assert_eq!(request.call.phone_number_id.as_deref(), Some("5a5a04dc-0000-4000-8000-0000000000a1"));
    assert_eq!(shown(request.call.our_number.as_ref()), Some("+15550100099"));
    assert_eq!((request.call.assistant_id.as_deref(), request.call.call_kind), (None, Some(CallKind::InboundPhone)));
}

#[test]
fn durations_fall_back_to_duplicate_fields() {
    let missing = json!({"startedAt": null, "durationSeconds": null, "durationMs": null, "durationMinutes": null});
    let with = |name: &str, value: Value| {
        let mut changes = missing.clone();
        changes[name] = value;
        report_with(changes).duration_seconds.get().copied()
    };
    assert_eq!(with("startedAt", json!("2026-03-02T08:44:31.750Z")), Some(0));
    assert_eq!(with("durationSeconds", json!(7.734)), Some(8));
    assert_eq!(with("durationMs", json!(6500)), Some(6));
    assert_eq!(with("durationMinutes", json!("0.125")), Some(8));
    assert_eq!(with("durationSeconds", json!(-1)), None);
    assert_eq!(with("durationMs", json!(1e300)), None);
    // An end before the start gives no duration.
    let call = report_with(json!({"startedAt": "2026-03-02T09:00:00Z"}));
    assert_eq!(call.duration_seconds.get(), Some(&71));
}

#[test]
fn cents_are_rounded_half_even_from_the_digits() {
    for (dollars, cents) in
        [("0.125", 12), ("0.135", 14), ("0.285", 28), ("1.005", 100), ("0.0049", 0), ("0", 0), ("12", 1200)]
    {
        let body = json(REPORT).to_string().replace("\"cost\":0.0865", &format!("\"cost\":{dollars}"));
        let call = Envelope::parse(body.as_bytes()).unwrap().call_update().unwrap().state;
        assert_eq!(call.cost_cents.get(), Some(&cents), "{dollars}");
    }
}

#[test]
fn a_sentiment_is_never_invented() {
    let mood = |data: Value| {
        let call = report_with(json!({"analysis": {"structuredData": data}}));
        (call.sentiment_label.get().copied(), call.sentiment_score.get().map(ToString::to_string))
    };
    let score = |text: &str| Some(text.to_owned());
    assert_eq!(
        mood(json!({"sentiment": " NEGATIVE ", "sentimentScore": "0.10"})),
        (Some(SentimentLabel::Negative), score("0.1"))
    );
    assert_eq!(
        mood(json!({"sentimentLabel": "mixed", "sentiment": "neutral", "sentimentScore": 0})),
        (Some(SentimentLabel::Neutral), score("0"))
    );
    assert_eq!(mood(json!({"sentimentLabel": "mixed", "sentimentScore": 1.0001})), (None, None));
    assert_eq!(mood(json!({"sentimentLabel": true, "sentimentScore": -0.1})), (None, None));
    assert_eq!(mood(json!("positive")), (None, None));
    assert_eq!(mood(json!({})), (None, None));
}

#[test]
fn a_call_marked_as_a_test_is_one() {
    let marked = |at: &str, mark: Value| {
        let mut report = json(REPORT);
        report["message"]["call"]["metadata"] = json!({});
        report["message"]["call"]["assistantOverrides"] = json!({"metadata": {}});
        report.pointer_mut(at).unwrap()["is_test_call"] = mark;
        state(&report).is_test_call
    };
    assert!(marked("/message/call/metadata", json!(true)));
    assert!(marked("/message/call/assistantOverrides/metadata", json!(true)));
    assert!(!marked("/message/call/metadata", json!("yes")));
    assert!(!marked("/message", json!(true)));
}

#[test]
fn structured_outputs_are_read_by_name_from_either_place() {
    let outputs = json!({
        "3b0e9d0e-0000-4000-8000-000000000001": {"name": "sentimentLabel", "result": "negative"},
        "3b0e9d0e-0000-4000-8000-000000000002": {"name": "call", "result": {"sentimentScore": 0.2, "sentimentLabel": "positive"}},
        "3b0e9d0e-0000-4000-8000-000000000003": {"name": "summary", "result": "Wants to be called back."},
        "3b0e9d0e-0000-4000-8000-000000000004": {"name": "sentimentScore", "result": "much"},
        "3b0e9d0e-0000-4000-8000-000000000005": null,
    });
    let told = |analysis: Value, outputs: Value| {
        let report = json!({"message": {"type": "end-of-call-report", "call": {"id": "c1"}, "analysis": analysis,
                                        "artifact": {"structuredOutputs": outputs}}});
        let listed =
            json!({"id": "c1", "status": "ended", "analysis": analysis, "artifact": {"structuredOutputs": outputs}});
        let shown = |state: CallState| {
            let summary = state.summary.get().map(|summary| summary.as_str().to_owned());
            (state.sentiment_label.get().copied(), state.sentiment_score.get().map(ToString::to_string), summary)
        };
        let listed = Envelope::of_listed_call(&listed).unwrap().call_update().unwrap().state;
        assert_eq!(shown(listed), shown(state(&report)), "by reconciliation as by webhook");
        shown(state(&report))
    };
    let summary = Some("Wants to be called back.".to_owned());
    assert_eq!(
        told(json!({}), outputs.clone()),
        (Some(SentimentLabel::Negative), Some("0.2".to_owned()), summary.clone())
    );
    let first = json!({"summary": "Said.", "structuredData": {"sentimentLabel": "neutral", "sentimentScore": 0.9}});
    let both = told(first, outputs);
    assert_eq!(both, (Some(SentimentLabel::Neutral), Some("0.9".to_owned()), Some("Said.".to_owned())));
    assert_eq!(told(Value::Null, json!([{"name": "sentimentLabel", "result": "negative"}])), (None, None, None));
}

#[test]
fn fields_of_wrong_types_cost_only_themselves() {
    let report = json!({"message": {
        "type": "end-of-call-report", "timestamp": {}, "startedAt": [], "endedAt": 7.5e300, "cost": {"total": 1}, "analysis": "none",
        "summary": {"text": "x"}, "endedReason": ["x"], "customer": "Ada", "phoneNumber": 5, "assistant": null,
        "call": {"id": 12345, "type": 3, "assistantId": {"id": "x"}, "metadata": [true], "customer": {"number": 4930123, "name": {}}},
    }});
    let update = envelope(&report).call_update().unwrap();
    assert_eq!(update.vapi_call_id, "12345");
    let call = update.state;
    assert_eq!(shown(call.customer_number.get()), Some("4930123"));
    let known = CallState {
        vapi_status: call.vapi_status.clone(),
        customer_number: call.customer_number.clone(),
        ..CallState::default()
    };
    assert_eq!(call, known);
    assert_eq!(call.status(), Some("completed"));
}

#[test]
fn unknown_types_are_kept_and_their_length_is_bounded() {
    let other = |kind: &str| envelope(&json!({"message": {"type": kind, "call": {"id": "c1"}}}));
    let update = other("language-changed");
    assert_eq!((update.kind.as_str(), update.call_update()), ("language-changed", None));
    assert_eq!(other(&"ä".repeat(100)).kind, Kind::Other("ä".repeat(64)));
}

#[test]
fn an_unknown_status_ranks_below_all_others() {
    let call = state(&json!({"message": {"type": "status-update", "status": "on-hold", "call": {"id": "c1"}}}));
    assert_eq!((call.phase(), call.status()), (Some(Phase::Unknown), Some("on-hold")));
    let nothing = envelope(&json!({"message": {"type": "status-update", "status": {}, "call": {"id": "c1"}}}));
    assert_eq!(nothing.call_update(), None);
}

#[test]
fn a_message_without_a_call_changes_no_call() {
    assert_eq!(envelope(&json!({"message": {"type": "end-of-call-report", "call": null}})).call_update(), None);
}

#[test]
fn a_malformed_message_is_refused_with_the_part() {
    for (body, part) in [
        ("[]", "message is not an object"),
        ("{}", "message is not an object"),
        (r#"{"message":"canary"}"#, "message is not an object"),
        (r#"{"message":{}}"#, "message.type is not a string"),
        (r#"{"message":{"type":{"canary":1}}}"#, "message.type is not a string"),
    ] {
        assert_eq!(refusal(body), part);
    }
    let too_large = Envelope::parse(&vec![b' '; MAX_BODY_BYTES + 1]).unwrap_err();
    assert!(matches!(too_large, ParseError::TooLarge(bytes) if bytes == MAX_BODY_BYTES + 1));
}

#[test]
fn invalid_json_is_refused_without_quoting_it() {
    let deep = format!(r#"{{"message":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    for (body, reason) in [
        (deep.as_str(), "recursion limit exceeded"),
        (r#"{"message":{"type":"x","name":"canary \ud8x"}}"#, "escape"),
        (r#"{"message":{"type":"canary \udc00"#, "EOF"),
        (r#"{"message":{"type":"x","canary":1e400}}"#, "number out of range"),
        (r#"{"message":{"type":"canary"#, "EOF"),
        ("canary", "expected value"),
    ] {
        let message = refusal(body);
        assert!(
            message.contains(reason) && message.contains("line 1 column") && !message.contains("canary"),
            "{message}"
        );
    }
    let latin1 = Envelope::parse(b"{\"message\":{\"type\":\"caf\xe9\"}}").unwrap_err().to_string();
    assert!(latin1.contains("invalid unicode"), "{latin1}");
}

#[test]
fn nul_is_replaced_in_strings_and_in_keys() {
    let body = r#"{"message":{"type":"x\u0000y","call":{"id":"a\u0000b"},"list":["\u0000\u0000",{"k\u0000":1}],"\\u0000":"\\u0000"}}"#;
    let envelope = Envelope::parse(body.as_bytes()).unwrap();
    assert_eq!((envelope.kind.as_str(), envelope.call.vapi_call_id.as_deref()), ("x\u{FFFD}y", Some("a\u{FFFD}b")));
    let stored = envelope.into_redacted_body();
    assert_eq!(stored["message"]["list"], json!(["\u{FFFD}\u{FFFD}", {"k\u{FFFD}": 1}]));
    assert_eq!(stored["message"]["\\u0000"], json!("\\u0000"));
}

#[test]
fn a_lone_surrogate_is_replaced() {
    let body = r#"{"message":{"type":"hang","a\udc00":"cut \ud83d","whole":"\ud83d\ude00","\\ud83d":"\\udc00"}}"#;
    let stored = Envelope::parse(body.as_bytes()).unwrap().into_redacted_body();
    assert_eq!(
        stored["message"],
        json!({"type": "hang", "a\u{FFFD}": "cut \u{FFFD}", "whole": "\u{1F600}", "\\ud83d": "\\udc00"})
    );
}

#[test]
fn dedupe_keys_differ_between_events_and_equal_for_repetitions() {
    let key = |body: &str| Envelope::parse(body.as_bytes()).unwrap().dedupe_key();
    let call = "0190a6e2-1c77-7d31-8a2f-5b5b3a1f9e01";
    assert_eq!(key(REPORT), format!("{call}/end-of-call-report"));
    let in_progress = "ebfad777-0000-4000-8000-0000000000e5/status-update/in-progress/1727030665008000";
    assert_eq!(key(STATUS_OF_WEB_CALL), in_progress);
    let mut again = json(STATUS_OF_WEB_CALL);
    again["message"]["artifact"] = json!({"messages": []});
    assert_eq!(key(&again.to_string()), in_progress);

    let request = key(ASSISTANT_REQUEST);
    assert!(request.starts_with(&format!("{call}/assistant-request/")), "{request}");
    assert_eq!(request.len(), call.len() + "/assistant-request/".len() + 32);
    // White space and the order of keys do not matter, values do.
    assert_eq!(key(&json(ASSISTANT_REQUEST).to_string()), request);
    assert_ne!(key(&ASSISTANT_REQUEST.replace("1772440992000", "1772440992001")), request);

    let (one, two) =
        (r#"{"message":{"type":"end-of-call-report","n":1}}"#, r#"{"message":{"n":2,"type":"end-of-call-report"}}"#);
    assert!(key(one).starts_with("-/end-of-call-report/"), "{}", key(one));
    assert_ne!(key(one), key(two));
    let statusless = |n: u8| key(&format!(r#"{{"message":{{"type":"status-update","n":{n},"call":{{"id":"c1"}}}}}}"#));
    assert_ne!(statusless(1), statusless(2));
    let timeless = |n: u8| {
        key(&format!(r#"{{"message":{{"type":"status-update","status":"ended","n":{n},"call":{{"id":"c1"}}}}}}"#))
    };
    assert_ne!(timeless(1), timeless(2));
}

#[test]
fn the_hash_in_a_dedupe_key_is_pinned() {
    // Keys are stored for over a year, and another hash would admit old events again.
    let body = r#"{ "message": { "type": "hang", "call": { "type": "webCall", "id": "c1" } } }"#;
    assert_eq!(Envelope::parse(body.as_bytes()).unwrap().dedupe_key(), "c1/hang/53b3f4fe1db16d3b21fdd958d7ea010b");
}

#[test]
fn debug_output_has_no_personal_data() {
    for body in fixtures::ALL {
        let envelope = Envelope::parse(body.as_bytes()).unwrap();
        let printed = format!("{envelope:?} {:?}", envelope.call_update());
        for private in ["+1555", "Ada", "check-up", "put through", "canary"] {
            assert!(!printed.contains(private), "{private} in {printed}");
        }
    }
}
