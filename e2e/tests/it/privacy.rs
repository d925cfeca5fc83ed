//! What people are called and say, and what opens doors, stays out of logs, metrics and the queue.

use e2e::{Answer, Environment, JWT_SECRET, Stack, WEBHOOK_SECRET, eventually, report};
use reqwest::{Method, StatusCode};
use serde_json::json;
use testkit::Database;

const NAME: &str = "Canaria Canary";
const PHONE: &str = "+15557272727";
const EMAIL: &str = "canary@example.com";
const SUMMARY: &str = "Canary asked for the cage";
const TRANSCRIPT: &str = "I am a canary";
const WRONG_SECRET: &str = "canary-wrong-secret";
const SEARCH: &str = "canary-search";

/// Whatever `query` returns, as one text.
async fn text(stack: &Stack, query: &'static str) -> String {
    let rows: Vec<String> = sqlx::query_scalar(query).fetch_all(&stack.pg).await.unwrap();
    rows.concat()
}

#[tokio::test]
async fn nothing_private_gets_into_logs_metrics_or_jobs() {
    let environment = Environment::from([("PREWARM_LOG", "debug".to_owned())]);
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
    broken_rebuild(&stack, &org.id.to_string()).await;

    let signature = org.token.rsplit('.').next().unwrap();
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
        signature,
        "canary-twilio-token",
        "canary-gateway-key",
    ];
    let jobs = text(&stack, "select to_jsonb(j)::text || encode(j.job, 'escape') from apalis.jobs j").await;
    let mut places = vec![("the jobs", jobs)];
    for (name, process) in [("api", &stack.api), ("worker", &stack.worker)] {
        assert!(process.log().contains("DEBUG"), "the {name} logs");
        places.push((name, process.log() + &process.stdout()));
        places.push((name, Answer::to(stack.client.get(process.admin("/metrics"))).await.unwrap().text()));
    }
    for (place, text) in places {
        for private in private {
            assert!(!text.contains(private), "{private} is in {place}");
        }
    }
    let events = text(&stack, "select body::text from prewarm.events").await;
    for secret in [WEBHOOK_SECRET, "canary-twilio-token", "canary-gateway-key"] {
        assert!(!events.contains(secret), "{secret} is kept");
    }
    stack.close().await;
}

/// A rebuild that fails on a value: Postgres' message quotes it.
async fn broken_rebuild(stack: &Stack, org: &str) {
    stack
        .sql(&format!(
            "create or replace view prewarm.source_contacts as
               select id, org_id, name, phone, email, name::int as lead_score, lead_status, service_interests,
                      estimated_value, last_contact_at, created_at
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
        let recorded = "select count(*) from apalis.jobs where last_result::text like '%rebuild%'";
        (stack.count(recorded).await > 0).then_some(())
    })
    .await;
}
