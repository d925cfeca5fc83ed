//! Upkeep: pruning, measuring, and work that claims do not find.

use std::time::Duration;

use jobs::{Context, Maintenance, Memo};
use readmodel::time::Clock;
use store::queue::Job;
use testkit::sqlx;
use worker::DEFAULT_EVENT_RETENTION;

use crate::harness::{Db, store_of};

#[tokio::test]
async fn pruning_removes_old_rows_and_keeps_those_in_use() {
    let db = Db::create().await;
    db.run(
        "insert into prewarm.workers (name, queue, seen_at) values
           ('old', 'rebuild', now() - interval '2 days'), ('new', 'rebuild', now());
         insert into prewarm.jobs (queue, kind, state, run_at, attempts, max_attempts, ended_at) values
           ('maintenance', 'done', 'done', now(), 1, 3, now() - interval '23 hours'),
           ('maintenance', 'waits', 'waiting', now() - interval '2 days', 1, 3, null);
         insert into prewarm.dead_letters (id, queue, kind, subject, attempts, max_attempts, died_at) values
           (1, 'maintenance', 'prune', '00000000-0000-0000-0000-000000000000', 10, 10, now() - interval '9 days'),
           (2, 'prewarm', 'test_call', gen_random_uuid(), 3, 3, now() - interval '23 hours'),
           (3, 'prewarm', 'test_call', gen_random_uuid(), 3, 3, now() - interval '25 hours');
         insert into prewarm.jobs (queue, kind, state, max_attempts, ended_at)
           select 'maintenance', 'old', 'done', 3, now() - interval '25 hours' from generate_series(1, 2500) n;
         insert into prewarm.cron_slots (name, slot) values
           ('weekly', now() - interval '7 days'), ('weekly', now() - interval '14 days'), ('sweep', now())",
    )
    .await;
    // Jobs, the dead letter of a test call, a slot and a worker.
    assert_eq!(db.store().prune().await.unwrap(), 2500 + 1 + 1 + 1);
    let kinds = "select string_agg(kind, ' ' order by kind) from prewarm.jobs";
    let left: String = sqlx::query_scalar(kinds).fetch_one(&db.pg).await.unwrap();
    assert_eq!(left, "done waits");
    assert_eq!(db.count("select sum(id)::int8 from prewarm.dead_letters").await, 1 + 2);
    assert_eq!(db.count("select count(*) from prewarm.workers where name = 'new'").await, 1);
    assert_eq!(db.count("select count(*) from prewarm.cron_slots where slot > now() - interval '8 days'").await, 2);
    assert_eq!(db.store().prune().await.unwrap(), 0);
    db.close().await;
}

#[tokio::test]
async fn old_bins_are_pruned() {
    let db = Db::create().await;
    let org = db.org().await;
    db.run(&format!(
        "insert into prewarm.maintained (org_id, as_of, leads, hours, rebuilt_at) values ('{org}', now(), 0, 1, now());
         insert into prewarm.sums (org_id, level, start, total_calls, inbound_calls, outbound_calls, answered_calls,
                                   duration_total, duration_calls, sentiment_total, sentiment_calls, successful_calls,
                                   appointments)
           select '{org}', level, start, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0
             from (values (0, now()), (0, now() - interval '26 hours'), (1, now() - interval '26 hours')) v (level, start)"
    ))
    .await;
    assert_eq!(db.store().prune().await.unwrap(), 1);
    assert_eq!(
        db.count("select count(*) from prewarm.sums where level = 0 and start > now() - interval '1 hour'").await,
        1
    );
    assert_eq!(db.count("select count(*) from prewarm.sums where level = 1").await, 1);
    db.close().await;
}

#[tokio::test]
async fn an_org_that_has_drifted_is_marked_whole() {
    let db = Db::create().await;
    let org = db.org().await;
    let context = Context {
        store: store_of(&db.pg),
        memo: Memo::new(0, Duration::ZERO),
        clock: Clock::Database,
        assistants: None,
        event_retention: DEFAULT_EVENT_RETENTION,
    };
    jobs::run(&context, &Job::Rebuild(org)).await.unwrap();
    let find = Job::Maintenance(Maintenance::FindDrift.kind().to_owned());
    let marks = format!("select count(*) from prewarm.marks where org_id = '{org}' and wide");
    jobs::run(&context, &find).await.unwrap();
    assert_eq!(db.count(&marks).await, 0);
    db.run("update prewarm.maintained set hot_leads = 7; update prewarm.drift_walk set not_before = now()").await;
    jobs::run(&context, &find).await.unwrap();
    assert_eq!(db.count(&marks).await, 1);
    // The walk rests.
    db.run("delete from prewarm.marks").await;
    jobs::run(&context, &find).await.unwrap();
    assert_eq!(db.count(&marks).await, 0);
    db.close().await;
}

#[tokio::test]
async fn the_backlog_counts_each_org_once_with_its_oldest_reason() {
    let db = Db::create().await;
    let nothing = db.store().backlog().await.unwrap();
    assert_eq!((nothing.orgs, nothing.oldest_seconds, nothing.quarantined), (0, 0.0, 0));
    db.run(
        "with org as (select gen_random_uuid() as id)
         , marked as (
           insert into prewarm.marks (org_id, what, marked_at)
           select id, 'calls', now() - interval '5 s' from org union all select id, 'calls', now() from org
         )
         insert into prewarm.versions (org_id, epoch, n, format, as_of, next_change_at)
         select id, 1, 1, 1, now(), now() - interval '1 second' from org;
         insert into prewarm.leases (org_id, holder, starts, until) values
           (gen_random_uuid(), 1, 1, now() + interval '1 hour'),
           (gen_random_uuid(), null, 3, now() + interval '1 hour');
         insert into prewarm.events (dedupe_key, type, assistant_id, org_id, epoch, body) values
           ('parked', 'hang', 'a', null, 1, '{}'), ('pruned', 'hang', 'a', null, 1, null),
           ('known', 'hang', 'a', gen_random_uuid(), 1, '{}'), ('nobody''s', 'hang', null, null, 1, '{}')",
    )
    .await;
    let backlog = db.store().backlog().await.unwrap();
    assert_eq!((backlog.orgs, backlog.quarantined, backlog.parked), (3, 1, 1));
    assert!((5.0..60.0).contains(&backlog.oldest_seconds), "{}", backlog.oldest_seconds);
    db.close().await;
}

#[tokio::test]
async fn one_worker_at_a_time_refreshes_the_fleets_totals() {
    let db = Db::create().await;
    db.org().await;
    assert!(db.store().refresh_fleet_pulse().await.unwrap());
    assert_eq!(db.count("select count(*) from prewarm.fleet_pulse").await, 2);
    let mut another = db.pg.begin().await.unwrap();
    let lock = "select pg_advisory_xact_lock(hashtext('prewarm.fleet_pulse'))";
    sqlx::query(lock).execute(&mut *another).await.unwrap();
    assert!(!db.store().refresh_fleet_pulse().await.unwrap());
    another.rollback().await.unwrap();
    assert!(db.store().refresh_fleet_pulse().await.unwrap());
    db.close().await;
}

/// The order of snapshots counts: an import's rebuild starts before another org's and ends after it.
#[tokio::test]
async fn the_fleets_totals_include_a_rebuild_that_commits_late() {
    let db = Db::create().await;
    let (slow, quick) = (db.org().await, db.org().await);
    db.run(&format!(
        "insert into prewarm.versions (org_id, epoch, n, format, as_of)
         values ('{slow}', 1, 1, 1, now() - interval '2 minutes'), ('{quick}', 1, 1, 1, now())"
    ))
    .await;
    assert!(db.store().refresh_fleet_pulse().await.unwrap());
    db.run(&format!(
        "insert into prewarm.sums values ('{slow}', 3, '2026-05-01Z', 7, 0, 0, 0, 0, 0, 0, 0, 0, 0);
         update prewarm.versions set n = 2, as_of = now() - interval '1 minute' where org_id = '{slow}'"
    ))
    .await;
    assert!(db.store().refresh_fleet_pulse().await.unwrap());
    assert_eq!(db.count("select total_calls from prewarm.fleet_pulse where org_id is null").await, 7);
    db.close().await;
}

#[tokio::test]
async fn event_bodies_are_dropped_before_their_dedupe_keys() {
    let db = Db::create().await;
    // More than one chunk of each, with events in order of time.
    db.run(
        "insert into prewarm.events (dedupe_key, type, received_at, epoch, body)
         select 'forgotten ' || n, 'hang', now() - interval '401 days', 1, null from generate_series(1, 1001) n;
         insert into prewarm.events (dedupe_key, type, received_at, epoch, body)
         select 'dropped ' || n, 'hang', now() - interval '31 days', 1, '{}' from generate_series(1, 1001) n;
         insert into prewarm.events (dedupe_key, type, received_at, epoch, body)
         values ('kept', 'hang', now() - interval '29 days', 1, '{}');
         insert into prewarm.call_states (vapi_call_id, org_id, state, updated_at)
         select 'forgotten ' || n, gen_random_uuid(), '{}', now() - interval '401 days' from generate_series(1, 1001) n;
         insert into prewarm.call_states (vapi_call_id, org_id, state, updated_at)
         values ('kept', gen_random_uuid(), '{}', now() - interval '399 days')",
    )
    .await;
    assert_eq!(db.store().prune_events(DEFAULT_EVENT_RETENTION).await.unwrap(), 3 * 1001);
    let left = "select count(*) from prewarm.events where body is null and dedupe_key like 'dropped %'";
    assert_eq!(db.count(left).await, 1001);
    assert_eq!(db.count("select count(*) from prewarm.events where dedupe_key = 'kept' and body is not null").await, 1);
    assert_eq!(db.count("select count(*) from prewarm.events").await, 1002);
    assert_eq!(db.count("select count(*) from prewarm.call_states where vapi_call_id = 'kept'").await, 1);
    assert_eq!(db.count("select count(*) from prewarm.call_states").await, 1);
    assert_eq!(db.store().prune_events(DEFAULT_EVENT_RETENTION).await.unwrap(), 0);
    // A shorter retention.
    let shorter = DEFAULT_EVENT_RETENTION - Duration::from_hours(36);
    assert_eq!(db.store().prune_events(shorter).await.unwrap(), 1);
    db.close().await;
}
