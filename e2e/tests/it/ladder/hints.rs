//! Forged messages about versions have no effect, since only Postgres decides.

use std::time::Duration;

use ::redis::{AsyncCommands as _, Client};
use e2e::{Events, Next, Org, Stack};
use testkit::sqlx::{self, AssertSqlSafe};

use super::{add_lead, org_with_lead, reads, settled_dashboard};

/// Long enough for a node to act on messages and to check all versions.
const A_WHILE: Duration = Duration::from_secs(3);
const FLOOD: usize = 20_000;
const AT_ONCE: usize = 250;

/// Forged messages about an org: future versions, a deletion, and malformed ones.
fn lies(org: &Org) -> Vec<String> {
    let id = org.id;
    let epoch = i64::MAX;
    vec![
        format!("{id} 1-999999999"),
        format!("{id} {epoch}-{epoch}"),
        format!("{id} 0-0"),
        format!("{id} 2-{}", "9".repeat(4000)),
        format!("{id}"),
        format!("{id} 1-1 {}", "x".repeat(4000)),
        "not a message".into(),
        String::new(),
    ]
}

async fn say_in_postgres(stack: &Stack, message: &str) {
    sqlx::query("select pg_notify('prewarm_versions', $1)").bind(message).execute(&stack.pg).await.unwrap();
}

/// The channel of this database's versions.
async fn channel(stack: &Stack) -> String {
    let id = "select 'prewarm:' || id || ':versions' from prewarm.installation";
    sqlx::query_scalar(AssertSqlSafe(id)).fetch_one(&stack.pg).await.unwrap()
}

#[tokio::test]
async fn forged_version_messages_spoil_no_read_and_end_no_stream() {
    let stack = Stack::start().await;
    let (org, held) = org_with_lead(&stack).await;
    reads(&stack, &stack.api, &org).await;
    let mut events = Events::open(stack.stream(&stack.api, &org)).await;
    assert_eq!(events.next().await.version(), held.version());
    let mut redis = Client::open(stack.redis.url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let channel = channel(&stack).await;

    for lie in lies(&org) {
        say_in_postgres(&stack, &lie).await;
        let _: () = redis.publish(&channel, &lie).await.unwrap();
        let _: () = redis.publish(&channel, &[0xff_u8, 0xfe][..]).await.unwrap();
        for _ in 0..10 {
            let answer = reads(&stack, &stack.api, &org).await;
            assert_eq!((answer.version(), answer.stale()), (held.version(), None), "{lie:.80}");
        }
    }
    assert_eq!(events.within(A_WHILE).await, Next::Silence);
    let answer = reads(&stack, &stack.api, &org).await;
    assert_eq!((answer.version(), answer.stale()), (held.version(), None));

    // A real version is still received.
    add_lead(&stack, &org).await;
    let newest = settled_dashboard(&stack, &org).await;
    assert!(events.next().await.version() > held.version());
    assert_eq!(reads(&stack, &stack.api, &org).await.identity(), newest.identity());
    drop(events);
    stack.close().await;
}

#[tokio::test]
async fn a_flood_of_hints_causes_one_look_at_a_time() {
    let stack = Stack::start().await;
    let (org, held) = org_with_lead(&stack).await;
    reads(&stack, &stack.api, &org).await;
    let looks = async || stack.metrics(&stack.api).await.sum("prewarm_cache_requests_total", &[("tier", "redis")]);
    let before = looks().await;
    let started = std::time::Instant::now();
    let mut redis = Client::open(stack.redis.url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let channel = channel(&stack).await;
    for n in (1..=FLOOD).step_by(AT_ONCE) {
        let mut pipeline = ::redis::pipe();
        for n in n..n + AT_ONCE {
            pipeline.publish(&channel, format!("{} {}-{n}", org.id, held.version().epoch + 1)).ignore();
        }
        pipeline.exec_async(&mut redis).await.unwrap();
    }
    let answer = reads(&stack, &stack.api, &org).await;
    assert_eq!((answer.version(), answer.stale()), (held.version(), None));
    // A real message after the forged ones.
    add_lead(&stack, &org).await;
    let newest = settled_dashboard(&stack, &org).await;
    assert!(newest.version() > held.version());
    // At most two reads of Redis in a quarter of a second, for any number of hints.
    let (looked, most) = (looks().await - before, 8.0 * started.elapsed().as_secs_f64() + 20.0);
    assert!(looked <= most, "{looked} looks for {FLOOD} hints, {most} at most");
    stack.close().await;
}
