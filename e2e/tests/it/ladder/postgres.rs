//! Postgres hangs, is read-only, or holds corrupted blobs.

use std::time::Instant;

use e2e::{Environment, Org, Stack, eventually, report};
use embedded::Durability;
use reqwest::StatusCode;
use testkit::{Database, servers};

use super::{
    DASHBOARD, PROMPT, add_lead, catches_up, cold, mismatches, org_with_lead, reads, serves, settled_dashboard,
};

#[tokio::test]
async fn reads_do_not_wait_for_a_hanging_postgres_and_say_they_may_be_stale() {
    let server = servers::postgres(Durability::Throwaway).await.unwrap();
    let database = Database::create_on(&server.url("postgres")).await.unwrap();
    let stack = Stack::start_on(database, Environment::new()).await;
    let (read, held) = org_with_lead(&stack).await;
    let (unread, held_unread) = org_with_lead(&stack).await;
    let nowhere = Org::unknown();
    let mut node = cold(&stack, &stack.environment).await;
    serves(&stack, &node, &read, &held, ("redis", None)).await;

    server.pause().unwrap();
    serves(&stack, &node, &read, &held, ("l1", None)).await;
    eventually("the copy is labelled", async || {
        let answer = reads(&stack, &node, &read).await;
        assert_eq!(answer.etag(), held.etag());
        (answer.stale() == Some("unconfirmed")).then_some(())
    })
    .await;
    serves(&stack, &node, &unread, &held_unread, ("redis", Some("unconfirmed"))).await;
    // Redis hangs as well, so the node's copy is the last one.
    stack.redis.pause().unwrap();
    for (org, held) in [(&read, &held), (&unread, &held_unread)] {
        serves(&stack, &node, org, held, ("l1", Some("unconfirmed"))).await;
    }
    let asked = Instant::now();
    let refused = stack.read_from(&node, &nowhere, DASHBOARD).await;
    assert_eq!((refused.status, refused.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, Some("1")));
    assert!(asked.elapsed() < PROMPT, "{:?}", asked.elapsed());
    stack.redis.resume().unwrap();
    server.resume().unwrap();

    catches_up(&stack, &node, &read, &held).await;
    catches_up(&stack, &node, &unread, &held_unread).await;
    add_lead(&stack, &read).await;
    let newest = settled_dashboard(&stack, &read).await;
    catches_up(&stack, &node, &read, &newest).await;
    node.stop().await;
    stack.close().await;
}

/// Makes new sessions read-only, or not, and ends the existing ones.
pub(crate) async fn read_only(stack: &Stack, on: bool) {
    let setting = "default_transaction_read_only";
    stack
        .sql(&format!(
            "begin read write;
             do $$ begin execute format('alter database %I set {setting} = {on}', current_database()); end $$;
             commit;
             select pg_terminate_backend(pid)
               from pg_stat_activity
              where datname = current_database() and pid <> pg_backend_pid();
             set {setting} = {on}"
        ))
        .await;
}

#[tokio::test]
async fn a_read_only_postgres_serves_reads_and_refuses_writes() {
    let stack = Stack::start().await;
    let (read, held) = org_with_lead(&stack).await;
    let (unread, held_unread) = org_with_lead(&stack).await;
    let mut without_redis = stack.environment.clone();
    without_redis.remove("REDIS_URL").unwrap();

    read_only(&stack, true).await;
    catches_up(&stack, &stack.api, &read, &held).await;
    // Postgres confirms that nothing has changed, so answers are fresh.
    serves(&stack, &stack.api, &read, &held, ("l1", None)).await;
    let (mut node, mut lonely) = (cold(&stack, &stack.environment).await, cold(&stack, &without_redis).await);
    serves(&stack, &node, &unread, &held_unread, ("redis", None)).await;
    serves(&stack, &lonely, &unread, &held_unread, ("postgres", None)).await;
    let query = stack.read_from(&node, &read, "/api/calls-dashboard?search=a").await;
    assert_eq!((query.status, query.header("prewarm-source")), (StatusCode::OK, Some("query")));
    let message = report(&read, "call-1", "+15550100001");
    let refused = stack.post_once(&message).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE, "{}", refused.text());

    read_only(&stack, false).await;
    assert_eq!(stack.post(&message).await.status, StatusCode::OK);
    let newest = settled_dashboard(&stack, &read).await;
    assert_eq!(newest.json()["pulse"]["total_calls"], 1);
    for node in [&node, &lonely] {
        catches_up(&stack, node, &read, &newest).await;
    }
    node.stop().await;
    lonely.stop().await;
    stack.close().await;
}

#[tokio::test]
async fn a_foreign_blob_in_postgres_is_counted_rebuilt_and_never_served() {
    let stack = Stack::start().await;
    let (org, held) = org_with_lead(&stack).await;
    let (other, _) = org_with_lead(&stack).await;
    stack
        .sql(&format!(
            "update prewarm.blobs b set bytes = o.bytes from prewarm.blobs o
              where b.org_id = '{}' and o.org_id = '{}' and o.model = b.model",
            org.id, other.id
        ))
        .await;
    // Redis still has a copy.
    let mut node = cold(&stack, &stack.environment).await;
    serves(&stack, &node, &org, &held, ("redis", None)).await;
    node.stop().await;

    let mut without_redis = stack.environment.clone();
    without_redis.remove("REDIS_URL").unwrap();
    let mut node = cold(&stack, &without_redis).await;
    let rebuilt = reads(&stack, &node, &org).await;
    assert_eq!((rebuilt.identity(), rebuilt.stale()), (held.identity(), None));
    assert!(mismatches(&stack, &node).await >= 1.0);
    node.stop().await;
    // A worker may have made the same edition once more.
    let newest = settled_dashboard(&stack, &org).await;
    assert_eq!(newest.etag(), held.etag());
    let mut after = cold(&stack, &without_redis).await;
    serves(&stack, &after, &org, &newest, ("postgres", None)).await;
    after.stop().await;
    stack.close().await;
}
