//! Agents become assistants, with the real worker.

use std::time::Duration;

use e2e::{Answer, Environment, Org, Stack, WEBHOOK_SECRET, eventually, poll};
use reqwest::StatusCode;
use serde_json::{Value, json};
use testkit::{Database, sqlx};
use vapi_standin::{Config, Fault, Operation, Standin};

const KEY: &str = "canary-private-key";
const PROMPT: &str = "You are a canary, and a canary you stay";
/// A killed worker's lease ends after 20 s; the rest is slack for a busy machine.
const LEASE: Duration = Duration::from_secs(60);

pub(crate) async fn standin() -> Standin {
    Standin::start(Config { private_key: KEY.to_owned(), ..Config::default() }).await.unwrap()
}

/// A stack with this Vapi.
pub(crate) async fn stack(standin: &Standin) -> Stack {
    let environment = Environment::from([
        ("PREWARM_LOG", "debug".to_owned()),
        ("VAPI_API_KEY", KEY.to_owned()),
        ("VAPI_PUBLIC_KEY", standin.config().public_key.clone()),
        ("VAPI_BASE_URL", standin.url()),
        ("PREWARM_PUBLIC_URL", "https://prewarm.example".to_owned()),
    ]);
    Stack::start_on(Database::create().await.unwrap(), environment).await
}

/// Creates an org and saves its agent.
pub(crate) async fn save(stack: &Stack) -> Org {
    let org = Org::unknown();
    stack.sql(&format!("insert into organizations (id, name) values ('{}', 'org')", org.id)).await;
    stack
        .sql(&format!(
            r#"insert into agents (org_id, name, system_prompt, model)
               values ('{}', 'Front desk', '{PROMPT}', '{{"provider": "openai", "model": "gpt-4o"}}')"#,
            org.id
        ))
        .await;
    org
}

/// Waits until no assistant is owed.
pub(crate) async fn until_synced(stack: &Stack, limit: Duration) {
    let open = "select (select count(*) from prewarm.agent_marks)
                     + (select count(*) from prewarm.assistants where stage <> 'synced')";
    let synced = poll(limit, async || (stack.count(open).await == 0).then_some(())).await;
    assert!(synced.is_some(), "not synced within {limit:?}");
}

#[tokio::test]
async fn a_worker_killed_before_it_learns_of_its_assistant_leaves_exactly_one() {
    let standin = standin().await;
    let mut stack = stack(&standin).await;
    standin.fail_next(Operation::CreateAssistant, Fault::HangAfter);
    save(&stack).await;
    standin.asked(Operation::CreateAssistant, 1).await;
    stack.worker.kill_9();
    assert_eq!(standin.assistants().len(), 1);
    assert_eq!(stack.count("select count(*) from agents where vapi_assistant_id is not null").await, 0);
    stack.worker.restart();
    until_synced(&stack, LEASE).await;
    assert_eq!((standin.assistants().len(), standin.count(Operation::CreateAssistant)), (1, 1));
    let named = format!(
        "select count(*) from agents where vapi_assistant_id = '{}'",
        standin.assistants()[0]["id"].as_str().unwrap()
    );
    assert_eq!(stack.count(&named).await, 1);
    stack.close().await;
}

#[tokio::test]
async fn keys_and_prompts_stay_out_of_logs_metrics_and_jobs() {
    let standin = standin().await;
    let stack = stack(&standin).await;
    // One assistant is created after a failure, another is refused in Vapi's words.
    standin.fail_next(Operation::CreateAssistant, Fault::status(503));
    save(&stack).await;
    until_synced(&stack, Duration::from_secs(30)).await;
    assert!(standin.assistants()[0].to_string().contains(PROMPT));
    assert_eq!(standin.assistants()[0]["server"]["secret"], WEBHOOK_SECRET);
    stack.sql(r#"update agents set model = '{"provider": "openai", "model": "gpt-4o", "bogus": true}'"#).await;
    eventually("Vapi refuses it", async || {
        let refused = "select count(*) from prewarm.dead_letters where error like '%bogus%'";
        (stack.count(refused).await == 1).then_some(())
    })
    .await;

    let rows = "select coalesce(string_agg(to_jsonb(j)::text, ''), '') from prewarm.shown_jobs j";
    let jobs: String = sqlx::query_scalar(rows).fetch_one(&stack.pg).await.unwrap();
    let metrics = Answer::to(stack.client.get(stack.worker.admin("/metrics"))).await.unwrap().text();
    assert!(stack.worker.log().contains("DEBUG"));
    assert!(
        metrics.contains(r#"prewarm_vapi_requests_total{operation="create_assistant",status="503"} 1"#),
        "{metrics}"
    );
    for (place, text) in [("the jobs", jobs), ("the metrics", metrics), ("the log", stack.worker.log())] {
        for private in [KEY, PROMPT, WEBHOOK_SECRET] {
            assert!(!text.contains(private), "{private} is in {place}");
        }
    }
    stack.close().await;
}

#[tokio::test]
async fn a_process_without_a_vapi_key_serves_and_says_why_it_makes_no_assistants() {
    let stack = Stack::start().await;
    let key = Environment::from([("VAPI_API_KEY", KEY.to_owned())]);
    for (more, reason) in [(Environment::new(), "VAPI_API_KEY is not set"), (key, "PREWARM_PUBLIC_URL is not set")] {
        let mut environment = stack.environment.clone();
        environment.extend(more);
        for part in ["worker", "api"] {
            let mut process = e2e::Process::start(&[part], &environment);
            process.ready(&stack.client).await;
            let ready = Answer::to(stack.client.get(process.admin("/readyz"))).await.unwrap();
            assert_eq!(ready.status, StatusCode::OK);
            let report: Value = serde_json::from_str(&ready.text()).unwrap();
            assert_eq!((&report["ready"], &report["parts"]["vapi"]["state"]), (&json!(true), &json!("degraded")));
            assert!(report["parts"]["vapi"]["reason"].as_str().unwrap().starts_with(reason), "{report}");
            process.stop().await;
        }
    }
    stack.close().await;
}
