//! A stop claims nothing new, lets running jobs finish, and releases the others.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use testkit::busy::in_time;
use tokio::sync::Semaphore;

use crate::harness::{Db, Probe, Running, eventually, patient, quick, sleepy};

const HELD: &str = "select count(*) from prewarm.leases where holder is not null";
const UNTOUCHED: &str = "select count(*) from prewarm.jobs where state = 'waiting' and attempts = 0 and worker is null";

#[tokio::test]
async fn at_a_stop_running_jobs_finish_and_waiting_ones_stay() {
    let db = Db::create().await;
    let gate = Arc::new(Semaphore::new(0));
    let inside = gate.clone();
    let probe = Probe::new(move |_| {
        let gate = inside.clone();
        async move {
            gate.acquire().await.unwrap().forget();
            Ok(())
        }
    });
    let mut config = patient();
    config.maintenance.concurrency = 2;
    for n in 0..10 {
        db.push(&format!("job {n}"), 3).await;
    }
    let running = Running::start(config, &db.pg, &probe);
    probe.until_started(2).await;
    running.shutdown.cancel();
    gate.add_permits(100);
    running.stop().await;
    assert_eq!(probe.starts().len(), 2);
    assert_eq!(db.count("select count(*) from prewarm.jobs where state = 'done'").await, 2);
    assert_eq!(db.count(UNTOUCHED).await, 8);
    assert_eq!(db.count("select count(*) from prewarm.workers").await, 0);
    db.close().await;
}

#[tokio::test]
async fn jobs_claimed_during_a_stop_are_released() {
    let db = Db::create().await;
    db.make_claims_holdable(false).await;
    let probe = Probe::idle();
    let running = Running::start(sleepy(), &db.pg, &probe);
    db.until_listening().await;
    let holder = db.hold_claims().await;
    db.org().await;
    db.run("notify prewarm_hint").await;
    db.until_a_claim_is_held().await;

    let mut stop = std::pin::pin!(running.stop());
    // A stop that does not wait for the claim would be done by then and lose the job.
    let hasty = tokio::time::timeout(Duration::from_millis(300), stop.as_mut()).await.is_ok();
    holder.rollback().await.unwrap();
    if !hasty {
        stop.await;
    }
    let active = "select count(*) from pg_stat_activity
                   where datname = current_database() and state = 'active' and query like '%queue::claims::claim_rebuild%' and pid <> pg_backend_pid()";
    db.until(active, 0).await;
    assert_eq!(probe.starts().len(), 0, "started after the signal to stop");
    assert_eq!(db.count(HELD).await, 0);
    // The next worker does not wait for a lease.
    let next = Running::start(patient(), &db.pg, &probe);
    probe.until_started(1).await;
    next.stop().await;
    db.close().await;
}

#[tokio::test]
async fn a_job_that_outlasts_the_stop_is_aborted_and_released() {
    let db = Db::create().await;
    let probe = Probe::new(async |_| std::future::pending().await);
    let mut config = quick();
    config.rebuild.timeout = Duration::from_secs(30);
    config.rebuild.lease = Duration::from_secs(60);
    let running = Running::start(config, &db.pg, &probe);
    db.org().await;
    probe.until_started(1).await;
    let asked = Instant::now();
    running.stop().await;
    assert!(asked.elapsed() < in_time(Duration::from_secs(2)), "{:?}", asked.elapsed());
    assert_eq!(db.count("select count(*) from prewarm.leases where starts = 0 and until <= now()").await, 1);
    assert_eq!(db.count(HELD).await, 0);
    let next = Running::start(patient(), &db.pg, &Probe::rebuilding(&db.pg));
    eventually("done by the next", async || (db.count("select count(*) from prewarm.marks").await == 0).then_some(()))
        .await;
    next.stop().await;
    db.close().await;
}
