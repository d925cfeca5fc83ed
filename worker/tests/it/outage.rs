//! An outage of the database ends neither workers nor running jobs.

use std::{sync::Arc, time::Duration};

use embedded::Durability;
use testkit::{Database, servers, sqlx};
use tokio::sync::Semaphore;

use crate::harness::{Db, Probe, Running, connect, count, eventually, patient, touch};

const DONE: &str = "select count(*) from prewarm.jobs where state = 'done' and queue = 'maintenance'";

/// A handler that holds jobs named `long` until there is a permit.
fn holding() -> (Probe, Arc<Semaphore>) {
    let gate = Arc::new(Semaphore::new(0));
    let inside = gate.clone();
    let probe = Probe::new(move |job| {
        let gate = inside.clone();
        async move {
            if job.kind() == "long" {
                gate.acquire().await.unwrap().forget();
            }
            Ok(())
        }
    });
    (probe, gate)
}

#[tokio::test]
async fn repeatedly_cut_connections_lose_no_job() {
    let db = Db::create().await;
    let (probe, gate) = holding();
    let workers = connect(&db.url()).await;
    let running = Running::start(patient(), &workers, &probe);
    db.push("long", 3).await;
    probe.until_started(1).await;
    for n in 0..100 {
        db.push(&format!("short {n}"), 3).await;
        if n % 10 == 0 {
            db.run(
                "select pg_terminate_backend(pid) from pg_stat_activity
                  where datname = current_database() and application_name = '' and pid <> pg_backend_pid()
                    and query ilike any ('{%queue::%,listen%}')",
            )
            .await;
        }
    }
    eventually("all started", async || (probe.starts_of("short") >= 100).then_some(())).await;
    gate.add_permits(1);
    eventually("the long job is recorded", async || {
        (db.count("select count(*) from prewarm.jobs where kind = 'long' and state = 'done'").await == 1).then_some(())
    })
    .await;
    assert_eq!(probe.starts_of("long"), 1);
    running.stop().await;
    workers.close().await;
    db.close().await;
}

/// Without its lock a process looks dead to others for a moment.
#[tokio::test]
async fn a_process_that_loses_its_lock_keeps_its_jobs() {
    let db = Db::create().await;
    let (probe, gate) = holding();
    let running = Running::start(patient(), &db.pg, &probe);
    db.push("long", 3).await;
    probe.until_started(1).await;
    let neighbour = Probe::idle();
    let beside = Running::start(patient(), &db.pg, &neighbour);
    db.until("select count(*) from prewarm.workers where life is not null", 4).await;
    for _ in 0..50 {
        let cut = "select pg_terminate_backend(pid) from pg_stat_activity
                    where datname = current_database() and query like '%queue::life::hold%' and pid <> pg_backend_pid()";
        db.run(cut).await;
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
    assert_eq!(db.count("select count(*) from prewarm.jobs where state = 'running' and attempts = 1").await, 1);
    gate.add_permits(1);
    db.until("select count(*) from prewarm.jobs where kind = 'long' and state = 'done'", 1).await;
    assert!(neighbour.starts().is_empty(), "it was taken from a worker that lives");
    running.stop().await;
    beside.stop().await;
    db.close().await;
}

#[tokio::test]
async fn a_worker_survives_a_restart_of_postgres() {
    let mut server = servers::postgres(Durability::Durable).await.unwrap();
    let database = Database::create_on(&server.url("postgres")).await.unwrap();
    let pg = connect(&database.url()).await;
    let (probe, gate) = holding();
    let running = Running::start(patient(), &pg, &probe);
    let push = "insert into prewarm.jobs (queue, kind, max_attempts) values ('maintenance', $1, 3)";
    sqlx::query(push).bind("long").execute(&pg).await.unwrap();
    probe.until_started(1).await;

    server.kill().await.unwrap();
    // The job ends during the outage.
    gate.add_permits(1);
    server.restart().await.unwrap();
    eventually("postgres is back", async || sqlx::query("select 1").execute(&pg).await.ok()).await;
    eventually("the end is recorded", async || (count(&pg, DONE).await == 1).then_some(())).await;
    assert_eq!(probe.starts_of("long"), 1);

    // Claims and hints work again.
    sqlx::query(push).bind("short").execute(&pg).await.unwrap();
    eventually("a new job", async || (count(&pg, DONE).await == 2).then_some(())).await;
    let org = sqlx::query_scalar("insert into organizations (name) values ('org') returning id").fetch_one(&pg).await;
    touch(&pg, readmodel::ids::OrgId(org.unwrap())).await;
    probe.until_started(3).await;
    running.stop().await;
    pg.close().await;
    database.close().await.unwrap();
}
