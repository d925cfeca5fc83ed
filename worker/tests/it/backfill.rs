//! Orgs without blobs and marks are found, and built when nothing more urgent waits.

use std::time::Duration;

use readmodel::ids::OrgId;
use store::queue::Queue;
use testkit::sqlx;

use crate::harness::{Db, org_of};

const WORKER: &str = "worker-1";
const LEASE: Duration = Duration::from_secs(60);

async fn claim(db: &Db, limit: i32) -> Vec<OrgId> {
    let claimed = db.store().claim_jobs(WORKER, Queue::Rebuild, limit, LEASE).await.unwrap();
    claimed.iter().map(|job| org_of(&job.args)).collect()
}

/// A database with one built org and a number of existing ones without marks.
async fn attached(orgs: u32) -> (Db, OrgId) {
    let db = Db::create().await;
    db.store().heartbeat(WORKER, Queue::Rebuild, LEASE, &[]).await.unwrap();
    let built = db.org().await;
    db.run(&format!(
        "insert into organizations (name) select 'old' from generate_series(1, {orgs});
         delete from prewarm.marks;
         update prewarm.backfill set next_org = '00000000-0000-0000-0000-000000000000';
         insert into prewarm.versions (org_id, epoch, n, format, as_of, published)
           values ('{built}', 1, 1, 1, now(), true)"
    ))
    .await;
    (db, built)
}

/// The waiting jobs of the backfill.
const WAITING: &str = "select count(*) from apalis.jobs where status = 'Pending' and priority < 0";

#[tokio::test]
async fn half_of_a_workers_places_are_reserved_for_urgent_jobs() {
    let (db, built) = attached(300).await;
    assert_eq!(claim(&db, 8).await.len(), 4);
    assert_eq!(db.count(WAITING).await, 96);
    assert_eq!(claim(&db, 4).await.len(), 0, "four of eight run already");
    db.touch(built).await;
    assert_eq!(claim(&db, 4).await, [built]);
    db.close().await;
}

#[tokio::test]
async fn a_worker_with_one_place_finishes_the_backfill() {
    let (db, built) = attached(3).await;
    let mut found = Vec::new();
    for _ in 0..3 {
        let claimed = claim(&db, 1).await;
        found.extend(claimed);
        db.run("update apalis.jobs set status = 'Done' where status = 'Running'").await;
    }
    found.sort_unstable();
    found.dedup();
    assert!(found.len() == 3 && !found.contains(&built), "{found:?}");
    db.close().await;
}

#[tokio::test]
async fn an_org_that_waits_to_be_built_and_changes_is_urgent() {
    let (db, _) = attached(100).await;
    assert_eq!(claim(&db, 1).await.len(), 1);
    let last = "select prewarm.org_of(idempotency_key) from apalis.jobs where status = 'Pending' order by run_at desc, id desc limit 1";
    let last = OrgId(sqlx::query_scalar(last).fetch_one(&db.pg).await.unwrap());
    db.touch(last).await;
    assert_eq!(claim(&db, 1).await, [last]);
    db.close().await;
}

#[tokio::test]
async fn the_walk_finds_every_org_and_can_be_restarted() {
    let (db, _) = attached(2_500).await;
    // Many consecutive orgs are built by other workers, and skipped.
    db.run(
        "insert into prewarm.versions (org_id, epoch, n, format, as_of, published)
         select id, 1, 1, 1, now(), true from (select id from organizations order by id offset 100 limit 2300) o
             on conflict do nothing",
    )
    .await;
    let unbuilt =
        "select count(*) from organizations o where not exists (select from prewarm.versions v where v.org_id = o.id)";
    let unbuilt = db.count(unbuilt).await;
    for _ in 0..10 {
        claim(&db, 0).await;
        db.run("update apalis.jobs set status = 'Done' where status = 'Pending'").await;
    }
    assert_eq!(db.count("select count(*) from apalis.jobs where priority = -1").await, unbuilt);
    assert_eq!(db.count("select count(*) from prewarm.backfill where next_org is null").await, 1);
    db.run("delete from apalis.jobs").await;
    claim(&db, 1).await;
    assert_eq!(db.count("select count(*) from apalis.jobs").await, 0, "an idle claim does nothing");
    db.store().prune().await.unwrap();
    claim(&db, 0).await;
    assert_ne!(db.count(WAITING).await, 0);
    db.close().await;
}

#[tokio::test]
async fn the_walk_skips_orgs_that_are_being_built() {
    let (db, _) = attached(1).await;
    db.run(
        "insert into prewarm.leases (org_id, holder, until)
         select id, 'somebody', now() + interval '1 hour' from organizations",
    )
    .await;
    assert_eq!(claim(&db, 8).await, []);
    assert_eq!(db.count(WAITING).await, 0);
    db.close().await;
}
