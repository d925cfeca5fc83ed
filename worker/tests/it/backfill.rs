//! Orgs without blobs and marks are found, and built when nothing more urgent is owed.

use std::{collections::BTreeSet, time::Duration};

use readmodel::ids::OrgId;
use store::queue::{End, Queue, Room, Turn};

use crate::harness::{Db, Probe, Running, org_of, patient};

const WORKER: &str = "worker-1";

/// A database with one built org and a number of existing ones without marks.
async fn attached(orgs: u32) -> (Db, OrgId) {
    let db = Db::create().await;
    let built = db.org().await;
    db.run(&format!(
        "insert into organizations (name) select 'old' from generate_series(1, {orgs});
         delete from prewarm.marks;
         update prewarm.backfill set next_org = '00000000-0000-0000-0000-000000000000';
         insert into prewarm.versions (org_id, epoch, n, format, as_of) values ('{built}', 1, 1, 1000, now())"
    ))
    .await;
    (db, built)
}

/// Claims until nothing is left, ends each well, and returns the orgs in order.
async fn drained(db: &Db) -> Vec<OrgId> {
    const LEASE: Duration = Duration::from_secs(60);
    let mut orgs = Vec::new();
    loop {
        let claim = db.store().claim(WORKER, Queue::Rebuild, LEASE, Turn::FIRST, Room::EVERYWHERE).await.unwrap();
        if let Some(claimed) = claim.claimed {
            assert!(!claimed.is_urgent);
            orgs.push(org_of(&claimed.job));
            db.finish(WORKER, &claimed, End::Done).await;
        } else if !claim.more {
            return orgs;
        }
    }
}

#[tokio::test]
async fn half_of_a_workers_places_are_reserved_for_urgent_rebuilds() {
    const HELD: &str = "select count(*) from prewarm.leases where holder is not null";
    let (db, built) = attached(300).await;
    let probe = Probe::new(async |_| std::future::pending().await);
    let mut config = patient();
    config.rebuild.concurrency = 8;
    config.shutdown = Duration::from_millis(1);
    let running = Running::start(config, &db.pg, &probe);
    probe.until_started(4).await;
    db.touch(built).await;
    probe.until_started(5).await;
    assert_eq!(probe.starts_of(&format!("rebuild:{built}")), 1);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(db.count(HELD).await, 5, "four of eight places are taken already");
    running.stop().await;
    db.close().await;
}

#[tokio::test]
async fn a_worker_with_one_place_finishes_the_backfill() {
    let (db, built) = attached(3).await;
    let probe = Probe::idle();
    let mut config = patient();
    config.rebuild.concurrency = 1;
    let running = Running::start(config, &db.pg, &probe);
    probe.until_started(3).await;
    db.until("select count(*) from prewarm.backfill where next_org is null", 1).await;
    running.stop().await;
    assert_eq!((probe.starts().len(), probe.starts_of(&format!("rebuild:{built}"))), (3, 0));
    db.close().await;
}

#[tokio::test]
async fn an_org_that_waits_to_be_built_and_changes_is_urgent() {
    let (db, _) = attached(100).await;
    assert!(!db.claim_rebuild(WORKER).await.unwrap().is_urgent);
    let last = "select id from organizations order by id desc limit 1";
    let last = OrgId(testkit::sqlx::query_scalar(last).fetch_one(&db.pg).await.unwrap());
    db.touch(last).await;
    let claimed = db.claim_rebuild(WORKER).await.unwrap();
    assert!(claimed.is_urgent && org_of(&claimed.job) == last);
    db.close().await;
}

#[tokio::test]
async fn the_walk_finds_every_org_and_can_be_restarted() {
    const UNBUILT: &str =
        "select count(*) from organizations o where not exists (select from prewarm.versions v where v.org_id = o.id)";
    let (db, _) = attached(2_500).await;
    // Many consecutive orgs are built by other workers, and skipped.
    db.run(
        "insert into prewarm.versions (org_id, epoch, n, format, as_of)
         select id, 1, 1, 1000, now() from (select id from organizations order by id offset 100 limit 2300) o
             on conflict do nothing",
    )
    .await;
    let unbuilt = db.count(UNBUILT).await;
    let found = drained(&db).await;
    assert_eq!(found.len(), usize::try_from(unbuilt).unwrap());
    assert_eq!(found.iter().collect::<BTreeSet<_>>().len(), found.len());
    assert_eq!(db.count("select count(*) from prewarm.backfill where next_org is null").await, 1);
    assert_eq!(drained(&db).await, [], "the walk is over");
    db.store().prune().await.unwrap();
    assert_eq!(drained(&db).await.len(), found.len());
    db.close().await;
}

#[tokio::test]
async fn the_walk_skips_orgs_that_are_being_built() {
    let (db, _) = attached(1).await;
    db.run("insert into prewarm.leases (org_id, holder, until) select id, row_number() over (), now() + interval '1 hour' from organizations")
        .await;
    assert_eq!(drained(&db).await, []);
    db.close().await;
}

#[tokio::test]
async fn blobs_of_an_older_format_are_rebuilt_when_nothing_is_urgent() {
    let (db, built) = attached(0).await;
    db.run("update prewarm.versions set format = 0").await;
    let claimed = db.claim_rebuild(WORKER).await.unwrap();
    assert!(!claimed.is_urgent && org_of(&claimed.job) == built);
    db.finish(WORKER, &claimed, End::Done).await;
    db.run("update prewarm.versions set format = 1000").await;
    assert!(db.claim_rebuild(WORKER).await.is_none());
    db.close().await;
}
