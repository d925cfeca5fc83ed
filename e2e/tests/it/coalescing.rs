//! A burst of changes causes few rebuilds. The first change is processed at once, and the last one is included.

use std::time::{Duration, Instant};

use e2e::{Environment, Org, Stack, eventually};
use testkit::{
    Database,
    sqlx::{self, AssertSqlSafe, Connection, PgConnection},
};

const EVENTS: usize = 1_000;
const WRITERS: usize = 4;

/// A whole system with a gap between rebuilds of an org.
async fn stack_with_gap(gap: &str) -> Stack {
    let database = Database::create().await.unwrap();
    let mut session = PgConnection::connect(&database.url()).await.unwrap();
    let tune = format!("update prewarm.settings set rebuild_gap = '{gap}'");
    sqlx::raw_sql(AssertSqlSafe(tune)).execute(&mut session).await.unwrap();
    Stack::start_on(database, Environment::new()).await
}

async fn rebuilds(stack: &Stack, org: &Org) -> i64 {
    stack.count(&format!("select coalesce(max(n), 0) from prewarm.versions where org_id = '{}'", org.id)).await
}

async fn call(stack: &Stack, org: &Org) {
    stack.sql(&format!("insert into calls (org_id, phone_number) values ('{}', '+1')", org.id)).await;
}

/// Writes a thousand changes of an org as fast as possible. Returns the number of rebuilds, and the time until the last
/// change is published.
async fn burst(stack: &Stack, org: &Org) -> (i64, Duration) {
    let before = rebuilds(stack, org).await;
    let started = Instant::now();
    let writers: Vec<_> = (0..WRITERS)
        .map(|_| {
            let (pg, org) = (stack.pg.clone(), org.id);
            tokio::spawn(async move {
                for _ in 0..EVENTS / WRITERS {
                    let insert = "insert into calls (org_id, phone_number) values ($1, '+1')";
                    sqlx::query(insert).bind(org.0).execute(&pg).await.unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(stack.follows(org).await.json()["pulse"]["total_calls"], EVENTS);
    stack.settled().await;
    (rebuilds(stack, org).await - before, started.elapsed())
}

#[tokio::test]
async fn a_thousand_changes_cause_one_rebuild_per_gap() {
    // The default of fifty milliseconds is too short to distinguish from a slow machine.
    const GAP: Duration = Duration::from_millis(300);
    let stack = stack_with_gap("300 milliseconds").await;
    let org = stack.org().await;
    stack.follows(&org).await;
    let (made, took) = burst(&stack, &org).await;
    let most = i64::try_from(took.as_millis() / GAP.as_millis()).unwrap() + 2;
    assert!((1..=most).contains(&made), "{made} rebuilds in {took:?}");
    stack.close().await;
}

#[tokio::test]
async fn the_gap_is_tunable_and_does_not_delay_a_lone_change() {
    const GAP: Duration = Duration::from_secs(6);
    let stack = stack_with_gap("6 seconds").await;
    let org = stack.org().await;
    stack.follows(&org).await;
    stack.settled().await;
    tokio::time::sleep(GAP).await;

    let lone = Instant::now();
    call(&stack, &org).await;
    let first = stack.follows(&org).await;
    assert!(lone.elapsed() < GAP, "a lone change is seen after {:?}", lone.elapsed());
    // Changes within the gap wait for its end and share a rebuild.
    let before = rebuilds(&stack, &org).await;
    for _ in 0..10 {
        call(&stack, &org).await;
    }
    let last = eventually("the last", async || {
        let answer = stack.read(&org, "/api/analytics/dashboard").await;
        (answer.json()["pulse"]["total_calls"] == 11).then_some(answer)
    })
    .await;
    let apart = last.as_of().as_micros() - first.as_of().as_micros();
    assert!(apart >= i64::try_from(GAP.as_micros()).unwrap(), "{apart} µs apart");
    assert_eq!(rebuilds(&stack, &org).await - before, 1);
    stack.close().await;
}

#[tokio::test]
async fn without_a_gap_rebuilds_follow_each_other_at_once() {
    let stack = stack_with_gap("0").await;
    let org = stack.org().await;
    stack.follows(&org).await;
    let (made, took) = burst(&stack, &org).await;
    assert!((1..=i64::try_from(EVENTS).unwrap()).contains(&made), "{made} rebuilds in {took:?}");
    stack.close().await;
}
