//! A body that is too large removes no panel.

use std::time::Duration;

use e2e::{Stack, eventually, poll};
use readmodel::model::Model;

use super::{add_lead, catches_up, cold, org_with_lead, reads, settled_dashboard};

/// A failing org is retried after a minute at most; the rest is slack for a busy machine.
const TRIED_AGAIN: Duration = Duration::from_secs(180);

#[tokio::test]
async fn an_org_whose_body_is_too_large_keeps_its_last_panels() {
    let stack = Stack::start().await;
    let (org, held) = org_with_lead(&stack).await;
    let (other, _) = org_with_lead(&stack).await;
    // Each text is short, but there are very many.
    let interests =
        |interests: &str| format!("update contacts set service_interests = {interests} where org_id = '{}'", org.id);
    stack.sql(&interests("array(select repeat('x', 500) || i from generate_series(1, 17000) i)")).await;
    let counted = poll(TRIED_AGAIN, async || {
        let refused = stack.metrics(&stack.worker).await.sum("prewarm_oversized_bodies_total", &[("model", "leads")]);
        (refused >= 1.0).then_some(())
    });
    counted.await.expect("the refusal is counted");

    // Every tier serves the last edition, and keeps it.
    let mut without_redis = stack.environment.clone();
    without_redis.remove("REDIS_URL").unwrap();
    let (mut node, mut lonely) = (cold(&stack, &stack.environment).await, cold(&stack, &without_redis).await);
    for node in [&stack.api, &node, &lonely] {
        let answer = reads(&stack, node, &org).await;
        assert_eq!((answer.version(), answer.identity()), (held.version(), held.identity()));
    }
    let rows = format!("select count(*) from prewarm.blobs where org_id = '{}'", org.id);
    assert_eq!(stack.count(&rows).await, Model::STORED.len() as i64);
    // Another org is not affected.
    add_lead(&stack, &other).await;
    eventually("the other org follows", async || {
        (reads(&stack, &lonely, &other).await.json()["leads"]["leads"].as_array()?.len() == 2).then_some(())
    })
    .await;

    stack.sql(&interests("'{one}'")).await;
    stack.follows_within(TRIED_AGAIN, &org).await;
    let newest = settled_dashboard(&stack, &org).await;
    for node in [&node, &lonely] {
        catches_up(&stack, node, &org, &newest).await;
    }
    node.stop().await;
    lonely.stop().await;
    stack.close().await;
}
