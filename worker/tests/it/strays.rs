//! Jobs whose claim got no answer, so that their live worker does not know them.

use std::time::Duration;

use readmodel::time::Timestamp;
use store::queue::{End, JobId, Queue, Strays};

use crate::harness::Db;

const WORKER: &str = "worker";
const LEASE: Duration = Duration::from_secs(20);
const OWN: &str = "select count(*) from prewarm.jobs where state = 'running'";

async fn look(db: &Db, held: &[JobId], since: Option<Timestamp>) -> Strays {
    db.store().heartbeat(WORKER, Queue::Maintenance, LEASE, held).await.unwrap();
    db.store().release_strays(WORKER, held, since).await.unwrap()
}

#[tokio::test]
async fn a_job_unknown_to_its_worker_is_released_at_the_second_heartbeat() {
    let db = Db::create().await;
    let first = look(&db, &[], None).await;
    assert_eq!(first.released, 0);
    assert!(db.push("known", 3).await && db.push("stray", 3).await);
    let claim = async || db.claim(WORKER, Queue::Maintenance).await.unwrap();
    let (known, stray) = (claim().await, claim().await);
    // A look that started before the claims leaves both jobs alone.
    assert_eq!(look(&db, &[], Some(first.at)).await.released, 0);
    let held = [known.id];
    let second = look(&db, &held, Some(first.at)).await;
    assert_eq!((second.released, db.count(OWN).await), (0, 2));
    assert_eq!(look(&db, &held, Some(second.at)).await.released, 1);
    // The job waits as if it had never been claimed.
    let again = claim().await;
    assert_eq!((again.id, again.attempts), (stray.id, stray.attempts));
    // Jobs of another worker are left alone.
    let other = db.store().release_strays("other", &[], Some(second.at)).await.unwrap();
    assert_eq!((other.released, db.count(OWN).await), (0, 2));
    db.close().await;
}

#[tokio::test]
async fn a_rebuild_unknown_to_its_worker_is_released_at_the_second_heartbeat() {
    const HELD: &str = "select count(*) from prewarm.leases where holder is not null";
    let db = Db::create().await;
    db.org().await;
    db.org().await;
    let (known, _stray) = (db.claim_rebuild(WORKER).await.unwrap(), db.claim_rebuild(WORKER).await.unwrap());
    let first = look(&db, &[known.id], None).await;
    assert_eq!((first.released, db.count(HELD).await), (0, 2));
    assert_eq!(look(&db, &[known.id], Some(first.at)).await.released, 1);
    assert_eq!(db.count(HELD).await, 1);
    assert_eq!(db.claim_rebuild(WORKER).await.unwrap().attempts.starts, 1);
    db.close().await;
}

/// Three starts without an end put an org in quarantine.
#[tokio::test]
async fn a_rebuild_that_is_released_does_not_count_as_a_start() {
    let db = Db::create().await;
    db.org().await;
    db.store().heartbeat(WORKER, Queue::Rebuild, LEASE, &[]).await.unwrap();
    for _ in 0..4 {
        let claimed = db.claim_rebuild(WORKER).await.unwrap();
        assert_eq!(claimed.attempts.starts, 1);
        db.store().release(WORKER, &[claimed]).await.unwrap();
    }
    db.close().await;
}

/// A cron pushes the next job of its kind while the last one fails.
#[tokio::test]
async fn a_job_that_fails_while_another_of_its_subject_waits_leaves_it_the_attempts() {
    let db = Db::create().await;
    db.store().heartbeat(WORKER, Queue::Maintenance, LEASE, &[]).await.unwrap();
    for attempt in 1..=3 {
        db.push("sweep", 3).await;
        let claimed = db.claim(WORKER, Queue::Maintenance).await.unwrap();
        assert_eq!(claimed.attempts.starts, attempt);
        db.push("sweep", 3).await;
        db.finish(WORKER, &claimed, End::Failed("out of disk".to_owned())).await;
    }
    assert_eq!(db.count("select count(*) from prewarm.dead_letters where error = 'out of disk'").await, 1);
    db.close().await;
}

/// A worker that starts without `VAPI_API_KEY`, for example, leaves a queue to nobody.
#[tokio::test]
async fn a_lost_job_of_a_queue_without_workers_is_ended() {
    let db = Db::create().await;
    db.store().heartbeat("gone", Queue::Maintenance, LEASE, &[]).await.unwrap();
    db.push("sweep", 1).await;
    assert!(db.claim("gone", Queue::Maintenance).await.is_some());
    let beat = async || db.store().heartbeat(WORKER, Queue::Rebuild, LEASE, &[]).await.unwrap();
    assert_eq!(beat().await.len(), 0);
    db.run(
        "update prewarm.jobs set claimed_at = now() - interval '21 s'; delete from prewarm.workers where name = 'gone'",
    )
    .await;
    let lost = beat().await.remove(0);
    db.finish(&lost.worker, &lost.claimed, End::Failed("lost".to_owned())).await;
    assert_eq!(db.count("select count(*) from prewarm.dead_letters").await, 1);
    db.close().await;
}

#[tokio::test]
async fn a_released_agent_can_be_claimed_at_once() {
    let db = Db::create().await;
    let org = db.org().await;
    db.run(&format!("insert into agents (org_id, name) values ('{org}', 'agent')")).await;
    db.store().heartbeat(WORKER, Queue::Prewarm, LEASE, &[]).await.unwrap();
    for _ in 0..2 {
        let claimed = db.claim(WORKER, Queue::Prewarm).await.unwrap();
        db.store().release(WORKER, &[claimed]).await.unwrap();
    }
    db.close().await;
}
