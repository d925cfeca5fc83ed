//! A worker with the real jobs and crons.

use monitoring::health::Health;
use testkit::sqlx;
use tokio_util::sync::CancellationToken;

use crate::harness::{Db, quick, store_of};

#[tokio::test]
async fn a_whole_worker_publishes_versions_and_fires_crons() {
    let db = Db::create().await;
    let org = db.org().await;
    let shutdown = CancellationToken::new();
    let store = store_of(&db.pg);
    let run = tokio::spawn(worker::run(quick(), store, None, Health::default(), shutdown.clone()));
    db.until("select count(*) from prewarm.versions where n = 1 and published", 1).await;
    sqlx::query("insert into contacts (org_id, name, lead_status) values ($1, 'lead', 'new')")
        .bind(org.0)
        .execute(&db.pg)
        .await
        .unwrap();
    db.until("select count(*) from prewarm.actionable_leads", 1).await;
    db.until("select count(*) from prewarm.marks", 0).await;
    db.until("select count(*) from prewarm.leases", 0).await;
    let fired = "select count(distinct split_part(idempotency_key, '#', 1)) from apalis.jobs
                  where status = 'Done' and job_type = 'maintenance'";
    db.until(fired, 3).await;
    assert_eq!(db.count("select count(*) from apalis.jobs where status in ('Failed', 'Killed')").await, 0);
    shutdown.cancel();
    run.await.unwrap().unwrap();
    db.close().await;
}
