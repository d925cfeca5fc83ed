use std::time::Duration;

use readmodel::time::Timestamp;
use serde_json::{Value, json};
use vapi::{
    Payload,
    client::{Client, ConfigError, Error},
};
use vapi_standin::{CallEnd, CallKind, Clock, Fault, NewCall, Operation};

use super::{Line, config_of};
use crate::assistant::{agent, deployment};

#[tokio::test]
async fn an_assistant_is_created_read_updated_and_deleted() {
    let line = Line::new().await;
    let payload = Payload::of(&agent(), &deployment());
    let made = line.client.create_assistant(&payload.to_create()).await.unwrap();
    assert_eq!((made.agent, made.config_hash), (Some(agent().id), Some(payload.hash())));
    assert_eq!(line.standin.assistant(&made.id).unwrap()["server"]["secret"], "s3cret");
    assert_eq!(payload.differences(&made.body), [""; 0]);

    let silent = vapi::AgentConfig { first_message: None, ..agent() };
    let silent = Payload::of(&silent, &deployment());
    assert_eq!(silent.differences(&made.body), ["firstMessage", "metadata"]);
    let changed = line.client.update_assistant(&made.id, &silent.to_update()).await.unwrap();
    assert_eq!((changed.id, changed.config_hash), (made.id.clone(), Some(silent.hash())));

    line.standin.drift(&made.id, json!({"name": "Other"}));
    let read = line.client.assistant(&made.id).await.unwrap();
    assert_eq!(silent.differences(&read.body), ["name"]);

    line.client.delete_assistant(&made.id).await.unwrap();
    assert_eq!(line.client.assistant(&made.id).await.unwrap_err(), Error::Missing);
    let expected = [
        ("create_assistant", "201"),
        ("update_assistant", "200"),
        ("get_assistant", "200"),
        ("delete_assistant", "200"),
        ("get_assistant", "404"),
    ];
    assert_eq!(line.observed(), expected.map(|(operation, status)| (operation, status.to_owned())));
}

#[tokio::test]
async fn an_unknown_id_is_missing() {
    let line = Line::new().await;
    let nobody = "00000000-0000-4000-8000-00000000dead";
    let fields = json!({"name": "Desk"});
    assert_eq!(line.client.update_assistant(nobody, &fields).await.unwrap_err(), Error::Missing);
    assert_eq!(line.client.delete_assistant(nobody).await.unwrap_err(), Error::Missing);
    assert_eq!(line.client.update_phone_number(nobody, &json!({})).await.unwrap_err(), Error::Missing);
    assert_eq!(line.client.web_call(nobody, None).await.unwrap_err(), Error::Missing);
    // A malformed id sends no request, because it would change the path.
    line.standin.forget_requests();
    for id in ["", ".", "..", "a\nb"] {
        assert_eq!(line.client.delete_assistant(id).await.unwrap_err(), Error::Missing, "{id}");
    }
    assert_eq!(line.standin.requests(), []);
    // Any other id is for Vapi to judge.
    for id in ["as_1", "a/b", "a?b", "%2e", "ä"] {
        assert_eq!(line.client.delete_assistant(id).await.unwrap_err(), Error::Missing, "{id}");
    }
    let paths: Vec<_> = line.standin.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(paths, ["as_1", "a%2Fb", "a%3Fb", "%252e", "%C3%A4"].map(|id| format!("/assistant/{id}")));
}

/// A wrong address may return 404 for everything, which does not mean that assistants are missing.
#[tokio::test]
async fn a_404_from_a_wrong_address_is_not_missing() {
    let line = Line::new().await;
    let made = line.client.create_assistant(&json!({"name": "Desk"})).await.unwrap();
    let mut config = config_of(&line.standin);
    config.base_url += "/v1/";
    let lost = Client::new(config).unwrap();
    let expected = Error::Rejected { status: 404, words: vec![format!("Cannot GET /v1/assistant/{}", made.id)] };
    assert_eq!(lost.assistant(&made.id).await.unwrap_err(), expected);
}

#[tokio::test]
async fn refusals_carry_vapis_words() {
    let line = Line::new().await;
    let error = line.client.create_assistant(&json!({"name": "n".repeat(41), "customer": 1})).await.unwrap_err();
    let words = ["property customer should not exist", "name must be shorter than or equal to 40 characters"];
    assert_eq!(error, Error::Rejected { status: 400, words: words.map(str::to_owned).to_vec() });
    assert!(!error.is_retryable());
    assert_eq!(error.to_string(), "Vapi rejected the request with status 400");

    let mut config = config_of(&line.standin);
    config.private_key = "another".to_owned().into();
    let stranger = Client::new(config).unwrap();
    let Error::Rejected { status: 401, words } = stranger.phone_numbers().await.unwrap_err() else { panic!("let in") };
    assert!(words[0].starts_with("Invalid Key. Hot tip"), "{words:?}");

    let mut config = config_of(&line.standin);
    config.user_agent = String::new();
    let nameless = Client::new(config).unwrap();
    let expected = Error::Rejected { status: 403, words: vec!["error code: 1010".to_owned()] };
    assert_eq!(nameless.phone_numbers().await.unwrap_err(), expected);
}

#[tokio::test]
async fn an_unusable_configuration_is_refused_at_the_start() {
    let line = Line::new().await;
    for base_url in ["api.vapi.ai", "ftp://api.vapi.ai", "mailto:vapi"] {
        let config = vapi::client::Config { base_url: base_url.to_owned(), ..config_of(&line.standin) };
        assert!(matches!(Client::new(config), Err(ConfigError::BaseUrl)), "{base_url}");
    }
    let config = vapi::client::Config { private_key: "a\nb".to_owned().into(), ..config_of(&line.standin) };
    assert_eq!(
        Client::new(config).unwrap_err().to_string(),
        "VAPI_API_KEY contains characters that no header may contain"
    );
}

#[tokio::test]
async fn a_web_call_takes_the_public_key() {
    let line = Line::new().await;
    let assistant = line.client.create_assistant(&json!({"name": "Desk"})).await.unwrap();
    let overrides = json!({"metadata": {"session": "s"}});
    let call = line.client.web_call(&assistant.id, Some(&overrides)).await.unwrap();
    let held = line.standin.call(&call.id).unwrap();
    assert_eq!((&held["webCallUrl"], &held["assistantOverrides"]), (&json!(call.url.as_str()), &overrides));
    // Without a public key the private one is used, which this organisation does not permit.
    let mut config = config_of(&line.standin);
    config.public_key = None;
    let error = Client::new(config).unwrap().web_call(&assistant.id, None).await.unwrap_err();
    assert!(matches!(error, Error::Rejected { status: 401, .. }), "{error:?}");
}

#[tokio::test]
async fn a_full_account_and_an_unpaid_one_are_told_apart() {
    let config = vapi_standin::Config { concurrency_limit: 1, ..Default::default() };
    let line = Line::with(config).await;
    let assistant = line.client.create_assistant(&json!({})).await.unwrap();
    line.standin.set_frozen(true);
    let error = line.client.web_call(&assistant.id, None).await.unwrap_err();
    assert!(
        matches!(&error, Error::Rejected { status: 402, words } if words[0].starts_with("Wallet Balance")),
        "{error:?}"
    );
    line.standin.set_frozen(false);
    line.client.web_call(&assistant.id, None).await.unwrap();
    let error = line.client.web_call(&assistant.id, None).await.unwrap_err();
    assert_eq!(error, Error::Rejected { status: 400, words: vec!["Over Concurrency Limit.".to_owned()] });
}

/// A call that was created and will never start counts as refused.
#[tokio::test]
async fn a_blocked_call_is_a_refusal() {
    let config = vapi_standin::Config { concurrency_limit: 0, blocked_calls_are_answered: true, ..Default::default() };
    let line = Line::with(config).await;
    let assistant = line.client.create_assistant(&json!({})).await.unwrap();
    let error = line.client.web_call(&assistant.id, None).await.unwrap_err();
    assert!(matches!(error, Error::Rejected { status: 201, .. }), "{error:?}");
}

#[tokio::test]
async fn numbers_are_listed_and_assigned_to_an_assistant() {
    let line = Line::new().await;
    let id = line.standin.add_phone_number("+15550104477");
    let assistant = line.client.create_assistant(&json!({})).await.unwrap();
    let [number] = &line.client.phone_numbers().await.unwrap()[..] else { panic!("one number") };
    assert_eq!((&number.id, &number.assistant_id), (&id, &None));
    assert_eq!(number.number.as_ref().unwrap().as_str(), "+15550104477");
    let server = json!({"url": "https://us.example/hook"});
    let fields = json!({"assistantId": assistant.id, "server": server});
    let number = line.client.update_phone_number(&id, &fields).await.unwrap();
    assert_eq!(
        (number.assistant_id, number.server_url.as_deref()),
        (Some(assistant.id), Some("https://us.example/hook"))
    );
    let number = line.client.update_phone_number(&id, &json!({"assistantId": null})).await.unwrap();
    assert_eq!(number.assistant_id, None);
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

#[tokio::test]
async fn calls_are_listed_page_by_page() {
    let clock = Clock::at(at("2026-03-01T10:00:00Z"));
    let line = Line::with(vapi_standin::Config { clock: clock.clone(), ..Default::default() }).await;
    let mut made = Vec::new();
    for second in 0..7 {
        let call = NewCall {
            kind: CallKind::Outbound,
            assistant_id: None,
            phone_number_id: None,
            customer_number: Some("+15550104477".to_owned()),
        };
        let id = line.standin.begin_call(&call);
        let end = CallEnd {
            reason: "voicemail".into(),
            duration: Duration::from_secs(second),
            summary: "s".into(),
            cost: 0.0,
        };
        line.standin.end_call(&id, &end);
        made.push(id);
        clock.advance(Duration::from_secs(1));
    }
    let since = at("2026-03-01T10:00:01Z");
    let (mut found, mut until) = (Vec::new(), None);
    loop {
        let page = line.client.calls_changed_since(since, until, 3).await.unwrap();
        let full = page.listed() == 3;
        until = page.calls.last().map(|call| call.created_at);
        found.extend(page.calls.into_iter().map(|call| call.id).filter(|id| !found.contains(id)).collect::<Vec<_>>());
        if !full {
            break;
        }
    }
    made.remove(0);
    made.reverse();
    assert_eq!(found, made);
    let [newest] = &line.client.calls_changed_since(since, None, 1).await.unwrap().calls[..] else {
        panic!("one call")
    };
    assert_eq!((newest.created_at, &newest.body["endedReason"]), (at("2026-03-01T10:00:06Z"), &json!("voicemail")));
    let error = line.client.calls_changed_since(since, None, 1001).await.unwrap_err();
    assert!(matches!(error, Error::Rejected { status: 400, .. }), "{error:?}");
}

#[tokio::test]
async fn every_assistant_since_an_instant_is_found() {
    let clock = Clock::at(at("2026-03-01T10:00:00Z"));
    let line = Line::with(vapi_standin::Config { clock: clock.clone(), ..Default::default() }).await;
    let body = json!({"metadata": {"agentId": "no uuid", "configHash": 7}});
    let old = line.client.create_assistant(&body).await.unwrap();
    assert_eq!((old.agent, old.config_hash), (None, None));
    clock.advance(Duration::from_millis(1));
    let mut made = Vec::new();
    for _ in 0..1203 {
        made.push(line.client.create_assistant(&Value::Object(Default::default())).await.unwrap().id);
        clock.advance(Duration::from_millis(1));
    }
    let found = line.client.assistants_created_since(at("2026-03-01T10:00:00.001Z")).await.unwrap();
    let ids: Vec<_> = found.into_iter().map(|assistant| assistant.id).collect();
    made.reverse();
    assert_eq!(ids, made);
    assert_eq!(line.standin.count(Operation::ListAssistants), 2);
    let all = line.client.assistants_created_since(at("2026-03-01T10:00:00Z")).await.unwrap();
    assert_eq!(all.last().unwrap().id, old.id);
    // Pages of a thousand and of five hundred take too long.
    line.standin.forget_requests();
    for fault in [Fault::Truncated, Fault::ResetBefore] {
        line.standin.fail_next(Operation::ListAssistants, fault);
    }
    let all = line.client.assistants_created_since(at("2026-03-01T10:00:00Z")).await.unwrap();
    assert_eq!((all.len(), all.last().unwrap().id.as_str()), (1204, old.id.as_str()));
    assert_eq!(line.standin.count(Operation::ListAssistants), 2 + 5);
}

/// An unreadable element must not count as a missing one.
#[tokio::test]
async fn a_list_is_read_whole_or_not_at_all() {
    let line = Line::new().await;
    let made = line.client.create_assistant(&json!({})).await.unwrap();
    line.standin.drift(&made.id, json!({"createdAt": "once upon a time"}));
    // A single assistant need not have a creation time.
    assert_eq!(line.client.assistant(&made.id).await.unwrap().created_at, None);
    assert!(line.client.update_assistant(&made.id, &json!({})).await.is_ok());
    line.standin.fail_next(Operation::ListCalls, Fault::Garbage);
    let error = line.client.calls_changed_since(at("2026-03-01"), None, 10).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { cause: vapi::client::Cause::Unreadable, .. }), "{error:?}");
}
