//! Work does not starve heartbeats, and no job within its time limit runs twice.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use store::queue::Job;
use testkit::sqlx;
use worker::Limits;

use crate::harness::{Db, Probe, Running, eventually, org_of, quick};

/// Longer than the stalls of a busy machine.
const LEASE: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cpu_bound_job_starves_neither_heartbeats_nor_other_jobs() {
    let db = Db::create().await;
    let spins = Arc::new(AtomicBool::new(true));
    let inside = spins.clone();
    let probe = Probe::new(move |job: Job| {
        let spins = inside.clone();
        async move {
            while job.kind() == "spin" && spins.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
            Ok(())
        }
    });
    let running = Running::start(quick(), &db.pg, &probe);
    db.push("spin", 3).await;
    probe.until_started(1).await;
    let beat =
        "select (extract(epoch from max(seen_at)) * 1000)::int8 from prewarm.workers where queue = 'maintenance'";
    let before = db.count(beat).await;
    for n in 0..5 {
        db.push(&format!("other {n}"), 3).await;
    }
    db.until("select count(*) from prewarm.jobs where state = 'done'", 5).await;
    eventually("a heartbeat", async || (db.count(beat).await > before).then_some(())).await;
    spins.store(false, Ordering::Relaxed);
    db.until("select count(*) from prewarm.jobs where state = 'done'", 6).await;
    assert_eq!(probe.starts_of("spin"), 1);
    running.stop().await;
    db.close().await;
}

#[tokio::test]
async fn jobs_run_once_with_every_place_taken() {
    let db = Db::create().await;
    let probe = Probe::new(async |_| {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok(())
    });
    let mut config = quick();
    // The last jobs wait for longer than a lease, which is longer than any stall of the machine.
    config.maintenance =
        Limits { concurrency: 1, timeout: Duration::from_secs(60), lease: LEASE, ..config.maintenance };
    let workers = [(); 2].map(|()| Running::start(config.clone(), &db.pg, &probe));
    for n in 0..8 {
        db.push(&format!("job {n}"), 3).await;
    }
    db.until("select count(*) from prewarm.jobs where state = 'done' and attempts = 1", 8).await;
    assert_eq!(probe.starts().len(), 8);
    for worker in workers {
        worker.stop().await;
    }
    db.close().await;
}

#[tokio::test]
async fn jobs_that_outlast_their_lease_run_once_and_alone() {
    const LONG: Duration = Duration::from_millis(4500);
    let db = Db::create().await;
    let pg = db.pg.clone();
    let probe = Probe::new(move |job| {
        let pg = pg.clone();
        async move {
            tokio::time::sleep(LONG).await;
            sqlx::query("delete from prewarm.marks where org_id = $1").bind(org_of(&job).0).execute(&pg).await.unwrap();
            Ok(())
        }
    });
    let mut config = quick();
    assert!(LEASE < LONG);
    // One job waits for a place in a worker that may have claimed it already.
    config.rebuild = Limits { concurrency: 1, timeout: Duration::from_secs(60), lease: LEASE, ..config.rebuild };
    let workers = [(); 2].map(|()| Running::start(config.clone(), &db.pg, &probe));
    for _ in 0..3 {
        db.org().await;
    }
    db.until("select count(*) from prewarm.marks", 0).await;
    db.until("select count(*) from prewarm.leases", 0).await;
    assert_eq!(probe.starts().len(), 3);
    for worker in workers {
        worker.stop().await;
    }
    db.close().await;
}

#[tokio::test]
async fn a_claim_whose_answer_was_lost_ends_with_its_lease() {
    let db = Db::create().await;
    let probe = Probe::rebuilding(&db.pg);
    let running = Running::start(quick(), &db.pg, &probe);
    let worker = "select name from prewarm.workers where queue = 'rebuild'";
    let worker: String =
        eventually("a worker", async || sqlx::query_scalar(worker).fetch_optional(&db.pg).await.unwrap()).await;
    // A claim in the worker's name whose result the worker never gets. No org exists yet, so nothing interferes.
    let mut transaction = db.pg.begin().await.unwrap();
    sqlx::query("insert into organizations (name) values ('org')").execute(&mut *transaction).await.unwrap();
    let claim = "select count(id) from prewarm.claim_rebuild($1, interval '1.5 s', 0, '00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000', null)";
    let claimed: i64 = sqlx::query_scalar(claim).bind(&worker).fetch_one(&mut *transaction).await.unwrap();
    assert_eq!(claimed, 1);
    transaction.commit().await.unwrap();
    db.until("select count(*) from prewarm.marks", 0).await;
    db.until("select count(*) from prewarm.leases", 0).await;
    running.stop().await;
    db.close().await;
}
