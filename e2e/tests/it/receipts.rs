//! Receipts and minimum versions: a client sees what it wrote, and never an older state than before, on any node.

use std::time::{Duration, Instant};

use e2e::{Answer, Org, Process, Stack, eventually, report};
use readmodel::version::Version;
use reqwest::StatusCode;
use testkit::busy::in_time;

const DASHBOARD: &str = "/api/analytics/dashboard";
/// A list that is a query instead of a blob.
const LIST: &str = "/api/calls-dashboard?limit=21";

async fn waiting_for(stack: &Stack, node: &Process, org: &Org, receipt: &str) -> Answer {
    waiting_on(DASHBOARD, stack, node, org, receipt).await
}

async fn waiting_on(path: &str, stack: &Stack, node: &Process, org: &Org, receipt: &str) -> Answer {
    let request = stack.client.get(node.http(path)).bearer_auth(&org.token);
    Answer::to(request.header("prewarm-wait-for", receipt)).await.unwrap()
}

async fn at_least(stack: &Stack, node: &Process, org: &Org, version: &str) -> Answer {
    let request = stack.client.get(node.http(DASHBOARD)).bearer_auth(&org.token);
    Answer::to(request.header("prewarm-min-version", version)).await.unwrap()
}

fn receipt(answer: &Answer) -> String {
    answer.json()["receipt"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_read_with_a_receipt_sees_the_write() {
    let mut stack = Stack::start().await;
    let mut other = stack.another_api().await;
    let org = stack.org().await;
    stack.follows(&org).await;
    for n in 1..=20 {
        let message = report(&org, &format!("call-{n}"), "+15550100001");
        let written = receipt(&stack.post(&message).await);
        let node = if n % 2 == 0 { &stack.api } else { &other };
        // A rebuild may take longer than the two seconds of a wait; the answer is then labelled.
        let seen = eventually("the write is included", async || {
            let answer = waiting_for(&stack, node, &org, &written).await;
            assert_eq!(answer.status, StatusCode::OK);
            (answer.stale() != Some("behind-receipt")).then_some(answer)
        })
        .await;
        assert_eq!(seen.stale(), None);
        assert_eq!(seen.json()["pulse"]["total_calls"], n);
        let listed = waiting_on(LIST, &stack, node, &org, &written).await;
        assert_eq!((&listed.json()["pagination"]["total"], listed.stale()), (&n.into(), None));
        // A duplicate gets the first receipt.
        assert_eq!(receipt(&stack.post(&message).await), written);
    }

    // Without a worker the old blob is served after two seconds, with a label.
    stack.worker.kill_9();
    let written = receipt(&stack.post(&report(&org, "call-21", "+15550100001")).await);
    let asked = Instant::now();
    let behind = waiting_for(&stack, &other, &org, &written).await;
    assert_eq!((behind.status, behind.stale()), (StatusCode::OK, Some("behind-receipt")));
    assert!(
        (Duration::from_millis(1900)..in_time(Duration::from_secs(2))).contains(&asked.elapsed()),
        "{:?}",
        asked.elapsed()
    );
    assert_eq!(behind.json()["pulse"]["total_calls"], 20);
    let listed = waiting_on(LIST, &stack, &other, &org, &written).await;
    assert_eq!((listed.status, listed.stale()), (StatusCode::OK, Some("behind-receipt")));
    stack.worker.restart();
    let seen = stack.follows_within(Duration::from_secs(30), &org).await;
    assert_eq!(waiting_for(&stack, &other, &org, &written).await.etag(), seen.etag());

    // A receipt of another epoch is answered at once, and a malformed one is refused.
    let asked = Instant::now();
    assert_eq!(waiting_for(&stack, &stack.api, &org, "r7-1").await.stale(), Some("behind-receipt"));
    assert!(asked.elapsed() < in_time(Duration::from_secs(1)));
    for garbage in ["x", "r1", "1-1", "r1-99999999999999999999"] {
        for path in [DASHBOARD, LIST, "/api/analytics/dashboard?version=1-1"] {
            let refused = waiting_on(path, &stack, &stack.api, &org, garbage).await;
            assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{path} {garbage}");
        }
    }
    other.stop().await;
    stack.close().await;
}

#[tokio::test]
async fn a_parked_events_receipt_does_not_count_as_included() {
    let stack = Stack::start().await;
    let (org, nobody) = (stack.org().await, Org::unknown());
    stack.follows(&org).await;
    let own = receipt(&stack.post(&report(&org, "own", "+15550100001")).await);
    let parked = receipt(&stack.post(&report(&nobody, "parked", "+15550100001")).await);
    let seen = waiting_for(&stack, &stack.api, &org, &own).await;
    assert_eq!((seen.status, seen.stale()), (StatusCode::OK, None));
    let behind = waiting_for(&stack, &stack.api, &org, &parked).await;
    assert_eq!((behind.status, behind.stale()), (StatusCode::OK, Some("behind-receipt")));

    // The event is assigned to the org. The receipt counts once its effect is published.
    stack
        .sql(&format!(
            "insert into agents (org_id, call_direction, name, vapi_assistant_id) values ('{}', 'outbound', 'a', '{}')",
            org.id,
            nobody.assistant()
        ))
        .await;
    let seen = eventually("the replay is included", async || {
        let answer = waiting_for(&stack, &stack.api, &org, &parked).await;
        answer.stale().is_none().then_some(answer)
    })
    .await;
    assert_eq!(seen.json()["pulse"]["total_calls"], 2);
    stack.close().await;
}

#[tokio::test]
async fn no_node_answers_below_the_minimum_version() {
    let stack = Stack::start().await;
    let mut other = stack.another_api().await;
    let org = stack.org().await;
    let mut seen = stack.follows(&org).await.version();
    for n in 0..200 {
        if n % 2 == 0 {
            stack.sql(&format!("insert into calls (org_id) values ('{}')", org.id)).await;
        }
        let node = if n % 3 == 0 { &stack.api } else { &other };
        let answer = at_least(&stack, node, &org, &seen.to_string()).await;
        assert!(answer.version() >= seen, "{} after {seen}", answer.version());
        seen = answer.version();
    }
    // A version that does not exist is not waited for.
    let future = Version { epoch: seen.epoch, n: seen.n + 1000 };
    let answer = at_least(&stack, &other, &org, &future.to_string()).await;
    assert_eq!((answer.status, answer.stale()), (StatusCode::OK, Some("behind-version")));
    assert_eq!(at_least(&stack, &other, &org, "r1-1").await.status, StatusCode::BAD_REQUEST);
    other.stop().await;
    stack.close().await;
}
