//! The reports of a worker to `/readyz`.

use std::time::Duration;

use monitoring::health::State;
use testkit::sqlx;
use worker::{Config, ConfigError, run_handler};

use crate::harness::{Db, Probe, Running, eventually, quick, store_of};

async fn until_ready(running: &Running, ready: bool) {
    eventually("readiness", async || {
        let report = running.health.report();
        (!report.parts.is_empty() && report.ready == ready).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_worker_waits_for_its_schema() {
    let db = Db::create().await;
    db.run("alter schema prewarm rename to elsewhere").await;
    let probe = Probe::rebuilding(&db.pg);
    let running = Running::start(quick(), &db.pg, &probe);
    until_ready(&running, false).await;
    let State::Failed(reason) = &running.health.report().parts["schema"] else { panic!("ready without a schema") };
    assert!(reason.contains("prewarm migrate"), "{reason}");

    db.run("alter schema elsewhere rename to prewarm").await;
    db.org().await;
    probe.until_started(1).await;
    until_ready(&running, true).await;
    running.stop().await;
    db.close().await;
}

#[tokio::test]
async fn a_worker_that_waits_for_its_schema_can_be_stopped() {
    let db = Db::create().await;
    db.run("alter schema prewarm rename to elsewhere").await;
    let running = Running::start(quick(), &db.pg, &Probe::idle());
    until_ready(&running, false).await;
    running.stop().await;
    db.close().await;
}

#[tokio::test]
async fn stalled_loops_are_reported_until_they_make_progress() {
    let db = Db::create().await;
    let probe = Probe::idle();
    let running = Running::start(quick(), &db.pg, &probe);
    eventually("all parts", async || (running.health.report().parts.len() == 4).then_some(())).await;
    let mut transaction = db.pg.begin().await.unwrap();
    sqlx::query("lock table prewarm.jobs, prewarm.leases in access exclusive mode")
        .execute(&mut *transaction)
        .await
        .unwrap();
    let stuck = |part: &str| matches!(&running.health.report().parts[part], State::Failed(_));
    eventually("stuck queues", async || (stuck("rebuild queue") && stuck("maintenance queue")).then_some(())).await;
    transaction.rollback().await.unwrap();
    until_ready(&running, true).await;
    db.push("job", 1).await;
    probe.until_started(1).await;
    running.stop().await;
    db.close().await;
}

#[tokio::test]
async fn a_trigger_fault_is_reported_and_marks_every_org_if_it_names_none() {
    let db = Db::create().await;
    db.org().await;
    let running = Running::start(quick(), &db.pg, &Probe::idle());
    db.run("insert into prewarm.source_faults (what, reason, every_org) values ('calls', 'SQLSTATE 55P03', true)")
        .await;
    let told = |expected: bool| {
        let state = running.health.report().parts.get("source").cloned();
        (matches!(&state, Some(State::Degraded(reason)) if reason.contains("calls: SQLSTATE 55P03")) == expected)
            .then_some(())
    };
    eventually("it is reported", async || told(true)).await;
    let marked = "select count(*) from prewarm.marks where what = 'source' and wide";
    eventually("every org is marked", async || (db.count(marked).await == 1).then_some(())).await;
    db.run("update prewarm.source_faults set noted_at = noted_at - interval '11 minutes'").await;
    eventually("it is over", async || told(false)).await;
    assert_eq!(db.count("select count(*) from prewarm.source_faults").await, 0);
    db.run(
        "insert into prewarm.source_faults (what, reason, erasure, noted_at)
         values ('contacts', 'SQLSTATE 55P03', true, now() - interval '1 year')",
    )
    .await;
    let not_erased = || running.health.report().parts.get("source").cloned();
    eventually("a fault of an erasure is reported until its row is deleted", async || {
        matches!(not_erased(), Some(State::Degraded(reason)) if reason.starts_with("deleted data is not erased"))
            .then_some(())
    })
    .await;
    assert_eq!(db.count("select count(*) from prewarm.source_faults").await, 1);
    running.stop().await;
    db.close().await;
}

#[tokio::test]
async fn a_lease_that_ends_between_heartbeats_is_refused() {
    let db = Db::create().await;
    let mut config: Config = quick();
    config.rebuild.lease = 3 * config.heartbeat + config.shutdown;
    let refused: Result<(), ConfigError> =
        run_handler(config, store_of(&db.pg), &[], Default::default(), Default::default(), Probe::idle()).await;
    assert!(refused.unwrap_err().to_string().starts_with("queue rebuild: a lease of 1.1s"));
    // A cut network costs less than fifteen seconds: a lease, a heartbeat and a pause.
    assert!(Config::default().rebuild.lease < Duration::from_secs(13));
    db.close().await;
}
