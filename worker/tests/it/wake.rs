//! No wake-up is lost.

use std::time::{Duration, Instant};

use testkit::{busy::in_time, sqlx::postgres::PgListener};

use crate::harness::{Db, Probe, Running, eventually, sleepy};

const JOBS: usize = 300;

/// Marks orgs 1 to 7 ms apart without waiting, and returns the time from the last mark until all are rebuilt.
async fn trickle(db: &Db, probe: &Probe, hint: bool) -> Duration {
    for n in 0..JOBS {
        db.org().await;
        if hint {
            db.run("notify prewarm_hint").await;
        }
        tokio::time::sleep(Duration::from_millis(1 + (n as u64 * 5) % 7)).await;
    }
    let last = Instant::now();
    eventually("all rebuilt", async || (probe.starts().len() >= JOBS).then_some(())).await;
    last.elapsed()
}

#[tokio::test]
async fn every_job_is_found_by_hints_alone() {
    let db = Db::create().await;
    let probe = Probe::rebuilding(&db.pg);
    let running = Running::start(sleepy(), &db.pg, &probe);
    db.until_listening().await;

    let late = trickle(&db, &probe, true).await;
    assert!(late < in_time(Duration::from_secs(1)), "{late:?}");
    running.stop().await;
    db.close().await;
}

#[tokio::test]
async fn a_hint_during_an_empty_claim_is_not_lost() {
    let db = Db::create().await;
    db.make_claims_holdable(true).await;
    let probe = Probe::rebuilding(&db.pg);
    let running = Running::start(sleepy(), &db.pg, &probe);
    db.until_listening().await;
    let mut hints = PgListener::connect_with(&db.pg).await.unwrap();
    hints.listen("prewarm_hint").await.unwrap();

    let holder = db.hold_claims().await;
    db.run("notify prewarm_hint").await;
    hints.recv().await.unwrap();
    db.until_a_claim_is_held().await;
    db.org().await;
    db.run("notify prewarm_hint").await;
    hints.recv().await.unwrap();
    // The hint is sent at the same time. Later, it would find the worker asleep, as in the test above.
    tokio::time::sleep(Duration::from_millis(50)).await;
    holder.rollback().await.unwrap();
    probe.until_started(1).await;
    running.stop().await;
    drop(hints);
    db.close().await;
}

#[tokio::test]
async fn every_job_is_found_by_polling_alone() {
    let db = Db::create().await;
    let probe = Probe::rebuilding(&db.pg);
    let mut config = sleepy();
    config.rebuild.poll = Duration::from_millis(10);
    let running = Running::start(config, &db.pg, &probe);

    let late = trickle(&db, &probe, false).await;
    assert!(late < in_time(Duration::from_secs(1)), "{late:?}");
    running.stop().await;
    db.close().await;
}
