//! Nodes that hear nothing: the check of versions catches what the feed lost.

use std::time::{Duration, Instant};

use e2e::{Process, Stack, poll};
use testkit::{busy::in_time, servers};

const DASHBOARD: &str = "/api/analytics/dashboard";
/// By invariant 4.
const CONVERGENCE: Duration = in_time(Duration::from_secs(2));

#[tokio::test]
async fn a_node_that_hears_nothing_learns_of_a_version_within_two_seconds() {
    let stack = Stack::start().await;
    // A Redis that nobody publishes to: to this node every message is lost.
    let elsewhere = servers::redis().await.unwrap();
    let mut environment = stack.environment.clone();
    environment.insert("REDIS_URL", elsewhere.url());
    let mut deaf = Process::start(&["api"], &environment);
    deaf.ready(&stack.client).await;
    let org = stack.org().await;
    let mut seen = stack.follows(&org).await.version();
    stack.read_from(&deaf, &org, DASHBOARD).await;
    for _ in 0..5 {
        stack.sql(&format!("insert into calls (org_id) values ('{}')", org.id)).await;
        let newest = stack.follows(&org).await.version();
        let told = Instant::now();
        let caught_up = poll(CONVERGENCE, async || {
            let answer = stack.read_from(&deaf, &org, DASHBOARD).await;
            assert!(answer.version() >= seen, "versions never go back");
            seen = answer.version();
            (seen >= newest).then_some(())
        });
        assert!(caught_up.await.is_some(), "not after {:?}", told.elapsed());
    }
    deaf.stop().await;
    stack.close().await;
}
