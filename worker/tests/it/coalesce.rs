//! Changes during a rebuild cause one more rebuild, not many.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use readmodel::ids::OrgId;
use store::queue::{End, Queue, Room, Turn};
use testkit::sqlx;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::harness::{Db, Probe, Running, org_of, patient, rebuild, touch};

/// Room for what is owed alone.
const URGENT: Room = Room { unhurried: false, ..Room::EVERYWHERE };

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
async fn marks_made_during_a_rebuild_become_one_rebuild_after_it() {
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
    db.until("select count(*) from prewarm.leases", 0).await;
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
    const HELD: &str = "select count(*) from prewarm.leases where worker = 'operator' and holder = 7";
    let db = Db::create().await;
    let (org, store) = (db.org().await, db.store());
    let mut operator = db.pg.begin().await.unwrap();
    let lease =
        "insert into prewarm.leases (org_id, holder, worker, until) values ($1, 7, 'operator', now() + interval '3 s')";
    sqlx::query(lease).bind(org.0).execute(&mut *operator).await.unwrap();
    // The claim sees the org without a holder, and then waits for the row of its lease.
    let claim =
        tokio::spawn(async move { store.claim("worker", Queue::Rebuild, LEASE, Turn::FIRST, Room::EVERYWHERE).await });
    db.until(
        "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
        1,
    )
    .await;
    operator.commit().await.unwrap();
    assert!(claim.await.unwrap().unwrap().claimed.is_none());
    assert_eq!(db.count(HELD).await, 1);
    db.close().await;
}

#[tokio::test]
async fn in_a_burst_an_org_is_rebuilt_by_one_at_a_time_and_its_last_change_is_seen() {
    const WRITERS: usize = 8;
    const CHANGES: usize = 100;
    let db = Db::create().await;
    let (at_once, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (pg, inside, highest) = (db.pg.clone(), at_once.clone(), most.clone());
    let probe = Probe::new(move |job| {
        let (pg, inside, highest) = (pg.clone(), inside.clone(), highest.clone());
        async move {
            highest.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            let ended = rebuild(pg, job).await;
            inside.fetch_sub(1, Ordering::SeqCst);
            ended
        }
    });
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
    for writer in writers {
        writer.await.unwrap();
    }
    db.until(MARKS, 0).await;
    assert_eq!(most.load(Ordering::SeqCst), 1, "rebuilds of one org at once");
    let rebuilds = probe.starts().len();
    assert!(rebuilds < WRITERS * CHANGES, "{rebuilds} rebuilds for {} changes", WRITERS * CHANGES);
    for worker in workers {
        worker.stop().await;
    }
    db.close().await;
}

/// Claims of one worker that ends nothing.
#[tokio::test]
async fn everything_owed_gets_its_turn_and_no_backlog_holds_up_the_rest() {
    const LEASE: Duration = Duration::from_secs(600);
    const DUE: &str = "select org_id from prewarm.versions where next_change_at < now() order by next_change_at";
    let db = Db::create().await;
    db.run(
        "insert into prewarm.versions (org_id, epoch, n, format, as_of, next_change_at)
           select gen_random_uuid(), 1, 1, 1000, now(), now() - n * interval '1 second' from generate_series(1, 300) n
           union all select gen_random_uuid(), 1, 1, 1000, now() + interval '1 day', null
           union all select gen_random_uuid(), 1, 1, 1000, now(), now() + interval '1 hour';
         insert into prewarm.leases (org_id, starts, until)
           select gen_random_uuid(), 1, now() - interval '1 hour' from generate_series(1, 300);
         insert into prewarm.leases (org_id, starts, until) values (gen_random_uuid(), 3, now() + interval '1 minute');
         insert into prewarm.marks (org_id, what) select gen_random_uuid(), 'calls' from generate_series(1, 20)",
    )
    .await;
    let due: Vec<Uuid> = sqlx::query_scalar(DUE).fetch_all(&db.pg).await.unwrap();
    let marked: Vec<Uuid> = sqlx::query_scalar("select org_id from prewarm.marks").fetch_all(&db.pg).await.unwrap();
    let (store, mut turn, mut orgs) = (db.store(), Turn::FIRST, Vec::new());
    loop {
        let claim = store.claim("worker", Queue::Rebuild, LEASE, turn, URGENT).await.unwrap();
        turn = claim.turn;
        let Some(claimed) = claim.claimed else { break };
        orgs.push(org_of(&claimed.job).0);
    }
    assert_eq!(orgs.len(), 300 + 1 + 300 + 20);
    assert_eq!(orgs.iter().collect::<HashSet<_>>().len(), orgs.len());
    assert!(marked.iter().all(|org| orgs[..60].contains(org)), "changes do not wait for what is older");
    let handled: Vec<_> = orgs.iter().filter(|org| due.contains(org)).copied().collect();
    assert_eq!(handled, due, "deadlines come oldest first");
    db.close().await;
}

/// An org that changes all the time has its turn, and then all others have theirs.
#[tokio::test]
async fn a_worker_goes_round_the_orgs_that_change_all_the_time() {
    const LEASE: Duration = Duration::from_secs(600);
    let db = Db::create().await;
    db.run("insert into prewarm.marks (org_id, what) select gen_random_uuid(), 'calls' from generate_series(1, 20)")
        .await;
    let (store, mut turn, mut orgs) = (db.store(), Turn::FIRST, Vec::new());
    for _ in 0..60 {
        let claim = store.claim("worker", Queue::Rebuild, LEASE, turn, URGENT).await.unwrap();
        let claimed = claim.claimed.unwrap();
        turn = claim.turn;
        orgs.push(org_of(&claimed.job));
        // The mark stays: the org has changed again.
        db.finish("worker", &claimed, End::Done).await;
    }
    for round in orgs.chunks(20) {
        assert_eq!(round.iter().collect::<HashSet<_>>().len(), 20, "{round:?}");
    }
    db.close().await;
}

/// A look passes over two hundred orgs that back off, and the next one goes on behind them.
#[tokio::test]
async fn many_orgs_in_quarantine_delay_no_other() {
    const LEASE: Duration = Duration::from_secs(600);
    let db = Db::create().await;
    db.run(
        "insert into prewarm.marks (org_id, what) select gen_random_uuid(), 'calls' from generate_series(1, 1000);
         insert into prewarm.leases (org_id, starts, until)
           select org_id, 3, now() + interval '1 hour' from (select org_id from prewarm.marks order by org_id limit 999) o",
    )
    .await;
    let (store, mut turn) = (db.store(), Turn::FIRST);
    for look in 1..=5 {
        let claim = store.claim("worker", Queue::Rebuild, LEASE, turn, URGENT).await.unwrap();
        turn = claim.turn;
        assert_eq!((claim.claimed.is_some(), claim.more), (look == 5, true), "look {look}");
    }
    // Without one, the round ends, and begins again at the next look.
    db.run("update prewarm.leases set until = now() + interval '1 hour', holder = null").await;
    for round in 1..=2 {
        for look in 1..=5 {
            let claim = store.claim("worker", Queue::Rebuild, LEASE, turn, URGENT).await.unwrap();
            turn = claim.turn;
            assert_eq!((claim.claimed.is_some(), claim.more), (false, look < 5), "round {round}, look {look}");
        }
    }
    db.close().await;
}

/// The walk for orgs that were never built goes on for long, and says so at each look.
#[tokio::test]
async fn a_walk_holds_up_no_change() {
    const LEASE: Duration = Duration::from_secs(600);
    let db = Db::create().await;
    db.run(
        "insert into organizations (name) select 'built' from generate_series(1, 3000);
         delete from prewarm.marks;
         insert into prewarm.versions (org_id, epoch, n, format, as_of) select id, 1, 1, 1000, now() from organizations;
         update prewarm.backfill set next_org = '00000000-0000-0000-0000-000000000000'",
    )
    .await;
    let mark = async |org: &str| {
        db.run(&format!("insert into prewarm.marks (org_id, what) values ('{org}', 'calls')")).await;
    };
    let [blocked, first, changed] = [1_u128, 8, 15].map(|n| Uuid::from_u128(n << 124).to_string());
    mark(&first).await;
    let store = db.store();
    let mut turn = Turn::FIRST;
    let mut look = async || {
        let claim = store.claim("worker", Queue::Rebuild, LEASE, turn, Room::EVERYWHERE).await.unwrap();
        turn = claim.turn;
        claim.claimed.map(|claimed| org_of(&claimed.job).0.to_string())
    };
    assert_eq!(look().await, Some(first));
    db.run("delete from prewarm.marks").await;
    mark(&blocked).await;
    db.run(&format!(
        "insert into prewarm.leases (org_id, starts, until) values ('{blocked}', 3, now() + interval '1 hour')"
    ))
    .await;
    assert_eq!(look().await, None, "a step of the walk");
    mark(&changed).await;
    assert_eq!(look().await, Some(changed));
    db.close().await;
}
