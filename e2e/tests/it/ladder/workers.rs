//! Without a worker.

use e2e::{Stack, eventually};
use readmodel::time::Timestamp;

use super::{catches_up, cold, reads, serves, settled_dashboard};

/// A node's estimate of the database's time may be off by one round trip, on a busy machine.
const CLOCK_ERROR_MICROS: i64 = 1_000_000;

#[tokio::test]
async fn without_workers_an_edition_past_its_deadline_is_served_as_stale() {
    let mut stack = Stack::start().await;
    let org = stack.org().await;
    stack
        .sql(&format!(
            "insert into contacts (org_id, lead_status, last_contact_at)
             values ('{}', 'new', clock_timestamp() - interval '24 hours -10 seconds')",
            org.id
        ))
        .await;
    let held = settled_dashboard(&stack, &org).await;
    let urgency = |answer: &e2e::Answer| answer.json()["leads"]["leads"][0]["follow_up_urgency"].clone();
    assert_eq!(urgency(&held), "high");
    stack.worker.kill_9();
    serves(&stack, &stack.api, &org, &held, ("l1", None)).await;

    let deadline = Timestamp::parse(held.header("prewarm-next-change").unwrap()).unwrap();
    eventually("the deadline passes", async || {
        let before = stack.now().await;
        let answer = reads(&stack, &stack.api, &org).await;
        assert_eq!(answer.etag(), held.etag());
        let due = stack.now().await.as_micros() + CLOCK_ERROR_MICROS >= deadline.as_micros();
        assert!(answer.stale().is_none() || due, "{:?} at {before}, due at {deadline}", answer.stale());
        (answer.stale() == Some("deadline-passed")).then_some(())
    })
    .await;
    // New nodes may estimate that it is earlier.
    eventually("the deadline passes on every node", async || {
        let now = stack.now().await.as_micros();
        (now > deadline.as_micros() + CLOCK_ERROR_MICROS).then_some(())
    })
    .await;
    // From every tier.
    let mut without_redis = stack.environment.clone();
    without_redis.remove("REDIS_URL").unwrap();
    let (mut node, mut lonely) = (cold(&stack, &stack.environment).await, cold(&stack, &without_redis).await);
    for (node, source) in [(&stack.api, "l1"), (&node, "redis"), (&lonely, "postgres")] {
        serves(&stack, node, &org, &held, (source, Some("deadline-passed"))).await;
    }

    stack.worker.restart();
    let newest = settled_dashboard(&stack, &org).await;
    assert_eq!(urgency(&newest), "medium");
    for node in [&node, &lonely] {
        catches_up(&stack, node, &org, &newest).await;
    }
    node.stop().await;
    lonely.stop().await;
    stack.close().await;
}
