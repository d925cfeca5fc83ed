//! Changes during a rebuild cause one more rebuild, not many.

use std::{sync::Arc, time::Duration};

use readmodel::ids::OrgId;
use store::queue::Queue;
use testkit::sqlx;
use tokio::sync::Semaphore;

use crate::harness::{Db, Probe, Running, eventually, patient, rebuild, touch};

const WAITING: &str = "select count(*) from prewarm.jobs where state = 'waiting'";
const MARKS: &str = "select count(*) from prewarm.marks";

/// Rebuilds that start at once and end when the test allows it.
fn gated(db: &Db) -> (Probe, Arc<Semaphore>) {
    let gate = Arc::new(Semaphore::new(0));
    let (pg, inside) = (db.pg.clone(), gate.clone());
    let probe = Probe::new(move |job| {
        let (pg, inside) = (pg.clone(), inside.clone());
        async move {
            inside.acquire().await.unwrap().forget();
            rebuild(pg, job).await
        }
    });
    (probe, gate)
}

#[tokio::test]
async fn marks_made_during_a_rebuild_become_one_job_after_it() {
    let db = Db::create().await;
    let (probe, gate) = gated(&db);
    let org = db.org().await;
    let workers = [(); 3].map(|()| Running::start(patient(), &db.pg, &probe));
    probe.until_started(1).await;
    for _ in 0..50 {
        db.touch(org).await;
    }
    // Other orgs show that every worker has looked again.
    let others: Vec<OrgId> = vec![db.org().await, db.org().await, db.org().await];
    probe.until_started(1 + others.len()).await;
    assert_eq!(probe.starts().len(), 4, "the org is rebuilt twice at once");

    gate.add_permits(100);
    db.until(MARKS, 0).await;
    db.until("select count(*) from prewarm.jobs where state = 'done'", 4).await;
    // The first rebuild removed all marks and left nothing for a second one.
    assert_eq!(probe.starts().len(), 4);
    db.touch(org).await;
    probe.until_started(5).await;
    for worker in workers {
        worker.stop().await;
    }
    db.close().await;
}

#[tokio::test]
async fn a_claim_waits_for_an_org_whose_lease_an_operator_has_just_taken() {
    const LEASE: Duration = Duration::from_secs(20);
    let db = Db::create().await;
    let (org, store) = (db.org().await, db.store());
    store.heartbeat("worker", Queue::Rebuild, LEASE, &[]).await.unwrap();
    // A job that waits: the claim of an org that is owed alone makes none.
    db.run("select prewarm.enqueue_owed(prewarm.owed_orgs())").await;
    let mut operator = db.pg.begin().await.unwrap();
    let lease = "insert into prewarm.leases (org_id, holder, until) values ($1, 'operator', now() + interval '3 s')";
    sqlx::query(lease).bind(org.0).execute(&mut *operator).await.unwrap();
    // The claim sees the org without a holder, and then waits for the row of its lease.
    let claim = tokio::spawn(async move { store.claim_jobs("worker", Queue::Rebuild, 1, LEASE).await });
    db.until(
        "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
        1,
    )
    .await;
    operator.commit().await.unwrap();
    assert_eq!(claim.await.unwrap().unwrap().len(), 0);
    assert_eq!(db.count("select count(*) from prewarm.leases where holder = 'operator'").await, 1);
    assert_eq!(db.count(WAITING).await, 1, "the job waits for the operator's end");
    db.close().await;
}

#[tokio::test]
async fn in_a_burst_at_most_one_job_of_an_org_waits_and_its_last_change_is_seen() {
    const WRITERS: usize = 8;
    const CHANGES: usize = 100;
    let db = Db::create().await;
    let probe = Probe::rebuilding(&db.pg);
    let org = db.org().await;
    let workers = [(); 2].map(|()| Running::start(patient(), &db.pg, &probe));
    let writers: Vec<_> = (0..WRITERS)
        .map(|_| {
            let pg = db.pg.clone();
            tokio::spawn(async move {
                for _ in 0..CHANGES {
                    touch(&pg, org).await;
                }
            })
        })
        .collect();
    let mut most = 0;
    while writers.iter().any(|writer| !writer.is_finished()) {
        most = most.max(db.count(WAITING).await);
    }
    assert!(most <= 1, "{most} jobs of one org waited");
    db.until(MARKS, 0).await;
    let rebuilds = probe.starts().len();
    assert!(rebuilds < WRITERS * CHANGES, "{rebuilds} rebuilds for {} changes", WRITERS * CHANGES);
    for worker in workers {
        worker.stop().await;
    }
    db.close().await;
}

#[tokio::test]
async fn everything_owed_gets_its_turn() {
    let db = Db::create().await;
    db.run(
        "insert into prewarm.versions (org_id, epoch, n, format, as_of, next_change_at, published) values
           (gen_random_uuid(), 1, 1, 1, now(), now() - interval '1 second', true),
           (gen_random_uuid(), 1, 1, 1, now(), null, false),
           (gen_random_uuid(), 1, 1, 1, now(), now() + interval '1 hour', true);
         insert into prewarm.marks (org_id, what) select gen_random_uuid(), 'calls' from generate_series(1, 2000)",
    )
    .await;
    // The first orgs by id stay owed all the time, without delaying the others.
    eventually("every org has its job", async || {
        let folded = db.count("select prewarm.enqueue_owed(prewarm.owed_orgs())::int8").await;
        assert!(folded <= 1100, "{folded} at once");
        (db.count(WAITING).await == 2002).then_some(())
    })
    .await;
    db.close().await;
}
