//! Saves of an agent and test calls while Vapi is slow, refuses, or gets a request twice.

use std::time::{Duration, Instant};

use e2e::{Answer, Event, Events, Next, Org, Stack, poll};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::busy::in_time;
use vapi_standin::{Config, Fault, Operation, Standin};

use crate::assistants::{save, stack, standin, until_synced};

/// The time limit of a few jobs.
const SOON: Duration = in_time(Duration::from_secs(20));
/// Vapi's response time. A response that does not wait for Vapi is faster, even on a busy machine.
const SLOW: Duration = Duration::from_secs(6);
/// Shorter than the eight seconds for which a process waits for its clients.
const DRAIN: Duration = Duration::from_secs(7);

pub(crate) async fn post(stack: &Stack, org: &Org, path: &str, body: &Value) -> Answer {
    let request = stack.request(Method::POST, &format!("/api/founder-console/{path}"));
    Answer::to(request.bearer_auth(&org.token).json(body)).await.unwrap()
}

async fn get(stack: &Stack, org: &Org, path: &str) -> Answer {
    Answer::to(stack.request(Method::GET, path).bearer_auth(&org.token)).await.unwrap()
}

fn agent(prompt: &str) -> Value {
    json!({
        "name": "Front desk",
        "systemPrompt": prompt,
        "firstMessage": "Hello?",
        "voice": {"provider": "11labs", "voiceId": "sarah"},
        "model": {"provider": "openai", "model": "gpt-4o"},
    })
}

/// The number of requests that create or change something. Crons may send lists at any time.
fn written(standin: &Standin) -> usize {
    use Operation::{CreateAssistant, CreateWebCall, UpdateAssistant, UpdatePhoneNumber};
    [CreateAssistant, UpdateAssistant, UpdatePhoneNumber, CreateWebCall].map(|kind| standin.count(kind)).iter().sum()
}

/// An org without agents.
async fn founder(stack: &Stack) -> Org {
    let org = Org::unknown();
    stack.sql(&format!("insert into organizations (id, name) values ('{}', 'org')", org.id)).await;
    org
}

/// The events of a stream until it ends.
pub(crate) async fn watched(stack: &Stack, org: &Org, path: &Value) -> Vec<Event> {
    let request = stack.request(Method::GET, path.as_str().unwrap()).bearer_auth(&org.token);
    let mut stream = Events::open(request).await;
    let mut events = Vec::new();
    loop {
        match stream.within(SOON).await {
            Next::Event(event) => events.push(event),
            Next::End => return events,
            Next::Silence => panic!("neither an end nor an event after {events:?}"),
        }
    }
}

#[tokio::test]
async fn a_save_is_answered_at_once_and_its_progress_ends_with_the_assistant() {
    let standin = standin().await;
    let stack = stack(&standin).await;
    let org = founder(&stack).await;
    assert_eq!(get(&stack, &org, "/api/founder-console/agent").await.status, StatusCode::NOT_FOUND);
    standin.fail_next(Operation::CreateAssistant, Fault::Slow(SLOW));
    let started = Instant::now();
    let saved = post(&stack, &org, "agent", &agent("first")).await;
    assert!(started.elapsed() < SLOW, "the answer waited for Vapi");
    let body = saved.json();
    assert_eq!(
        (saved.status, &body["success"], &body["synced"]),
        (StatusCode::OK, &json!(true), &json!(false)),
        "{body}"
    );
    let events = watched(&stack, &org, &body["stream"]).await;
    let last = events.last().unwrap();
    assert_eq!(last.name, "synced", "{events:?}");
    let [assistant] = &standin.assistants()[..] else { panic!("one assistant") };
    assert_eq!(last.data["assistantId"], assistant["id"]);
    assert_eq!(last.data["configHash"], body["configHash"]);

    // An unchanged save causes no request to Vapi.
    standin.forget_requests();
    let again = post(&stack, &org, "agent", &agent("first")).await.json();
    assert_eq!((&again["synced"], &again["assistantId"]), (&json!(true), &assistant["id"]), "{again}");
    assert_eq!(written(&standin), 0);
    let read = get(&stack, &org, "/api/founder-console/agent").await.json();
    assert_eq!(
        (&read["synced"], &read["systemPrompt"], &read["stage"]),
        (&json!(true), &json!("first"), &json!("synced"))
    );

    // The body of a GET can be saved unchanged.
    let again = post(&stack, &org, "agent", &read).await;
    assert_eq!((again.status, &again.json()["synced"]), (StatusCode::OK, &json!(true)), "{}", again.text());
    assert_eq!(written(&standin), 0);

    // A changed save that waits for Vapi.
    let waited = post(&stack, &org, "agent?wait=10s", &agent("second")).await.json();
    assert_eq!(waited["synced"], json!(true), "{waited}");
    assert_ne!(waited["configHash"], again.json()["configHash"]);
    let shown = standin.assistant(assistant["id"].as_str().unwrap()).unwrap();
    assert_eq!(shown["model"]["messages"][0]["content"], json!("second"));
    stack.close().await;
}

/// A session receives its answers on the runtime that opened it. The thread that reads long agents is busy for a tenth of a
/// second at a time, so it must not open sessions that others use.
#[tokio::test]
async fn agents_have_database_sessions_of_their_own() {
    let standin = standin().await;
    let stack = stack(&standin).await;
    let org = founder(&stack).await;
    assert_eq!(post(&stack, &org, "agent?wait=10s", &agent("first")).await.json()["synced"], json!(true));
    assert_eq!(get(&stack, &org, "/api/founder-console/agent").await.status, StatusCode::OK);
    let by = async |name: &str| {
        let sessions = "select count(*) from pg_stat_activity where datname = current_database()";
        stack.count(&format!("{sessions} and application_name = '{name}' and query like '%store::agents::%'")).await
    };
    assert!(by("prewarm-api-background").await > 0);
    assert_eq!(by("prewarm-api").await, 0);
    stack.close().await;
}

#[tokio::test]
async fn a_save_that_vapi_would_refuse_is_refused_with_the_field_name() {
    let standin = standin().await;
    let stack = stack(&standin).await;
    let org = founder(&stack).await;
    let mut long = agent("a prompt");
    long["name"] = json!("x".repeat(41));
    let refused = post(&stack, &org, "agent", &long).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let body = refused.json();
    assert_eq!(body["success"], json!(false));
    assert_eq!(body["fields"][0]["field"], json!("name"), "{body}");
    assert!(body["error"].as_str().unwrap().contains("40"), "{body}");
    stack.sql("alter table agents add check (name <> 'unfit')").await;
    for (field, value) in [("systemPrompt", json!("a\0b")), ("firstMessage", json!(4_477)), ("name", json!("unfit"))] {
        let mut bad = agent("a prompt");
        bad[field] = value;
        let refused = post(&stack, &org, "agent", &bad).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{field}: {}", refused.text());
        // A refusal by the database does not name the field.
        let named = refused.json()["fields"][0]["field"] == field;
        assert!(named || field == "name", "{}", refused.text());
        assert!(!refused.text().contains("4477"), "{}", refused.text());
    }
    for (bad, named) in [(json!({"nmae": "x"}), "nmae"), (json!({}), "name"), (json!([]), "")] {
        let refused = post(&stack, &org, "agent", &bad).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{bad}");
        assert!(refused.json()["error"].as_str().unwrap().contains(named), "{}", refused.text());
    }
    for (path, named) in [("agent?wait=soon", "3s"), ("agent?wait=3", "3s")] {
        let refused = post(&stack, &org, path, &agent("a prompt")).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{path}");
        assert!(refused.json()["error"].as_str().unwrap().contains(named), "{}", refused.text());
    }
    for (path, status) in [
        ("agent?call_direction=sideways", StatusCode::BAD_REQUEST),
        ("agent/nonsense/events", StatusCode::NOT_FOUND),
        ("test-agent/nonsense/events", StatusCode::NOT_FOUND),
        ("test-agent/8f1b7f0c-3f0f-4a4e-9a43-3c1f5a1f2b11/events", StatusCode::NOT_FOUND),
    ] {
        let refused = get(&stack, &org, &format!("/api/founder-console/{path}")).await;
        assert_eq!((refused.status, refused.json()["error"].is_string()), (status, true), "{path}");
    }
    assert_eq!(stack.count("select count(*) from agents").await, 0);
    let stranger = post(&stack, &Org::unknown(), "agent", &agent("a prompt")).await;
    assert_eq!(
        (stranger.status, stranger.json()["error"].clone()),
        (StatusCode::NOT_FOUND, json!("Unknown organization"))
    );
    let nobody = stack.request(Method::POST, "/api/founder-console/agent").json(&agent("a prompt"));
    assert_eq!(Answer::to(nobody).await.unwrap().status, StatusCode::UNAUTHORIZED);
    assert_eq!(written(&standin), 0);
    stack.close().await;
}

#[tokio::test]
async fn a_test_call_is_answered_at_once_and_repeated_clicks_start_one_call() {
    let standin = standin().await;
    let stack = stack(&standin).await;
    let org = save(&stack).await;
    until_synced(&stack, SOON).await;
    standin.fail_next(Operation::CreateWebCall, Fault::Slow(SLOW));
    let started = Instant::now();
    let first = post(&stack, &org, "test-agent", &json!({})).await;
    assert!(started.elapsed() < SLOW, "the answer waited for Vapi");
    let first = first.json();
    assert_eq!((&first["success"], &first["assistantId"]), (&json!(true), &standin.assistants()[0]["id"]), "{first}");
    for _ in 0..5 {
        assert_eq!(post(&stack, &org, "test-agent", &json!({})).await.json()["webCallId"], first["webCallId"]);
    }
    // The stream does not exist for another org.
    let stranger = get(&stack, &Org::unknown(), first["stream"].as_str().unwrap()).await;
    assert_eq!(stranger.status, StatusCode::NOT_FOUND);
    let events = watched(&stack, &org, &first["stream"]).await;
    let last = events.last().unwrap();
    assert_eq!(last.name, "ready", "{events:?}");
    assert!(last.data["webCallUrl"].as_str().unwrap().starts_with("https://rooms.standin.invalid/"), "{last:?}");
    assert_eq!(standin.count(Operation::CreateWebCall), 1);
    // A call that was not joined ends, and the next click starts a new one.
    let ended = poll(SOON * 2, async || {
        let second = post(&stack, &org, "test-agent", &json!({})).await.json();
        (second["webCallId"] != first["webCallId"]).then_some(())
    });
    assert!(ended.await.is_some(), "an abandoned call stays open");
    assert_eq!(watched(&stack, &org, &first["stream"]).await.last().unwrap().name, "ended");
    stack.close().await;
}

#[tokio::test]
async fn a_test_call_uses_the_newest_saved_assistant() {
    let standin = standin().await;
    let stack = stack(&standin).await;
    let org = founder(&stack).await;
    standin.fail_next(Operation::CreateAssistant, Fault::status(503));
    post(&stack, &org, "agent", &agent("the newest")).await;
    let call = post(&stack, &org, "test-agent", &json!({})).await.json();
    let events = watched(&stack, &org, &call["stream"]).await;
    assert_eq!(events.last().unwrap().name, "ready", "{events:?}");
    assert_eq!(standin.assistants()[0]["model"]["messages"][0]["content"], json!("the newest"));
    // An assistant deleted at Vapi is recreated by the call that needs it.
    standin.delete_assistant(standin.assistants()[0]["id"].as_str().unwrap());
    stack.sql("update prewarm.test_calls set changed_at = now() - interval '1 minute'").await;
    let call = post(&stack, &org, "test-agent", &json!({})).await.json();
    let events = watched(&stack, &org, &call["stream"]).await;
    assert_eq!(events.last().unwrap().name, "ready", "{events:?}");
    assert_eq!(events.last().unwrap().data["assistantId"], standin.assistants()[0]["id"]);
    stack.close().await;
}

/// The message that a user reads when a test call fails.
async fn reason(stack: &Stack, org: &Org) -> String {
    let call = post(stack, org, "test-agent", &json!({})).await.json();
    let events = watched(stack, org, &call["stream"]).await;
    let last = events.last().unwrap();
    assert_eq!(last.name, "failed", "{events:?}");
    last.data["reason"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn failures_of_lines_billing_and_keys_are_explained() {
    for answered in [false, true] {
        let config =
            Config { concurrency_limit: 0, blocked_calls_are_answered: answered, ..standin().await.config().clone() };
        let standin = Standin::start(config).await.unwrap();
        let stack = stack(&standin).await;
        let org = save(&stack).await;
        until_synced(&stack, SOON).await;
        let told = reason(&stack, &org).await;
        assert!(told.to_lowercase().contains("concurrency") || told.contains("lines"), "{told}");
        standin.set_frozen(true);
        let told = reason(&stack, &org).await;
        assert!(told.contains("Wallet Balance"), "{told}");
        standin.fail_next(Operation::CreateWebCall, Fault::status(401));
        let told = reason(&stack, &org).await;
        assert!(told.contains("key"), "{told}");
        stack.close().await;
    }
}

#[tokio::test]
async fn open_watchers_do_not_delay_shutdown() {
    let standin = standin().await;
    let stack = stack(&standin).await;
    let org = founder(&stack).await;
    standin.fail_always(Operation::CreateAssistant, Fault::status(503));
    let saved = post(&stack, &org, "agent", &agent("never there")).await.json();
    let mut api = stack.another_api().await;
    let url = format!("http://{}{}", api.http_addr(), saved["stream"].as_str().unwrap());
    let mut stream = Events::open(stack.client.get(url).bearer_auth(&org.token)).await;
    assert!(matches!(stream.within(SOON).await, Next::Event(_)));
    let told = Instant::now();
    api.stop().await;
    assert!(told.elapsed() < DRAIN, "{:?}", told.elapsed());
    stack.close().await;
}

#[tokio::test]
async fn a_test_call_fails_soon_when_no_worker_can_reach_vapi() {
    let stack = Stack::start().await;
    let org = save(&stack).await;
    let started = Instant::now();
    let told = reason(&stack, &org).await;
    assert!(told.contains("VAPI_API_KEY"), "{told}");
    assert!(started.elapsed() < in_time(Duration::from_secs(3)), "{:?}", started.elapsed());
    stack.close().await;
}
