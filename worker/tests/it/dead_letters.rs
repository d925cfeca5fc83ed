//! Dead letters can be listed, retried and discarded. An org in quarantine has one.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use jobs::JobError;
use store::queue::{Job, JobId};

use crate::harness::{Db, Nope, Probe, Running, quick, rebuild};

/// Rebuilds that fail until the test repairs them.
fn mendable(db: &Db) -> (Probe, Arc<AtomicBool>) {
    let mended = Arc::new(AtomicBool::new(false));
    let (pg, inside) = (db.pg.clone(), mended.clone());
    let probe = Probe::new(move |job| {
        let (pg, mended) = (pg.clone(), inside.load(Ordering::SeqCst));
        async move { if mended { rebuild(pg, job).await } else { Err(JobError::retry(Nope)) } }
    });
    (probe, mended)
}

#[tokio::test]
async fn a_quarantined_org_is_a_dead_letter_until_a_retry_succeeds() {
    let db = Db::create().await;
    let (probe, mended) = mendable(&db);
    let org = db.org().await;
    let running = Running::start(quick(), &db.pg, &probe);
    db.until("select count(*) from prewarm.dead_letters", 1).await;
    assert_eq!(probe.starts().len(), 3);
    assert_eq!(db.store().backlog().await.unwrap().quarantined, 1);
    let letter = db.store().dead_letters(10).await.unwrap().remove(0);
    assert_eq!(
        (letter.job, letter.queue.as_str(), letter.error.as_deref()),
        (Job::Rebuild(org), "rebuild", Some("nope"))
    );

    // New changes do not end the quarantine early; the next start would be the fourth.
    db.touch(org).await;
    let pause =
        "select count(*) from prewarm.leases where until between now() + interval '50 s' and now() + interval '1 min'";
    assert_eq!(db.count(pause).await, 1);
    db.run("update prewarm.leases set until = now()").await;
    probe.until_started(4).await;
    db.until("select count(*) from prewarm.dead_letters where attempts = 4", 1).await;
    let newest = db.store().dead_letters(10).await.unwrap();
    assert_eq!(newest.len(), 1, "an older letter of the org was kept");
    assert_ne!(newest[0].id, letter.id);
    assert_eq!(newest[0].since, letter.since);

    mended.store(true, Ordering::SeqCst);
    assert!(db.store().retry_dead_letter(newest[0].id).await.unwrap());
    db.until("select count(*) from prewarm.marks", 0).await;
    db.until("select count(*) from prewarm.dead_letters", 0).await;
    db.until("select count(*) from prewarm.leases", 0).await;
    assert_eq!(db.store().backlog().await.unwrap().quarantined, 0);
    running.stop().await;
    db.close().await;
}

#[tokio::test]
async fn only_dead_letters_can_be_retried_or_discarded() {
    let db = Db::create().await;
    db.push("job", 1).await;
    let id = JobId(db.count("select id from prewarm.jobs").await);
    assert!(!db.store().retry_dead_letter(id).await.unwrap());
    assert!(!db.store().discard_dead_letter(id).await.unwrap());
    assert!(db.store().dead_letter(id).await.unwrap().is_none());

    let running = Running::start(quick(), &db.pg, &Probe::new(async |_| Err(JobError::fail(Nope))));
    db.until("select count(*) from prewarm.dead_letters", 1).await;
    running.stop().await;
    assert_eq!(db.store().dead_letter(id).await.unwrap().unwrap().job.kind(), "job");
    // A job that already waits serves both.
    db.push("job", 2).await;
    assert!(db.store().retry_dead_letter(id).await.unwrap());
    assert_eq!(db.count("select count(*) from prewarm.jobs where state = 'waiting' and max_attempts = 2").await, 1);
    assert_eq!(db.count("select count(*) from prewarm.dead_letters").await, 0);
    assert_eq!(db.count("select count(*) from prewarm.jobs").await, 1);
    assert!(!db.store().discard_dead_letter(id).await.unwrap());
    db.close().await;
}

#[tokio::test]
async fn a_job_that_ends_well_clears_the_dead_letter_of_its_subject() {
    let db = Db::create().await;
    let mended = Arc::new(AtomicBool::new(false));
    let inside = mended.clone();
    let probe = Probe::new(move |_| {
        let mended = inside.load(Ordering::SeqCst);
        async move { if mended { Ok(()) } else { Err(JobError::fail(Nope)) } }
    });
    let running = Running::start(quick(), &db.pg, &probe);
    db.push("job", 1).await;
    db.push("another", 1).await;
    db.until("select count(*) from prewarm.dead_letters", 2).await;
    mended.store(true, Ordering::SeqCst);
    db.push("job", 1).await;
    db.until("select count(*) from prewarm.dead_letters", 1).await;
    assert_eq!(db.store().dead_letters(9).await.unwrap()[0].job.kind(), "another");
    running.stop().await;
    db.close().await;
}
