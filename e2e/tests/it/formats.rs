//! A release with a later format takes over while the previous one still serves, and is rolled back.

use std::time::Duration;

use e2e::{Environment, Events, Next, Org, Process, Stack, eventually};
use readmodel::model::Format;
use tokio::time::{Instant, sleep};

const DASHBOARD: &str = "/api/analytics/dashboard";
const QUIET: Duration = Duration::from_secs(2);
/// The time for which readers read and a writer writes.
const LOAD: Duration = Duration::from_secs(4);
const BETWEEN_WRITES: Duration = Duration::from_millis(20);

/// Starts a process of the later release.
async fn later(stack: &Stack, part: &'static str) -> Process {
    let mut environment: Environment = stack.environment.clone();
    environment.insert("PREWARM_PLAYED_FORMAT", (Format::CURRENT.0 + 1).to_string());
    let process = Process::start(&[part], &environment);
    process.ready(&stack.client).await;
    process
}

/// Reads an org's dashboard from a node again and again. Each answer has it, and its version never goes back.
async fn read_on(stack: &Stack, node: &Process, org: &Org) -> u64 {
    let (until, mut seen, mut reads) = (Instant::now() + LOAD, None, 0);
    while Instant::now() < until {
        let answer = stack.read_from(node, org, DASHBOARD).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(seen <= Some(answer.version()), "{seen:?}, then {}", answer.version());
        (seen, reads) = (Some(answer.version()), reads + 1);
    }
    reads
}

async fn write_on(stack: &Stack, org: &Org) {
    let until = Instant::now() + LOAD;
    while Instant::now() < until {
        stack.sql(&format!("insert into calls (org_id) values ('{}')", org.id)).await;
        sleep(BETWEEN_WRITES).await;
    }
}

/// Both nodes answer while the org changes. Afterwards they agree on its dashboard, and rebuilds stop.
async fn both_answer(stack: &Stack, there: &Process, org: &Org) {
    let mut heard = Events::open(stack.stream(&stack.api, org)).await;
    let reads = tokio::join!(read_on(stack, &stack.api, org), read_on(stack, there, org), write_on(stack, org));
    assert!(reads.0 > 10 && reads.1 > 10, "{reads:?}");
    stack.follows_within(Duration::from_secs(40), org).await;
    eventually("the nodes agree", async || {
        let (one, other) = (stack.read(org, DASHBOARD).await, stack.read_from(there, org, DASHBOARD).await);
        (one.version() == other.version()).then(|| assert_eq!(one.identity(), other.identity()))
    })
    .await;
    stack.settled().await;
    while heard.within(QUIET).await != Next::Silence {}
    let versions = "select n from prewarm.versions";
    let calm = stack.count(versions).await;
    sleep(QUIET).await;
    assert_eq!(stack.count(versions).await, calm, "a rebuild without a change");
}

#[tokio::test]
async fn two_releases_serve_side_by_side_without_rebuilding_each_others_blobs() {
    let mut stack = Stack::start().await;
    let org = stack.org().await;
    stack.follows(&org).await;
    let before = stack.read(&org, DASHBOARD).await;

    // The api of the later release starts first. It builds what only the earlier one has built.
    let mut api = later(&stack, "api").await;
    let built = stack.read_from(&api, &org, DASHBOARD).await;
    assert_eq!((built.status, built.etag()), (before.status, before.etag()));
    both_answer(&stack, &api, &org).await;

    // The later worker starts, then works alone, and is rolled back.
    let mut worker = later(&stack, "worker").await;
    both_answer(&stack, &api, &org).await;
    stack.worker.stop().await;
    both_answer(&stack, &api, &org).await;
    assert_eq!(stack.count("select format::bigint from prewarm.versions").await, i64::from(Format::CURRENT.0 + 1));
    stack.worker.restart();
    stack.worker.ready(&stack.client).await;
    worker.kill_9();
    both_answer(&stack, &api, &org).await;
    api.stop().await;
    stack.close().await;
}
