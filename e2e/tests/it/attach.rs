//! Prewarm beside the database of a product that exists, from the first command to the last.

use std::time::{Duration, Instant};

use e2e::{Answer, Environment, Org, Stack, command, done, eventually, report, status_update};
use readmodel::ids::OrgId;
use reqwest::{Method, StatusCode};
use serde_json::json;
use testkit::{
    Database, clinic,
    sqlx::{self, AssertSqlSafe, Connection as _, PgConnection},
};
use uuid::Uuid;

/// An org of the product with a lead and a call.
pub(crate) const ROWS: &str = "
    insert into public.organizations (id, name) values ('00000000-0000-0000-0000-000000000001', 'Clinic');
    insert into public.contacts (id, org_id, name, phone, lead_status, lead_score)
    values ('00000000-0000-0000-0000-0000000000aa', '00000000-0000-0000-0000-000000000001', 'Ada Lovelace', '+15550101', 'hot', 90),
           ('00000000-0000-0000-0000-0000000000ab', '00000000-0000-0000-0000-000000000001', 'Cold Contact', '+15550102', 'cold', 95);
    insert into public.calls (org_id, contact_id, phone_number, call_direction, duration_seconds, sentiment_summary)
    values ('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-0000000000aa', '+15550101', 'inbound', 60, 'Wants a cleaning')";

/// A call as the product's backend writes it.
const CALL: &str = "insert into public.calls (org_id, phone_number, call_direction)
                    values ('00000000-0000-0000-0000-000000000001', '+15550199', 'inbound')";

/// The promise: drift is told within five seconds.
const TOLD_WITHIN: Duration = Duration::from_secs(5);

async fn clinic() -> Database {
    let database = Database::empty().await.unwrap();
    let mut session = PgConnection::connect(&database.url()).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(format!("{}; {ROWS}", clinic::SCHEMA))).execute(&mut session).await.unwrap();
    database
}

/// Cases A14 and A15 of the field as well: nothing of theirs is made, and nothing goes.
#[tokio::test]
async fn a_product_is_attached_followed_and_left_as_it_was() {
    let database = clinic().await;
    let before = database.dump();
    let environment = Environment::from([("DATABASE_URL", database.url())]);

    let survey = done(&["attach", "--map", "clinic", "--dry-run"], &environment);
    for line in [
        "Clinic: 1 of 2 contacts are leads, 1 calls",
        "Nothing was changed.",
        "prewarm_insert after insert on public.calls",
    ] {
        assert!(survey.contains(line), "{line}: {survey}");
    }
    assert_eq!(database.dump(), before);
    let attached = done(&["attach", "--map", "clinic"], &environment);
    assert!(attached.contains("Nothing of yours is written (mode observe)."), "{attached}");

    let stack = Stack::start_on(database, Environment::new()).await;
    let org = Org::of(OrgId(Uuid::from_u128(1)));
    let dashboard = eventually("the org is built", async || {
        let answer = stack.read(&org, "/api/analytics/dashboard").await;
        (answer.json()["pulse"]["total_calls"] == 1).then_some(answer)
    })
    .await;
    let shown = dashboard.json();
    let leads = shown["leads"]["leads"].as_array().unwrap();
    assert_eq!(leads.len(), 1, "the map's rule hides a cold contact");
    assert_eq!(
        (&leads[0]["contact_name"], &leads[0]["lead_temp"], &leads[0]["last_call_summary"]),
        (&json!("Ada Lovelace"), &json!("hot"), &json!("Wants a cleaning"))
    );
    assert_eq!(dashboard.stale(), None);

    stack.sql(CALL).await;
    calls(&stack, &org, 2).await;

    let report = json!({"message": {"type": "end-of-call-report", "call": {"id": "one"}}});
    let refused = stack.post_once(&report).await;
    assert_eq!((refused.status, refused.text().contains("only observes")), (StatusCode::NOT_FOUND, true));
    let save = stack.request(Method::POST, "/api/founder-console/agent").bearer_auth(&org.token).json(&json!({}));
    assert_eq!(Answer::to(save).await.unwrap().status, StatusCode::NOT_FOUND);
    let ready = Answer::to(stack.client.get(stack.worker.admin("/readyz"))).await.unwrap();
    assert_eq!(ready.status, StatusCode::OK);
    assert!(ready.text().contains("mode observe: webhooks, agents and test calls are off"), "{}", ready.text());

    drifts_and_is_mended(&stack, &org, &environment).await;

    // Also while processes run.
    done(&["detach", "--yes"], &environment);
    assert_eq!(stack.database().dump(), before);
    stack.close().await;
}

/// Their migration renames a column, and takes it back; then it swaps the table.
async fn drifts_and_is_mended(stack: &Stack, org: &Org, environment: &Environment) {
    stack.sql("alter table public.calls rename column phone_number to msisdn").await;
    labelled(stack, org, Some("source-drift")).await;
    let check = command(&["attach", "--check", "--json"], environment);
    assert_eq!(check.status.code(), Some(1));
    let findings: serde_json::Value = serde_json::from_slice(&check.stdout).unwrap();
    assert_eq!(findings[0]["finding"], "column:calls:phone_number");
    assert_eq!(stack.metrics(&stack.worker).await.sum("prewarm_source_drift", &[]), 1.0);
    stack.sql(&CALL.replace("phone_number", "msisdn")).await;
    stack.sql("alter table public.calls rename column msisdn to phone_number").await;
    labelled(stack, org, None).await;
    calls(stack, org, 3).await;

    stack
        .sql(
            "create table public.calls_new (like public.calls including all);
             insert into public.calls_new select * from public.calls;
             alter table public.calls rename to calls_old;
             alter table public.calls_new rename to calls",
        )
        .await;
    stack.sql(CALL).await;
    labelled(stack, org, Some("source-drift")).await;
    done(&["attach", "--map", "clinic"], environment);
    labelled(stack, org, None).await;
    calls(stack, org, 4).await;
    stack.sql("drop table public.calls; alter table public.calls_old rename to calls").await;
    done(&["attach", "--map", "clinic"], environment);
}

/// The map of a clinic whose calls and contacts come by webhook.
pub(crate) const INTAKE: &str = r#"
[writes.contacts]
org_id = "org_id"
phone = "phone"
name = "coalesce(name, phone)"
lead_status = "'warm'"
last_contacted_at = "last_contact_at"

[writes.calls]
org_id = "org_id"
contact_id = "contact_id"
vapi_call_id = "vapi_call_id"
call_direction = "call_direction"
call_type = "call_direction"
phone_number = "phone_number"
from_number = "phone_number"
start_time = "started_at"
end_time = "ended_at"
duration_seconds = "duration_seconds"
status = "status"
sentiment_label = "sentiment_label"
sentiment_score = "sentiment_score"
sentiment_summary = "summary"
is_test_call = "is_test_call"
cost_cents = "cost_cents"
ended_reason = "ended_reason"
created_at = "created_at"
"#;

#[tokio::test]
async fn webhooks_write_the_tables_of_a_product_as_its_checks_allow() {
    let database = clinic().await;
    let environment = Environment::from([("DATABASE_URL", database.url())]);
    let org = Org::of(OrgId(Uuid::from_u128(1)));
    let file = tempfile::NamedTempFile::new().unwrap();
    let map = include_str!("../../../migrations/maps/clinic.toml").replace("mode = \"observe\"", "mode = \"intake\"");
    std::fs::write(file.path(), format!("{map}{INTAKE}")).unwrap();
    done(&["attach", "--map", file.path().to_str().unwrap()], &environment);

    let stack = Stack::start_on(database, Environment::new()).await;
    stack
        .sql(&format!(
            "insert into public.agents (org_id, name, system_prompt, vapi_assistant_id) values ('{}', 'Agent', '…', '{}')",
            org.id,
            org.assistant()
        ))
        .await;
    // The checks of contacts refuse a number that is not in E.164, and nothing is made of a withheld one.
    for (call, customer) in
        [("one", "+15557654321"), ("two", "+15557654321"), ("three", "5551234567"), ("four", "anonymous")]
    {
        assert_eq!(stack.post(&report(&org, call, customer)).await.status, StatusCode::OK, "{call}");
    }
    let written = "select count(*) from public.calls c left join public.contacts k on k.id = c.contact_id
                    where c.vapi_call_id in ('one', 'two', 'three', 'four') and c.sentiment_summary is not null
                      and c.start_time is not null and c.call_type = 'inbound'
                      and (k.phone = '+15557654321' and k.lead_status = 'warm') is not distinct from
                          (case when c.vapi_call_id in ('one', 'two') then true end)";
    assert_eq!(stack.count(written).await, 4);
    calls(&stack, &org, 5).await;
    // A message that comes late changes nothing that is known.
    assert_eq!(stack.post(&status_update(&org, "one", "+15557654321", "in-progress", 60)).await.status, StatusCode::OK);
    assert_eq!(stack.count(written).await, 4);

    // Agents are theirs: nothing is pre-warmed, and what is deleted is erased from what was made of it.
    assert_eq!(stack.count("select count(*) from prewarm.agent_marks").await, 0);
    let save = stack.request(Method::POST, "/api/founder-console/agent").bearer_auth(&org.token).json(&json!({}));
    assert_eq!(Answer::to(save).await.unwrap().status, StatusCode::NOT_FOUND);
    stack.sql("delete from public.contacts where phone = '+15557654321'").await;
    eventually("the caller is erased from the events", async || {
        let named = "select count(*) from prewarm.events where body::text like '%15557654321%'";
        (stack.count(named).await == 0).then_some(())
    })
    .await;
    assert_eq!(stack.count("select count(*) from prewarm.source_faults").await, 0);
    stack.close().await;
}

/// Waits until the org's dashboard counts this many calls.
async fn calls(stack: &Stack, org: &Org, count: u32) {
    eventually("the dashboard counts the calls", async || {
        let answer = stack.read(org, "/api/analytics/dashboard").await;
        (answer.json()["pulse"]["total_calls"] == count).then_some(())
    })
    .await;
}

/// Waits until answers bear this label.
async fn labelled(stack: &Stack, org: &Org, label: Option<&str>) {
    let began = Instant::now();
    eventually("answers bear the label", async || {
        let answers =
            [stack.read(org, "/api/analytics/leads").await, stack.read(org, "/api/analytics/dashboard").await];
        answers.iter().all(|answer| answer.status == 200 && answer.stale() == label).then_some(())
    })
    .await;
    let took = began.elapsed();
    assert!(label.is_none() || took < testkit::busy::in_time(TOLD_WITHIN), "{took:?}");
}
