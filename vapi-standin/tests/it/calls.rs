use std::time::Duration;

use readmodel::time::Timestamp;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use vapi_standin::{CallEnd, CallKind, Clock, Config, NewCall, Webhook};

use super::Desk;

fn clock() -> Clock {
    Clock::at(Timestamp::parse("2026-03-01T10:00:00Z").unwrap())
}

fn end() -> CallEnd {
    CallEnd {
        reason: "customer-ended-call".to_owned(),
        duration: Duration::from_secs(42),
        summary: "A booking.".to_owned(),
        cost: 0.12,
    }
}

async fn web_call(desk: &Desk, assistant: &str) -> (StatusCode, Value) {
    desk.send(Method::POST, "/call/web", json!({"assistantId": assistant})).await
}

#[tokio::test]
async fn a_web_call_waits_for_its_caller() {
    let desk = Desk::with(Config { clock: clock(), ..Config::default() }).await;
    let assistant = desk.named("Desk").await;
    let overrides = json!({"metadata": {"session": "s"}, "variableValues": {"name": "Ada"}});
    let body = json!({"assistantId": assistant, "assistantOverrides": overrides});
    let (status, call) = desk.send(Method::POST, "/call/web", body).await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(
        (&call["status"], &call["type"], &call["assistantOverrides"]),
        (&json!("queued"), &json!("webCall"), &overrides)
    );
    assert_eq!(call["subscriptionLimits"]["remainingConcurrentCalls"], 10);
    let id = call["id"].as_str().unwrap();
    assert_eq!(uuid::Uuid::parse_str(id).unwrap().get_version_num(), 7);
    assert!(call["webCallUrl"].as_str().unwrap().ends_with(id));
    assert_eq!(desk.get(&format!("/call/{id}")).await.1["webCallUrl"], call["webCallUrl"]);
}

#[tokio::test]
async fn a_web_call_is_refused_in_vapis_words() {
    let desk = Desk::new().await;
    let nobody = "00000000-0000-4000-8000-00000000dead";
    for (body, message) in [
        (json!({"assistantId": "seven"}), json!(["assistantId must be a UUID"])),
        (json!({"metadata": {}}), json!(["property metadata should not exist"])),
        (
            json!({"customer": {}, "name": "n"}),
            json!(["property customer should not exist", "property name should not exist"]),
        ),
        (json!({"assistantOverrides": {"nam": 1}}), json!(["assistantOverrides.property nam should not exist"])),
        (json!({}), json!("Couldn't Get Assistant. Need Either `assistant`, `assistantId`, `squad`, Or `squadId`.")),
        (
            json!({"assistantId": nobody}),
            json!(format!("Couldn't Get Assistant. `assistantId` {nobody} Does Not Exist.")),
        ),
    ] {
        let (status, answer) = desk.send(Method::POST, "/call/web", body).await;
        assert_eq!((status, &answer["message"]), (StatusCode::BAD_REQUEST, &message));
    }
    let assistant = desk.named("Desk").await;
    desk.standin.set_frozen(true);
    assert_eq!(web_call(&desk, &assistant).await.0, StatusCode::PAYMENT_REQUIRED);
    desk.standin.set_frozen(false);
    assert_eq!(web_call(&desk, &assistant).await.0, StatusCode::CREATED);
}

#[tokio::test]
async fn concurrent_calls_are_limited_and_free_their_lines() {
    let clock = clock();
    let desk = Desk::with(Config { clock: clock.clone(), concurrency_limit: 2, ..Config::default() }).await;
    let assistant = desk.named("Desk").await;
    let (_, joined) = web_call(&desk, &assistant).await;
    let joined = joined["id"].as_str().unwrap();
    assert!(desk.standin.join_call(joined) && !desk.standin.join_call(joined));
    let (_, waiting) = web_call(&desk, &assistant).await;
    let (status, answer) = web_call(&desk, &assistant).await;
    assert_eq!((status, &answer["message"]), (StatusCode::BAD_REQUEST, &json!("Over Concurrency Limit.")));
    assert_eq!(answer["subscriptionLimits"]["concurrencyBlocked"], true);
    // The second call was not joined and frees its line. The first one continues.
    clock.advance(Duration::from_secs(15));
    assert_eq!(web_call(&desk, &assistant).await.0, StatusCode::CREATED);
    let (_, waiting) = desk.get(&format!("/call/{}", waiting["id"].as_str().unwrap())).await;
    let reason = "call.in-progress.error-assistant-did-not-receive-customer-audio";
    assert_eq!((&waiting["status"], &waiting["endedReason"]), (&json!("ended"), &json!(reason)));
    assert_eq!(web_call(&desk, &assistant).await.0, StatusCode::BAD_REQUEST);
    assert!(desk.standin.end_call(joined, &end()) && !desk.standin.end_call(joined, &end()));
    assert_eq!(web_call(&desk, &assistant).await.0, StatusCode::CREATED);
}

#[tokio::test]
async fn a_blocked_call_can_be_returned_with_status_201() {
    let config = Config { concurrency_limit: 0, blocked_calls_are_answered: true, ..Config::default() };
    let desk = Desk::with(config).await;
    let assistant = desk.named("Desk").await;
    let (status, call) = web_call(&desk, &assistant).await;
    assert_eq!((status, &call["subscriptionLimits"]["concurrencyBlocked"]), (StatusCode::CREATED, &json!(true)));
}

/// Makes an assistant with a server, a number and an ended call.
async fn a_call(desk: &Desk, more: Value) -> String {
    let mut assistant = json!({"name": "Desk"});
    assistant.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let call = NewCall {
        kind: CallKind::Inbound,
        assistant_id: Some(desk.create(assistant).await),
        phone_number_id: Some(desk.standin.add_phone_number("+15550100001")),
        customer_number: Some("+15550104477".to_owned()),
    };
    let id = desk.standin.begin_call(&call);
    assert!(desk.standin.end_call(&id, &end()));
    id
}

#[tokio::test]
async fn a_call_that_took_place_is_listed() {
    let desk = Desk::with(Config { clock: clock(), ..Config::default() }).await;
    let id = a_call(&desk, json!({})).await;
    let (status, calls) = desk.get("/call?createdAtGe=2026-03-01T10:00:00Z").await;
    assert_eq!((status, calls.as_array().unwrap().len()), (StatusCode::OK, 1));
    let call = &calls[0];
    assert_eq!(call, &desk.standin.call(&id).unwrap());
    for (field, value) in [
        ("type", json!("inboundPhoneCall")),
        ("status", json!("ended")),
        ("startedAt", json!("2026-03-01T10:00:00.000Z")),
        ("endedAt", json!("2026-03-01T10:00:42.000Z")),
        ("endedReason", json!("customer-ended-call")),
        ("cost", json!(0.12)),
        ("customer", json!({"number": "+15550104477"})),
    ] {
        assert_eq!(call[field], value, "{field}");
    }
    let (_, others) = desk.get(&format!("/call?assistantId={id}")).await;
    assert_eq!(others, json!([]));
    let assistant = call["assistantId"].as_str().unwrap();
    assert_eq!(desk.get(&format!("/call?assistantId={assistant}")).await.1.as_array().unwrap().len(), 1);
}

fn types(hooks: &[Webhook]) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let name = |hook: &Webhook| text(&hook.body["message"]["type"]) + "/" + &text(&hook.body["message"]["status"]);
    hooks.iter().map(name).collect()
}

#[tokio::test]
async fn an_assistants_server_gets_the_messages_it_asked_for() {
    let desk = Desk::with(Config { clock: clock(), ..Config::default() }).await;
    let server = json!({"url": "https://us.example/hook", "secret": "s3cret", "headers": {"X-More": "m"}});
    let id = a_call(&desk, json!({"server": server, "serverMessages": ["status-update", "end-of-call-report"]})).await;
    let hooks = desk.standin.webhooks(&id);
    let all = ["status-update/queued", "status-update/in-progress", "status-update/ended", "end-of-call-report/"];
    assert_eq!(types(&hooks), all);
    let report = &hooks[3];
    assert_eq!(report.url, "https://us.example/hook");
    let headers: Vec<_> = report.headers.iter().map(|(name, value)| (&**name, &**value)).collect();
    assert_eq!(headers, [("X-More", "m"), ("X-Vapi-Secret", "s3cret")]);
    let message = &report.body["message"];
    assert_eq!((&message["cost"], &message["call"]["id"]), (&json!(0.12), &json!(id)));
    assert_eq!(message["call"]["status"], "queued", "the snapshot is stale, as Vapi's is");
    assert!(!message["assistant"].to_string().contains("s3cret"));
    let id = a_call(&desk, json!({"server": server, "serverMessages": ["end-of-call-report"]})).await;
    assert_eq!(types(&desk.standin.webhooks(&id)), ["end-of-call-report/"]);
    let id = a_call(&desk, json!({"server": server})).await;
    assert_eq!(types(&desk.standin.webhooks(&id)), all);
    let id = a_call(&desk, json!({})).await;
    assert_eq!(desk.standin.webhooks(&id), []);
}
