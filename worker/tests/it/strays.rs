//! Jobs whose claim got no answer, so that their live worker does not know them.

use std::time::Duration;

use readmodel::time::Timestamp;
use store::queue::{Queue, Strays};

use crate::harness::Db;

const WORKER: &str = "worker";
const LEASE: Duration = Duration::from_secs(20);
const OWN: &str = "select count(*) from apalis.jobs where status = 'Running'";

async fn look(db: &Db, held: &[String], since: Option<Timestamp>) -> Strays {
    db.store().heartbeat(WORKER, Queue::Maintenance, LEASE, held).await.unwrap();
    db.store().release_strays(WORKER, held, since).await.unwrap()
}

#[tokio::test]
async fn a_job_unknown_to_its_worker_is_released_at_the_second_heartbeat() {
    let db = Db::create().await;
    let first = look(&db, &[], None).await;
    assert_eq!(first.released, 0);
    assert!(db.push("known", "known", 3).await && db.push("stray", "stray", 3).await);
    let claim = async || db.store().claim_jobs(WORKER, Queue::Maintenance, 1, LEASE).await.unwrap().remove(0);
    let (known, stray) = (claim().await, claim().await);
    // A look that started before the claims leaves both jobs alone.
    assert_eq!(look(&db, &[], Some(first.at)).await.released, 0);
    let held = [known.id.clone()];
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
