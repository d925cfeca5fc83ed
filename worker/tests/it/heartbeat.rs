//! Work does not starve heartbeats, and no job that keeps its time runs twice.

use std::time::{Duration, Instant};

use crate::harness::{Db, Probe, Running, eventually, quick};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_keeps_the_cpu_busy_starves_neither_heartbeats_nor_other_jobs() {
    let db = Db::create().await;
    let probe = Probe::new(async |args: Vec<u8>| {
        let started = Instant::now();
        while args == b"spin" && started.elapsed() < Duration::from_millis(1200) {
            std::hint::spin_loop();
        }
        Ok(())
    });
    let running = Running::start(quick(), &db.pg, &probe);
    db.push("spins", "spin", 3).await;
    probe.until_started(1).await;
    let beat = "select (extract(epoch from max(last_seen)) * 1000)::int8 from apalis.workers where worker_type = 'maintenance'";
    let before = db.count(beat).await;
    for n in 0..5 {
        db.push(&n.to_string(), "other", 3).await;
    }
    eventually("others", async || (probe.starts_of("other") == 5).then_some(())).await;
    eventually("a heartbeat", async || (db.count(beat).await > before).then_some(())).await;
    assert_eq!(
        db.count("select count(*) from apalis.jobs where status = 'Running'").await,
        1,
        "the job is over already"
    );
    db.until("select count(*) from apalis.jobs where status = 'Done'", 6).await;
    assert_eq!(probe.starts_of("spin"), 1);
    running.stop().await;
    db.close().await;
}

#[tokio::test]
async fn with_every_place_taken_by_jobs_that_outlast_their_lease_each_runs_once() {
    let db = Db::create().await;
    let probe = Probe::new(async |args: Vec<u8>| {
        let long = args.starts_with(br#"{"kind""#);
        tokio::time::sleep(Duration::from_millis(if long { 3000 } else { 500 })).await;
        Ok(())
    });
    let mut config = quick();
    config.maintenance.concurrency = 1;
    config.rebuild.concurrency = 1;
    config.rebuild.timeout = Duration::from_secs(60);
    let workers = [(); 2].map(|()| Running::start(config.clone(), &db.pg, &probe));
    for n in 0..8 {
        db.push(&n.to_string(), "job", 3).await;
    }
    // Two run, and one more may be claimed by each worker that has no room for it.
    for _ in 0..4 {
        db.org().await;
    }
    db.until("select count(*) from apalis.jobs where status = 'Done' and attempts = 1", 8).await;
    assert_eq!(probe.starts_of("job"), 8);
    db.until("select count(*) from apalis.jobs where job_type = 'rebuild' and status = 'Done' and attempts = 1", 4)
        .await;
    assert_eq!(db.count("select count(*) from apalis.jobs where attempts > 1 or status = 'Failed'").await, 0);
    for worker in workers {
        worker.stop().await;
    }
    db.close().await;
}
