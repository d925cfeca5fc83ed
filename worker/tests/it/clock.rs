//! The database's clock: deadlines, and jumps of the clock.

use std::time::{Duration, Instant};

use readmodel::ids::OrgId;
use store::queue::Job;
use testkit::sqlx;
use uuid::Uuid;

use crate::harness::{Db, Probe, Running, eventually, org_of, quick, sleepy};

const MARKS: &str = "select count(*) from prewarm.marks";

/// Inserts versions of unknown orgs, by the seconds until their deadlines.
async fn due_in(db: &Db, seconds: &str) {
    db.run(&format!(
        "insert into prewarm.versions (org_id, epoch, n, format, as_of, next_change_at)
         select gen_random_uuid(), 1, 1, 1000, now(), now() + s * interval '1 second' from {seconds} as s"
    ))
    .await;
}

/// A handler that updates a version's deadline like a rebuild.
fn rebuilding_versions(db: &Db) -> Probe {
    let pg = db.pg.clone();
    Probe::new(move |job| {
        let pg = pg.clone();
        async move {
            let update = "update prewarm.versions set as_of = now(), next_change_at = null where org_id = $1";
            sqlx::query(update).bind(org_of(&job).0).execute(&pg).await.unwrap();
            Ok(())
        }
    })
}

#[tokio::test]
async fn a_deadline_wakes_a_worker_that_nothing_else_wakes() {
    const LEFT: &str = "select count(*) from prewarm.versions where next_change_at is not null";
    let db = Db::create().await;
    let probe = rebuilding_versions(&db);
    let running = Running::start(sleepy(), &db.pg, &probe);
    db.until_listening().await;
    // Two deadlines close together, and one further away than workers look ahead.
    let noted = Instant::now();
    due_in(&db, "unnest(array[1.5, 1.55, 3])").await;
    db.until(LEFT, 0).await;
    let starts = probe.starts();
    assert_eq!(starts.len(), 3);
    assert!(starts[0] - noted >= Duration::from_millis(1400), "{:?} too early", starts[0] - noted);
    assert!(starts[2] - noted >= Duration::from_millis(2900), "{:?} too early", starts[2] - noted);
    running.stop().await;
    db.close().await;
}

#[tokio::test]
async fn after_a_downtime_deadlines_are_handled_oldest_first() {
    let db = Db::create().await;
    due_in(&db, "generate_series(-250, -1)").await;
    let oldest = "select org_id from prewarm.versions order by next_change_at limit 1";
    let oldest: Uuid = sqlx::query_scalar(oldest).fetch_one(&db.pg).await.unwrap();
    let claimed = db.claim_rebuild("worker").await.unwrap();
    assert_eq!(org_of(&claimed.job).0, oldest);
    db.store().release("worker", &[claimed]).await.unwrap();

    let probe = rebuilding_versions(&db);
    let running = Running::start(quick(), &db.pg, &probe);
    db.until("select count(*) from prewarm.versions where next_change_at is not null", 0).await;
    db.until("select count(*) from prewarm.leases", 0).await;
    assert_eq!(probe.starts().len(), 250);
    running.stop().await;
    db.close().await;
}

#[tokio::test]
async fn a_version_dated_in_the_future_is_owed_until_it_is_rebuilt() {
    let db = Db::create().await;
    due_in(&db, "generate_series(3600, 3602)").await;
    db.run("update prewarm.versions set as_of = now() + interval '1 day'").await;
    let probe = rebuilding_versions(&db);
    let running = Running::start(quick(), &db.pg, &probe);
    db.until("select count(*) from prewarm.versions where as_of > now()", 0).await;
    db.until("select count(*) from prewarm.leases", 0).await;
    // Nothing is owed, so no worker loops.
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(probe.starts().len(), 3);
    running.stop().await;
    db.close().await;
}

#[tokio::test]
async fn a_clock_set_back_by_a_day_delays_no_job() {
    let db = Db::create().await;
    let orgs: Vec<OrgId> = vec![db.org().await, db.org().await, db.org().await];
    let tomorrow = "now() + interval '1 day'";
    let [running, backing_off, resting] = [orgs[0], orgs[1], orgs[2]];
    db.run(&format!(
        "insert into prewarm.workers (name, queue, seen_at) values ('killed', 'rebuild', {tomorrow});
         insert into prewarm.jobs (id, queue, kind, state, attempts, max_attempts, run_at, worker, claimed_at) values
           (1001, 'maintenance', 'prune', 'waiting', 0, 3, {tomorrow}, null, null),
           (1002, 'maintenance', 'find_drift', 'waiting', 1, 3, {tomorrow}, null, null),
           (1003, 'maintenance', 'sweep', 'running', 1, 3, {tomorrow}, 'killed', {tomorrow});
         insert into prewarm.leases (org_id, holder, worker, claimed_at, until) values
           ('{running}', 1004, 'killed', {tomorrow}, {tomorrow}), ('{backing_off}', null, null, now(), {tomorrow});
         insert into prewarm.maintained (org_id, as_of, leads, hours, rebuilt_at) values ('{resting}', now(), 0, 0, {tomorrow});
         insert into prewarm.cron_slots (name, slot) values ('sweep', {tomorrow}), ('sweep', now())"
    ))
    .await;
    let probe = Probe::new({
        let pg = db.pg.clone();
        move |job: Job| {
            let pg = pg.clone();
            async move {
                if job.kind() == "rebuild" {
                    let remove = "delete from prewarm.marks where org_id = $1";
                    sqlx::query(remove).bind(org_of(&job).0).execute(&pg).await.unwrap();
                }
                Ok(())
            }
        }
    });
    let worker = Running::start(quick(), &db.pg, &probe);
    db.until(MARKS, 0).await;
    db.until("select count(*) from prewarm.jobs where id between 1001 and 1003 and state = 'done'", 3).await;
    db.until("select count(*) from prewarm.jobs where state = 'running'", 0).await;
    db.until("select count(*) from prewarm.leases", 0).await;
    db.until("select count(*) from prewarm.cron_slots where slot > now()", 0).await;
    assert_eq!(db.count("select count(*) from prewarm.cron_slots").await, 1);
    worker.stop().await;
    db.close().await;
}

#[tokio::test]
async fn an_org_rests_after_a_long_rebuild_and_delays_no_other() {
    const REST: Duration = Duration::from_secs(6);
    let db = Db::create().await;
    let large = db.org().await;
    let pg = db.pg.clone();
    let probe = Probe::new(move |job| {
        let pg = pg.clone();
        async move {
            let org = org_of(&job);
            let took = if org == large { REST } else { Duration::from_millis(900) };
            let note = "with seen as (delete from prewarm.marks where org_id = $1),
                        maintained as (
                          insert into prewarm.maintained (org_id, as_of, leads, hours, rebuilt_at)
                          values ($1, now(), 0, 0, now() - make_interval(secs => $2))
                              on conflict (org_id) do update set rebuilt_at = excluded.rebuilt_at
                        )
                        insert into prewarm.versions (org_id, epoch, n, format, as_of, took)
                        values ($1, 1, 1, 1000, now(), make_interval(secs => $2))
                            on conflict (org_id) do update set took = excluded.took";
            sqlx::query(note).bind(org.0).bind(took.as_secs_f64()).execute(&pg).await.unwrap();
            Ok(())
        }
    });
    let running = Running::start(quick(), &db.pg, &probe);
    db.until("select count(*) from prewarm.versions", 1).await;
    db.touch(large).await;
    let others = [db.org().await, db.org().await];
    for org in others {
        let left = format!("select count(*) from prewarm.marks where org_id = '{org}'");
        db.until(&left, 0).await;
    }
    let of = |org: OrgId| format!("rebuild:{org}");
    assert_eq!(probe.starts_of(&of(large)), 1, "it does not rest");
    eventually("its turn", async || (probe.starts_of(&of(large)) == 2).then_some(())).await;
    let starts = probe.starts();
    assert!(starts[starts.len() - 1] - starts[0] >= REST, "{starts:?}");
    db.until(MARKS, 0).await;
    db.until("select count(*) from prewarm.leases", 0).await;
    running.stop().await;
    db.close().await;
}
