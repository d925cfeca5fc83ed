//! Changes that time alone causes.

use std::time::Duration;

use e2e::{Answer, Environment, Org, Process, Stack, eventually, token_for};
use embedded::Postgres;
use readmodel::time::Timestamp;
use testkit::{
    Database,
    busy::in_time,
    faketime::{ServerClock, ahead},
    servers, sqlx,
};

const LEADS: &str = "/api/analytics/leads";
/// A lone rebuild is done within a second of its deadline.
const PROMPT: Duration = in_time(Duration::from_secs(1));
/// The lag of a node's estimate of the database's time.
const CLOCK_LAG: Duration = in_time(Duration::from_millis(250));
const DAY_SECONDS: i64 = 24 * 60 * 60;

/// An org with one lead, last contacted `ago`, and the instant of the contact.
async fn org_contacted(stack: &Stack, ago: &str) -> (Org, Timestamp) {
    let org = stack.org().await;
    let insert = "insert into contacts (org_id, lead_status, last_contact_at)
                  values ($1, 'new', clock_timestamp() - $2::interval)
                  returning (extract(epoch from last_contact_at) * 1000000)::bigint";
    let last_contact: i64 = sqlx::query_scalar(insert).bind(org.id.0).bind(ago).fetch_one(&stack.pg).await.unwrap();
    stack.follows(&org).await;
    (org, Timestamp::from_micros(last_contact))
}

/// Reads until the lead's urgency has fallen from `from` to `to`. Until then every answer after the boundary is labelled
/// stale. The first answer with the new urgency was built within a second of the boundary.
async fn falls(stack: &Stack, org: &Org, boundary: Timestamp, from: &str, to: &str) {
    let rebuilt = eventually("the urgency falls", async || {
        let asked_at = stack.now().await;
        let answer = stack.read(org, LEADS).await;
        let urgency = answer.json()["leads"][0]["follow_up_urgency"].as_str().unwrap().to_owned();
        if urgency == to {
            return Some(answer);
        }
        assert_eq!(urgency, from);
        let overdue = asked_at >= after(boundary, CLOCK_LAG);
        assert!(!overdue || answer.stale() == Some("deadline-passed"), "an old answer passes for a fresh one");
        None
    })
    .await;
    let (as_of, latest) = (rebuilt.as_of(), after(boundary, PROMPT));
    assert!((boundary..latest).contains(&as_of), "{boundary} passed, and {as_of} is the next version");
    assert_eq!(stack.count("select count(*) from prewarm.events").await, 0);
}

fn after(instant: Timestamp, time: Duration) -> Timestamp {
    Timestamp::from_micros(instant.as_micros() + i64::try_from(time.as_micros()).unwrap())
}

#[tokio::test]
async fn a_leads_urgency_falls_by_time_alone() {
    let stack = Stack::start().await;
    let (yesterday, last_contact) = org_contacted(&stack, "24 hours -6 seconds").await;
    let boundary = after(last_contact, Duration::from_hours(24));
    let first = stack.read(&yesterday, LEADS).await;
    assert_eq!(first.header("prewarm-next-change"), Some(boundary.to_string().as_str()));
    falls(&stack, &yesterday, boundary, "high", "medium").await;

    let (last_week, last_contact) = org_contacted(&stack, "7 days -6 seconds").await;
    falls(&stack, &last_week, after(last_contact, Duration::from_hours(7 * 24)), "medium", "low").await;
    stack.follows(&yesterday).await;
    stack.follows(&last_week).await;
    stack.close().await;
}

/// A whole system on a Postgres with a fake clock.
async fn stack_with_clock() -> (Stack, ServerClock, Postgres) {
    let (server, clock) = servers::postgres_with_clock().await.unwrap();
    clock.set(0).unwrap();
    let database = Database::create_on(&server.url("postgres")).await.unwrap();
    (Stack::start_on(database, Environment::new()).await, clock, server)
}

async fn until_urgency(stack: &Stack, org: &Org, urgency: &str) -> Answer {
    eventually(urgency, async || {
        let answer = stack.read(org, LEADS).await;
        let shown = answer.json()["leads"][0]["follow_up_urgency"] == urgency;
        (shown && answer.stale().is_none()).then_some(answer)
    })
    .await
}

/// Waits until crons fire and run by the current clock.
async fn crons_fire(stack: &Stack) {
    // A sweep fires while an event is parked, and nothing ever waits for this one.
    let parked = "insert into prewarm.events (dedupe_key, type, assistant_id, epoch, body)
                  values ('parked', 'status-update', 'of somebody else', 1, '{}') on conflict do nothing";
    stack.sql(parked).await;
    let fired = "select count(*) from prewarm.cron_slots where name = 'sweep' and slot between now() - interval '3 s' and now()";
    let done = "select count(*) from prewarm.jobs where queue = 'maintenance' and state = 'done'
                   and ended_at between now() - interval '3 s' and now()";
    eventually("a sweep", async || (stack.count(fired).await > 0 && stack.count(done).await > 0).then_some(())).await;
    stack.sql("delete from prewarm.events where dedupe_key = 'parked'").await;
}

/// Checks that idle processes do no work.
async fn nothing_runs_hot(stack: &Stack) {
    const REBUILDS: &str = "select coalesce(sum(n), 0)::int8 from prewarm.versions";
    stack.settled().await;
    let before = stack.count(REBUILDS).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(stack.count(REBUILDS).await, before, "orgs are rebuilt for nothing");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn panels_stay_right_when_the_databases_clock_jumps_a_day() {
    let (stack, clock, _server) = stack_with_clock().await;
    let (org, _) = org_contacted(&stack, "1 hour").await;
    stack
        .sql(
            "insert into organizations (name) select 'fleet' from generate_series(1, 150);
             insert into contacts (org_id, lead_status, last_contact_at)
             select id, 'new', now() - random() * interval '23 hours' from organizations where name = 'fleet'",
        )
        .await;
    stack.settled().await;
    let ages = "select count(*) from prewarm.actionable_leads where follow_up_urgency = 'medium'";
    assert_eq!(stack.count(ages).await, 0);

    // All deadlines of the day pass at once.
    clock.set(DAY_SECONDS).unwrap();
    until_urgency(&stack, &org, "medium").await;
    eventually("every org is a day older", async || (stack.count(ages).await == 151).then_some(())).await;
    stack.follows(&org).await;
    crons_fire(&stack).await;
    nothing_runs_hot(&stack).await;

    // Changes are in progress while the clock goes back.
    for n in 0..20 {
        stack.sql(&format!("insert into calls (org_id, phone_number) values ('{}', '+1{n}')", org.id)).await;
        if n == 10 {
            clock.set(0).unwrap();
        }
    }
    until_urgency(&stack, &org, "high").await;
    eventually("every org is as young as before", async || (stack.count(ages).await == 0).then_some(())).await;
    assert_eq!(stack.follows(&org).await.json()["pulse"]["total_calls"], 20);
    crons_fire(&stack).await;
    nothing_runs_hot(&stack).await;

    // Deadlines and changes are processed as before.
    let (other, last_contact) = org_contacted(&stack, "24 hours -6 seconds").await;
    falls(&stack, &other, after(last_contact, Duration::from_hours(24)), "high", "medium").await;
    stack.sql(&format!("insert into calls (org_id, phone_number) values ('{}', '+1')", org.id)).await;
    assert_eq!(stack.follows(&org).await.json()["pulse"]["total_calls"], 21);
    let failed = stack.metrics(&stack.worker).await.sum("prewarm_rebuilds_total", &[("outcome", "failed")]);
    assert_eq!(failed, 0.0);
    stack.close().await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_version_dated_tomorrow_is_labelled_until_it_is_rebuilt() {
    let (mut stack, clock, _server) = stack_with_clock().await;
    let (org, _) = org_contacted(&stack, "1 hour").await;
    clock.set(DAY_SECONDS).unwrap();
    until_urgency(&stack, &org, "medium").await;
    stack.settled().await;
    stack.worker.kill_9();

    clock.set(0).unwrap();
    let labelled = eventually("a label", async || {
        let answer = stack.read(&org, LEADS).await;
        (answer.stale() == Some("clock-went-back")).then_some(answer)
    })
    .await;
    assert_eq!(labelled.json()["leads"][0]["follow_up_urgency"], "medium");
    assert_eq!(labelled.header("prewarm-age"), Some("0"));
    stack.worker.restart();
    until_urgency(&stack, &org, "high").await;
    stack.follows(&org).await;
    stack.close().await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_node_whose_clock_is_off_says_so_and_serves_right_data() {
    let stack = Stack::start().await;
    let (org, _) = org_contacted(&stack, "24 hours -15 seconds").await;
    let mut environment = stack.environment.clone();
    environment.extend(ahead(DAY_SECONDS).into_iter().map(|(name, value)| (name, value.into_string().unwrap())));
    let node = Process::start(&["api"], &environment);
    node.ready(&stack.client).await;
    let reason = eventually("a reason", async || {
        let report = Answer::to(stack.client.get(node.admin("/readyz"))).await.unwrap();
        assert_eq!(report.status, 200);
        report.json()["parts"]["clock"]["reason"].as_str().map(str::to_owned)
    })
    .await;
    assert!(reason.starts_with("86400.") && reason.contains("ahead of the database's"), "{reason}");
    let skew = stack.metrics(&node).await.sum("prewarm_clock_skew_seconds", &[]);
    assert!((skew - DAY_SECONDS as f64).abs() < 1.0, "{skew}");
    let right = Answer::to(stack.client.get(stack.api.admin("/readyz"))).await.unwrap().json();
    assert_eq!(right["parts"]["clock"]["state"], "ok");

    // The deadline has passed by the node's clock, but not by the database's, which counts.
    let visitor = Org { id: org.id, token: token_for(org.id, Duration::from_hours(48)) };
    let answer = stack.read_from(&node, &visitor, LEADS).await;
    assert_eq!((answer.stale(), &answer.json()["leads"][0]["follow_up_urgency"]), (None, &"high".into()));
    let age: i64 = answer.header("prewarm-age").unwrap().parse().unwrap();
    assert!(age < 60, "{age}");
    eventually("the urgency falls", async || {
        let answer = stack.read_from(&node, &visitor, LEADS).await;
        (answer.json()["leads"][0]["follow_up_urgency"] == "medium" && answer.stale().is_none()).then_some(())
    })
    .await;
    stack.close().await;
}
