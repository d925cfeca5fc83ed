//! Graceful degradation: whichever part is gone, slow or corrupted, readers get the best copy available, with true labels.
//! Complete outages of Redis and Postgres are in `outages`.

mod callers;
mod hints;
mod installation;
mod network;
mod oversized;
pub(crate) mod postgres;
mod redis;
mod refusals;
mod workers;

use std::time::{Duration, Instant};

use api::auth::wall_clock;
use e2e::{Answer, Environment, Org, Process, Stack, eventually};
use reqwest::StatusCode;
use testkit::busy::in_time;

const DASHBOARD: &str = "/api/analytics/dashboard";
/// The time limit of a read, which waits for Postgres for up to two seconds and for other parts less.
const PROMPT: Duration = in_time(Duration::from_secs(3));
/// The tolerance of ages: seconds are rounded, and a new node on a busy machine estimates the database's time less well.
const AGE_SLACK_SECONDS: i64 = 5;

/// Starts an api node with an empty L1.
async fn cold(stack: &Stack, environment: &Environment) -> Process {
    let node = Process::start(&["api"], environment);
    node.ready(&stack.client).await;
    node
}

/// An org with published data that only the stores hold, and its dashboard.
async fn org_with_lead(stack: &Stack) -> (Org, Answer) {
    let org = stack.org().await;
    add_lead(stack, &org).await;
    let held = settled_dashboard(stack, &org).await;
    (org, held)
}

/// The dashboard after all pending work.
async fn settled_dashboard(stack: &Stack, org: &Org) -> Answer {
    stack.settled().await;
    stack.follows(org).await
}

async fn add_lead(stack: &Stack, org: &Org) {
    stack
        .sql(&format!("insert into contacts (org_id, name, lead_status) values ('{0}', 'of {0}', 'new')", org.id))
        .await;
}

/// Reads an org's dashboard from a node and checks that it arrives in time, with a true age.
async fn reads(stack: &Stack, node: &Process, org: &Org) -> Answer {
    let (asked, asked_at) = (Instant::now(), wall_clock().0);
    let answer = stack.read_from(node, org, DASHBOARD).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert!(asked.elapsed() < PROMPT, "{:?}", asked.elapsed());
    let age: i64 = answer.header("prewarm-age").unwrap().parse().unwrap();
    let as_of = answer.as_of().as_micros() / 1_000_000;
    let true_ages = asked_at - as_of - AGE_SLACK_SECONDS..=wall_clock().0 - as_of + AGE_SLACK_SECONDS;
    assert!(true_ages.contains(&age), "{age} s is not in {true_ages:?}");
    answer
}

/// Reads the dashboard and checks its bytes, source and label.
async fn serves(stack: &Stack, node: &Process, org: &Org, held: &Answer, from: (&str, Option<&str>)) {
    let answer = reads(stack, node, org).await;
    assert_eq!((answer.etag(), answer.version()), (held.etag(), held.version()));
    assert_eq!(answer.identity(), held.identity());
    assert_eq!((answer.header("prewarm-source").unwrap(), answer.stale()), from);
}

/// Waits until a node serves the newest dashboard as fresh.
async fn catches_up(stack: &Stack, node: &Process, org: &Org, newest: &Answer) {
    eventually("the node serves the newest version", async || {
        let answer = reads(stack, node, org).await;
        (answer.etag() == newest.etag() && answer.stale().is_none()).then_some(())
    })
    .await;
}

async fn mismatches(stack: &Stack, node: &Process) -> f64 {
    stack.metrics(node).await.sum("prewarm_org_mismatch_total", &[])
}
