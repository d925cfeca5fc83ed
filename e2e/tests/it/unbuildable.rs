//! An org that was never built and cannot be built.

use std::time::{Duration, Instant};

use e2e::{Stack, eventually};
use reqwest::StatusCode;

const DASHBOARD: &str = "/api/analytics/dashboard";
/// The limit of a response without a wait.
const AT_ONCE: Duration = Duration::from_secs(2);

#[tokio::test]
async fn readers_of_an_org_that_cannot_be_built_get_503_at_once() {
    let stack = Stack::start().await;
    let broken = stack.org().await;
    stack.settled().await;
    // Marks the org as not built, and makes every build fail.
    stack
        .sql(&format!(
            "create function prewarm.refuse() returns trigger language plpgsql as $$
             begin raise exception 'refused'; end $$;
             create trigger refuse before insert or update on prewarm.versions
               for each row when (new.org_id = '{0}') execute function prewarm.refuse();
             delete from prewarm.blobs where org_id = '{0}';
             delete from prewarm.versions where org_id = '{0}';
             insert into contacts (org_id, name) values ('{0}', 'somebody')",
            broken.id
        ))
        .await;
    flush_redis(&stack).await;
    let mut node = stack.another_api().await;

    let first = stack.read_from(&node, &broken, DASHBOARD).await;
    assert_eq!((first.status, first.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, Some("1")));
    for _ in 0..20 {
        let asked = Instant::now();
        let answer = stack.read_from(&node, &broken, DASHBOARD).await;
        assert_eq!((answer.status, answer.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, Some("1")));
        assert!(asked.elapsed() < AT_ONCE, "{:?}", asked.elapsed());
    }
    let failed = stack.metrics(&node).await.sum("prewarm_rebuilds_total", &[("outcome", "failed")]);
    assert!(failed <= 1.0, "{failed} builds of one node in less than a minute");

    // Once a worker has built the org it is served, although this node would not retry yet.
    stack
        .sql(&format!(
            "drop trigger refuse on prewarm.versions;
             update prewarm.leases set until = now(), starts = 1 where org_id = '{}'",
            broken.id
        ))
        .await;
    eventually("the org is built and served", async || {
        (stack.read_from(&node, &broken, DASHBOARD).await.status == StatusCode::OK).then_some(())
    })
    .await;
    node.stop().await;
    stack.close().await;
}

async fn flush_redis(stack: &Stack) {
    let client = ::redis::Client::open(stack.redis.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    ::redis::cmd("FLUSHALL").exec_async(&mut connection).await.unwrap();
}
