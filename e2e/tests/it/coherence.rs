//! Nodes without messages: the periodic check of versions catches what the feed lost.

use std::time::{Duration, Instant};

use e2e::{Process, Stack, poll};
use testkit::{busy::in_time, servers};

const DASHBOARD: &str = "/api/analytics/dashboard";
/// The convergence time of invariant 4.
const CONVERGENCE: Duration = in_time(Duration::from_secs(2));
/// The time until an old change is labelled: five seconds, plus slack for a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_node_that_gets_no_messages_learns_of_a_version_within_two_seconds() {
    let stack = Stack::start().await;
    // A Redis without publishers: this node receives no message.
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

/// During an import, for example, the panels show the state before it, with a label.
#[tokio::test]
async fn an_answer_says_so_while_the_orgs_changes_have_waited_for_long() {
    let stack = Stack::start().await;
    let org = stack.org().await;
    stack.follows(&org).await;
    // A rebuild that already runs would publish the change in spite of the lease.
    stack.settled().await;
    // A lease without an end blocks the rebuild.
    stack
        .sql(&format!(
            "insert into prewarm.leases (org_id, holder, worker, until) values ('{0}', 0, 'a test', now() + interval '70 seconds')
                 on conflict (org_id) do update set holder = excluded.holder, worker = excluded.worker, until = excluded.until;
             insert into calls (org_id) values ('{0}')",
            org.id
        ))
        .await;
    let label = async |wanted: Option<&str>| {
        let seen = poll(PATIENCE, async || (stack.read(&org, DASHBOARD).await.stale() == wanted).then_some(()));
        assert!(seen.await.is_some(), "not labelled {wanted:?}");
    };
    label(Some("behind-version")).await;
    stack.sql("delete from prewarm.leases where worker = 'a test'").await;
    label(None).await;
    stack.close().await;
}
