//! Each cron slot fires exactly once over all workers.

use std::time::Duration;

use jobs::Maintenance;
use worker::schedule::{CRONS, Cron, Scheduler};

use crate::harness::{Db, connect, store_of};

/// Two crons that fire each hour, half an hour apart: one of them is always far from its next slot.
const AT_THE_HOUR: &[Cron] = &[hourly("0 0 * * * *")];
const AT_HALF_PAST: &[Cron] = &[hourly("0 30 * * * *")];

const SLOTS: &str = "select count(*) from prewarm.cron_slots";
const JOBS: &str = "select count(*) from prewarm.jobs";

/// Something that waits for a sweep.
const ERASURE: &str = "insert into prewarm.erasures (what, org_id) values ('org', gen_random_uuid())";

const fn hourly(expression: &'static str) -> Cron {
    Cron { name: "hourly", expression, job: Maintenance::Prune, if_sweep_is_due: false, reason: "test" }
}

#[tokio::test]
async fn three_schedulers_fire_each_slot_once() {
    let db = Db::create().await;
    db.run(ERASURE).await;
    let url = db.url();
    let schedulers: Vec<_> = (0..3)
        .map(|_| {
            let url = url.clone();
            tokio::spawn(async move {
                let mut scheduler = Scheduler::new(store_of(&connect(&url).await), CRONS);
                let mut tick = tokio::time::interval(Duration::from_millis(20));
                let mut fired = 0;
                for _ in 0..200 {
                    tick.tick().await;
                    fired += scheduler.tick().await.unwrap().len();
                }
                fired
            })
        })
        .collect();
    let mut fired = 0;
    for scheduler in schedulers {
        fired += scheduler.await.unwrap();
    }
    assert_eq!(fired as i64, db.count(SLOTS).await);
    // One slot a second for four seconds, and at least one of each other cron.
    let sweeps = db.count("select count(*) from prewarm.cron_slots where name = 'sweep'").await;
    assert!((4..=10).contains(&sweeps), "{sweeps}");
    assert_eq!(db.count("select count(distinct name) from prewarm.cron_slots").await, CRONS.len() as i64);
    // No worker ran, so one job of each kind waits.
    assert_eq!(db.count(JOBS).await, CRONS.len() as i64);
    db.close().await;
}

#[tokio::test]
async fn a_restart_repeats_no_slot_and_fires_the_newest_missed_one() {
    let db = Db::create().await;
    // No slot may fall between two ticks.
    let minute = db.count("select extract(minute from now())::int8").await;
    let crons = if (15..45).contains(&minute) { AT_THE_HOUR } else { AT_HALF_PAST };
    assert_eq!(Scheduler::new(db.store(), crons).tick().await.unwrap().len(), 1);
    assert_eq!(Scheduler::new(db.store(), crons).tick().await.unwrap().len(), 0);
    assert_eq!(db.count(JOBS).await, 1);

    db.run("delete from prewarm.jobs; update prewarm.cron_slots set slot = slot - interval '5 hours'").await;
    let mut restarted = Scheduler::new(db.store(), crons);
    assert_eq!(restarted.tick().await.unwrap().len(), 1);
    assert_eq!(restarted.tick().await.unwrap().len(), 0);
    assert_eq!(db.count(JOBS).await, 1);
    assert_eq!(db.count(SLOTS).await, 2);
    let newest = "select count(*) from prewarm.cron_slots where slot > now() - interval '1 hour' and slot <= now()";
    assert_eq!(db.count(newest).await, 1);
    db.close().await;
}

#[tokio::test]
async fn nothing_is_swept_while_nothing_waits_for_it() {
    let db = Db::create().await;
    let sweep: Vec<_> = CRONS.iter().copied().filter(|cron| cron.name == "sweep").collect();
    let sweep: &'static [Cron] = sweep.leak();
    let mut scheduler = Scheduler::new(db.store(), sweep);
    assert_eq!(scheduler.tick().await.unwrap().len(), 0);
    for (waits, ends) in [
        (ERASURE, "delete from prewarm.erasures"),
        (
            "insert into prewarm.events (dedupe_key, type, assistant_id, epoch, body) values ('one', 'status-update', 'theirs', 1, '{}')",
            "delete from prewarm.events",
        ),
    ] {
        db.run(waits).await;
        while scheduler.tick().await.unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        db.run(ends).await;
        assert_eq!(scheduler.tick().await.unwrap().len(), 0, "{waits}");
    }
    assert_eq!(db.count("select count(*) from prewarm.cron_slots").await, 2);
    db.close().await;
}
