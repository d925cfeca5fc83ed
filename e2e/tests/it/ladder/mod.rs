//! The ladder of degradation: whatever part is gone, slow or spoiled, whoever asks gets the best copy there is, and the
//! truth about it. That Redis or Postgres is gone altogether, and comes back, is in `outages`.

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
/// Postgres is waited for two seconds, everything else for less.
const PROMPT: Duration = in_time(Duration::from_secs(3));
/// Whole seconds are rounded, and a node that has just started on a busy machine knows the database's time less well.
const AGE_SLACK_SECONDS: i64 = 5;

/// An api node that holds nothing yet.
async fn cold(stack: &Stack, environment: &Environment) -> Process {
    let node = Process::start(&["api"], environment);
    node.ready(&stack.client).await;
    node
}

/// An org with some data that is served, published and nowhere else than in the stores; and its dashboard.
async fn org_with_lead(stack: &Stack) -> (Org, Answer) {
    let org = stack.org().await;
    add_lead(stack, &org).await;
    let held = settled_dashboard(stack, &org).await;
    (org, held)
}

/// The dashboard once there is nothing to come.
async fn settled_dashboard(stack: &Stack, org: &Org) -> Answer {
    stack.settled().await;
    stack.follows(org).await
}

async fn add_lead(stack: &Stack, org: &Org) {
    stack
        .sql(&format!("insert into contacts (org_id, name, lead_status) values ('{0}', 'of {0}', 'new')", org.id))
        .await;
}

/// Reads an org's dashboard from a node: there is one, and soon, and it is as old as it says.
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

/// Reads the dashboard that is known to be the org's, from where it is said to be, with the label that it should have.
async fn serves(stack: &Stack, node: &Process, org: &Org, held: &Answer, from: (&str, Option<&str>)) {
    let answer = reads(stack, node, org).await;
    assert_eq!((answer.etag(), answer.version()), (held.etag(), held.version()));
    assert_eq!(answer.identity(), held.identity());
    assert_eq!((answer.header("prewarm-source").unwrap(), answer.stale()), from);
}

/// Waits until a node serves what is known to be the newest, as fresh.
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
