//! One org's load does not delay other orgs.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use e2e::{Org, Stack, poll};
use testkit::sqlx::{self, Connection, PgConnection};

/// About a hundred times the usual latency. Waiting behind the large org would take longer.
const PROMPT: Duration = Duration::from_secs(9);

/// Changes a small org repeatedly and waits for each change to be processed, while `busy` and at least five times.
async fn stays_prompt(stack: &Stack, org: &Org, busy: &AtomicBool) -> usize {
    let mut changes = 0;
    while busy.load(Ordering::Relaxed) || changes < 5 {
        stack.sql(&format!("insert into calls (org_id, phone_number) values ('{}', '+1')", org.id)).await;
        let marks = format!("select count(*) from prewarm.marks where org_id = '{}'", org.id);
        let taken_up = poll(PROMPT, async || (stack.count(&marks).await == 0).then_some(())).await;
        assert!(taken_up.is_some(), "change {changes} of a small org waits for {PROMPT:?} already");
        changes += 1;
    }
    changes
}

async fn outcome(stack: &Stack, outcome: &str) -> f64 {
    stack.metrics(&stack.worker).await.sum("prewarm_rebuilds_total", &[("outcome", outcome)])
}

#[tokio::test]
async fn an_import_into_one_org_delays_no_other_org() {
    const ROWS: usize = 50_000;
    const BATCH: usize = 500;
    let stack = Stack::start().await;
    let (large, small) = (stack.org().await, stack.org().await);
    stack.follows(&large).await;
    stack.follows(&small).await;
    // The first reader of an org builds it, and may supersede a worker.
    stack.settled().await;
    let superseded = outcome(&stack, "superseded").await;
    let busy = Arc::new(AtomicBool::new(true));
    let importer = tokio::spawn({
        let (url, org, busy) = (stack.environment["DATABASE_URL"].clone(), large.id, Arc::clone(&busy));
        async move {
            let mut session = PgConnection::connect(&url).await.unwrap();
            // One transaction with half of the rows, then many small ones.
            for rows in std::iter::once(ROWS / 2).chain(std::iter::repeat_n(BATCH, ROWS / 2 / BATCH)) {
                let mut copy = session
                    .copy_in_raw("copy calls (org_id, phone_number, duration_seconds, created_at) from stdin")
                    .await
                    .unwrap();
                let lines =
                    (0..rows).map(|n| format!("{org}\t+1{}\t{}\t2026-01-0{} 12:00Z\n", n % 997, n % 60, 1 + n % 9));
                copy.send(lines.collect::<String>().into_bytes()).await.unwrap();
                copy.finish().await.unwrap();
            }
            busy.store(false, Ordering::Relaxed);
        }
    });
    let changes = stays_prompt(&stack, &small, &busy).await;
    importer.await.unwrap();
    let shown = stack.follows_within(Duration::from_secs(30), &large).await.json();
    assert_eq!(shown["pulse"]["total_calls"], ROWS);
    assert_eq!(stack.follows(&small).await.json()["pulse"]["total_calls"], changes);
    assert_eq!((outcome(&stack, "superseded").await, outcome(&stack, "failed").await), (superseded, 0.0));
    stack.close().await;
}

#[tokio::test]
async fn a_long_rebuild_is_not_cut_off_and_delays_no_other_org() {
    // Longer than the time limit for rebuilds of small orgs.
    const LONG: Duration = Duration::from_secs(11);
    let stack = Stack::start().await;
    let (large, small) = (stack.org().await, stack.org().await);
    stack.follows(&large).await;
    stack.follows(&small).await;
    stack.settled().await;
    // Blocks the rebuild of the large org where it reads its hours.
    let mut holder = stack.pg.begin().await.unwrap();
    sqlx::query(
        "insert into prewarm.sums
         select $1, 1, start, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
           from unnest(array[prewarm.hour_of(now()), prewarm.hour_of(now() + interval '1 hour')]) as start
             on conflict do nothing",
    )
    .bind(large.id.0)
    .execute(&mut *holder)
    .await
    .unwrap();
    stack.sql(&format!("insert into calls (org_id, phone_number) values ('{}', '+1')", large.id)).await;
    let busy = Arc::new(AtomicBool::new(true));
    let held = tokio::spawn({
        let busy = Arc::clone(&busy);
        async move {
            tokio::time::sleep(LONG).await;
            holder.rollback().await.unwrap();
            busy.store(false, Ordering::Relaxed);
        }
    });
    let started = Instant::now();
    stays_prompt(&stack, &small, &busy).await;
    assert!(started.elapsed() >= LONG);
    held.await.unwrap();
    assert_eq!(stack.follows(&large).await.json()["pulse"]["total_calls"], 1);
    assert_eq!(outcome(&stack, "failed").await, 0.0);
    stack.settled().await;
    stack.close().await;
}
