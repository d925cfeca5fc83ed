//! Personal data and secrets stay out of logs, metrics and the queue.

use std::time::Duration;

use api::auth::wall_clock;
use e2e::{Answer, Environment, JWT_SECRET, Org, Stack, WEBHOOK_SECRET, eventually, report};
use reqwest::{Method, StatusCode};
use serde_json::json;
use testkit::{Database, sqlx};
use vapi_standin::signature;
use vapi_standin::{CallEnd, CallKind, NewCall};

use crate::{
    assistants::standin,
    console::{post, watched},
    reconciliation::reconcile,
};

const NAME: &str = "Canaria Canary";
const PHONE: &str = "+15557272727";
const EMAIL: &str = "canary@example.com";
const SUMMARY: &str = "Canary asked for the cage";
const TRANSCRIPT: &str = "I am a canary";
const WRONG_SECRET: &str = "canary-wrong-secret";
const SEARCH: &str = "canary-search";
/// The secret that signs webhooks.
const HMAC_SECRET: &str = "canary-hmac-secret";
/// The caller of an unknown assistant.
const PARKED_PHONE: &str = "+15557272728";
/// A number of the org, answered by its assistant.
const OUR_NUMBER: &str = "+15557272729";
/// The host of rooms. A room's address is a secret, because it is enough to join the call.
const ROOMS: &str = "rooms.standin.invalid";
/// A number that the source refuses.
const REFUSED_PHONE: &str = "+15557272730";
/// Secrets in bodies, by field name.
const IN_BODIES: [(&str, &str); 5] = [
    ("twilioAuthToken", "canary-twilio-token"),
    ("secret", "canary-tool-secret"),
    ("apiKey", "canary-api-key"),
    ("credentials", "canary-credentials"),
    ("websocketCallUrl", "canary-call-url"),
];

/// The result of a query as one text.
async fn text(stack: &Stack, query: &'static str) -> String {
    let rows: Vec<String> = sqlx::query_scalar(query).fetch_all(&stack.pg).await.unwrap();
    rows.concat()
}

#[tokio::test]
async fn private_data_stays_out_of_logs_metrics_and_jobs() {
    let environment = Environment::from([
        ("PREWARM_LOG", "debug".to_owned()),
        ("VAPI_WEBHOOK_SECRET", format!("{WEBHOOK_SECRET},{HMAC_SECRET}")),
        ("VAPI_WEBHOOK_HMAC", "sha256".to_owned()),
        ("VAPI_WEBHOOK_HMAC_ONLY", "false".to_owned()),
    ]);
    let stack = Stack::start_on(Database::create().await.unwrap(), environment).await;
    let org = stack.org().await;
    let mut message = report(&org, "call-1", PHONE);
    message["message"]["customer"]["name"] = json!(NAME);
    message["message"]["analysis"]["summary"] = json!(SUMMARY);
    message["message"]["artifact"]["transcript"] = json!(TRANSCRIPT);
    for _ in 0..2 {
        assert_eq!(stack.post(&message).await.status, StatusCode::OK);
    }
    stack.sql(&format!("update contacts set email = '{EMAIL}', lead_score = 90 where org_id = '{}'", org.id)).await;
    let shown = stack.follows(&org).await.text();
    for private in [NAME, PHONE, EMAIL, SUMMARY] {
        assert!(shown.contains(private), "{private} is in the system");
    }
    let cut = message.to_string();
    for (secret, body) in [(WEBHOOK_SECRET, &cut[..cut.len() - 1]), (WRONG_SECRET, &cut)] {
        let refused =
            stack.request(Method::POST, "/webhooks/vapi").header("x-vapi-secret", secret).body(body.to_owned());
        assert!(Answer::to(refused).await.unwrap().status.is_client_error());
    }
    let tampered = stack.request(Method::GET, "/api/analytics/leads").bearer_auth(format!("{}x", org.token));
    assert_eq!(Answer::to(tampered).await.unwrap().status, StatusCode::UNAUTHORIZED);
    for query in [format!("search={SEARCH}"), format!("status={SEARCH}")] {
        stack.read(&org, &format!("/api/calls-dashboard?{query}")).await;
    }
    let signatures = signed(&stack, &org).await;
    parked_and_refused(&stack, &org).await;
    broken_rebuild(&stack, &org.id.to_string()).await;

    let token_signature = org.token.rsplit('.').next().unwrap();
    let private = [
        NAME,
        PHONE,
        EMAIL,
        SUMMARY,
        TRANSCRIPT,
        WRONG_SECRET,
        SEARCH,
        WEBHOOK_SECRET,
        JWT_SECRET,
        token_signature,
        "canary-gateway-key",
        HMAC_SECRET,
        PARKED_PHONE,
        OUR_NUMBER,
        REFUSED_PHONE,
        &signatures[0],
        &signatures[1],
    ];
    let private: Vec<&str> = private.into_iter().chain(IN_BODIES.map(|(_, secret)| secret)).collect();
    for (place, text) in places(&stack).await {
        for private in &private {
            assert!(!text.contains(private), "{private} is in {place}");
        }
    }
    let events = text(&stack, "select body::text from prewarm.events").await;
    assert!(events.contains(PARKED_PHONE));
    let secrets = [WEBHOOK_SECRET, HMAC_SECRET, "canary-gateway-key"].into_iter();
    for secret in secrets.chain(IN_BODIES.map(|(_, secret)| secret)) {
        assert!(!events.contains(secret), "{secret} is kept");
    }
    stack.close().await;
}

/// Prompts, messages, and data from Vapi's list of calls.
#[tokio::test]
async fn private_data_of_console_test_calls_and_reconciliation_stays_out_of_logs() {
    let standin = standin().await;
    let stack = crate::assistants::stack(&standin).await;
    let org = Org::unknown();
    stack.sql(&format!("insert into organizations (id, name) values ('{}', 'org')", org.id)).await;
    let agent = json!({
        "name": NAME,
        "systemPrompt": TRANSCRIPT,
        "firstMessage": SUMMARY,
        "voice": {"provider": "11labs", "voiceId": "canary-voice"},
        "model": {"provider": "openai", "model": "gpt-4o", "messages": [{"role": "user", "content": "canary-message"}]},
    });
    // Agents with a wrong type, a NUL character, an invalid value, an unknown field, and a valid one.
    stack.sql(&format!("alter table agents add check (first_message <> '{EMAIL}')")).await;
    for (field, value) in
        [("voice", json!(PHONE)), ("systemPrompt", json!(format!("{TRANSCRIPT}\0"))), ("firstMessage", json!(EMAIL))]
    {
        let mut bad = agent.clone();
        bad[field] = value;
        let refused = post(&stack, &org, "agent", &bad).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
        for private in [NAME, PHONE, EMAIL, SUMMARY, TRANSCRIPT] {
            assert!(!refused.text().contains(private), "{}", refused.text());
        }
    }
    assert_eq!(post(&stack, &org, "agent?wait=10s", &agent).await.json()["synced"], json!(true));
    let call = post(&stack, &org, "test-agent", &json!({})).await.json();
    let ready = watched(&stack, &org, &call["stream"]).await.pop().unwrap();
    assert!(ready.data["webCallUrl"].as_str().unwrap().contains(ROOMS), "{ready:?}");
    // One call to recover, and one whose contact the source refuses.
    stack.sql(&format!("alter table contacts add check (phone <> '{REFUSED_PHONE}')")).await;
    for number in [PHONE, REFUSED_PHONE] {
        let call = standin.begin_call(&NewCall {
            kind: CallKind::Inbound,
            assistant_id: standin.assistants()[0]["id"].as_str().map(str::to_owned),
            phone_number_id: None,
            customer_number: Some(number.to_owned()),
        });
        let end = CallEnd {
            reason: "customer-ended-call".to_owned(),
            duration: Duration::from_secs(60),
            summary: SUMMARY.to_owned(),
            cost: 0.25,
        };
        assert!(standin.end_call(&call, &end));
    }
    reconcile(&stack).await;
    assert_eq!(stack.count(&format!("select count(*) from calls where summary = '{SUMMARY}'")).await, 2);

    let keys = standin.config();
    let private = [NAME, PHONE, EMAIL, SUMMARY, TRANSCRIPT, REFUSED_PHONE, ROOMS, "canary-voice", "canary-message"];
    let private: Vec<&str> = private.into_iter().chain([&*keys.private_key, &keys.public_key]).collect();
    for (place, text) in places(&stack).await {
        for private in &private {
            assert!(!text.contains(private), "{private} is in {place}");
        }
    }
    stack.close().await;
}

/// Everything that others may read: jobs, logs and metrics.
async fn places(stack: &Stack) -> Vec<(&'static str, String)> {
    let jobs = text(stack, "select to_jsonb(j)::text from prewarm.shown_jobs j").await;
    let mut places = vec![("the queues", jobs)];
    for (name, process) in [("api", &stack.api), ("worker", &stack.worker)] {
        assert!(process.log().contains("DEBUG"), "the {name} logs");
        places.push((name, process.log() + &process.stdout()));
        places.push((name, Answer::to(stack.client.get(process.admin("/metrics"))).await.unwrap().text()));
    }
    places
}

/// Sends a signed webhook and one with another body's signature. Returns the signatures.
async fn signed(stack: &Stack, org: &Org) -> [String; 2] {
    let body = report(org, "call-signed", PHONE).to_string();
    let time = wall_clock().0;
    let (right, wrong) = (signature(HMAC_SECRET, time, &body), signature(HMAC_SECRET, time, "another"));
    for (signature, status) in [(&right, StatusCode::OK), (&wrong, StatusCode::UNAUTHORIZED)] {
        let request = stack.request(Method::POST, "/webhooks/vapi").header("x-signature", signature);
        let answer = Answer::to_webhook(request.header("x-timestamp", time).body(body.clone())).await;
        assert_eq!(answer.status, status);
    }
    [right, wrong]
}

/// Sends a webhook that is parked and replayed, one that the source refuses, and an assistant request, all full of secrets.
async fn parked_and_refused(stack: &Stack, org: &Org) {
    let unknown = Org::unknown();
    let mut parked = report(&unknown, "call-parked", PARKED_PHONE);
    let mut request = json!({ "message": {
        "type": "assistant-request",
        "call": { "id": "call-asked", "customer": { "number": PARKED_PHONE } },
        "phoneNumber": { "number": OUR_NUMBER },
    }});
    for message in [&mut parked, &mut request] {
        for (field, secret) in IN_BODIES {
            message["message"]["phoneNumber"][field] = json!(secret);
            message["message"]["toolWithToolCallList"] = json!([{ "server": { field: secret } }]);
        }
    }
    stack.sql(&format!("alter table calls add check (phone_number <> '{REFUSED_PHONE}')")).await;
    let refused = report(org, "call-refused", REFUSED_PHONE);
    for message in [&parked, &request, &refused] {
        assert_eq!(stack.post(message).await.status, StatusCode::OK);
    }
    let mut parked_and_refused = refused;
    parked_and_refused["message"]["call"]["id"] = json!("call-parked-and-refused");
    parked_and_refused["message"]["call"]["assistantId"] = json!(unknown.assistant());
    assert_eq!(stack.post(&parked_and_refused).await.status, StatusCode::OK);
    stack
        .sql(&format!(
            "insert into organizations (id, name) values ('{0}', 'org');
             insert into agents (org_id, name, vapi_assistant_id) values ('{0}', 'agent', '{1}')",
            unknown.id,
            unknown.assistant()
        ))
        .await;
    eventually("one is replayed, and the other cannot be", async || {
        let metrics = stack.metrics(&stack.worker).await;
        let count = |outcome| metrics.sum("prewarm_replays_total", &[("outcome", outcome)]);
        (count("replayed") == 1.0 && count("failed") == 1.0).then_some(())
    })
    .await;
}

/// Makes a rebuild fail on a value, which Postgres's message quotes.
async fn broken_rebuild(stack: &Stack, org: &str) {
    stack
        .sql(&format!(
            "create or replace view prewarm.source_contacts as
               select id, org_id, name, phone, email, name::int as lead_score, lead_status, service_interests,
                      estimated_value, last_contact_at, created_at, true as is_actionable, 'cold' as temperature
                 from public.contacts;
             update contacts set lead_status = 'qualified' where org_id = '{org}'"
        ))
        .await;
    eventually("a rebuild fails", async || {
        let failed = stack.metrics(&stack.worker).await.sum("prewarm_rebuilds_total", &[("outcome", "failed")]);
        (failed > 0.0).then_some(())
    })
    .await;
    eventually("the failure is recorded", async || {
        let recorded = "select count(*) from prewarm.shown_jobs where error like '%rebuild%'";
        (stack.count(recorded).await > 0).then_some(())
    })
    .await;
}
