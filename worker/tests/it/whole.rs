//! A worker with the real jobs and crons.

use monitoring::health::Health;
use store::queue::Queue;
use testkit::{
    Database,
    sqlx::{self, AssertSqlSafe},
};
use tokio_util::sync::CancellationToken;
use worker::schedule;

use crate::harness::{Db, connect, count, eventually, quick, store_of};

#[tokio::test]
async fn a_whole_worker_publishes_versions_and_fires_crons() {
    let db = Db::create().await;
    let org = db.org().await;
    // A sweep has something to do.
    db.run("insert into prewarm.erasures (what, org_id) values ('org', gen_random_uuid())").await;
    let shutdown = CancellationToken::new();
    let store = store_of(&db.pg);
    let run = tokio::spawn(worker::run(quick(), store, None, Health::default(), shutdown.clone()));
    db.until("select count(*) from prewarm.versions where n = 1", 1).await;
    sqlx::query("insert into contacts (org_id, name, lead_status) values ($1, 'lead', 'new')")
        .bind(org.0)
        .execute(&db.pg)
        .await
        .unwrap();
    db.until("select count(*) from prewarm.actionable_leads", 1).await;
    db.until("select count(*) from prewarm.marks", 0).await;
    db.until("select count(*) from prewarm.leases", 0).await;
    // Hourly ones fire once at the start, for the slot before.
    let fires = schedule::CRONS.iter().filter(|cron| cron.job.queue() == Queue::Maintenance).count();
    let fired = "select count(distinct kind) from prewarm.jobs
                  where state = 'done' and queue = 'maintenance'";
    db.until(fired, i64::try_from(fires).unwrap()).await;
    assert_eq!(db.count("select count(*) from prewarm.jobs where error is not null").await, 0);
    assert_eq!(db.count("select count(*) from prewarm.dead_letters").await, 0);
    shutdown.cancel();
    run.await.unwrap().unwrap();
    db.close().await;
}

/// As on a managed database: the role owns the database, and cannot create an extension.
#[tokio::test]
async fn it_runs_as_a_plain_role_where_no_extension_can_be_created() {
    let database = Database::empty().await.unwrap();
    let role = format!("{}_role", database.name());
    let admin = connect(&database.url()).await;
    let name = database.name();
    let prepare = format!(
        "create role {role} login password '{role}';
         alter database {name} owner to {role};
         create function refuse() returns event_trigger language plpgsql as $$
         begin raise exception 'extensions cannot be created here'; end $$;
         create event trigger refuse on ddl_command_start when tag in ('CREATE EXTENSION') execute function refuse()"
    );
    sqlx::raw_sql(AssertSqlSafe(prepare)).execute(&admin).await.unwrap();
    let url = database.url_as(&role);
    store::migrate(&url, store::Source::Standalone).await.unwrap();

    let pg = connect(&url).await;
    let shutdown = CancellationToken::new();
    let run = tokio::spawn(worker::run(quick(), store_of(&pg), None, Health::default(), shutdown.clone()));
    sqlx::query("insert into organizations (name) values ('org')").execute(&pg).await.unwrap();
    eventually("a version and a cron", async || {
        let pruned = "select count(distinct kind) from prewarm.jobs where state = 'done' and kind = 'prune'";
        let versions = count(&pg, "select count(*) from prewarm.versions").await;
        (versions == 1 && count(&pg, pruned).await == 1).then_some(())
    })
    .await;
    shutdown.cancel();
    run.await.unwrap().unwrap();
    pg.close().await;
    let drop_role = format!("drop event trigger refuse; reassign owned by {role} to current_user; drop role {role}");
    sqlx::raw_sql(AssertSqlSafe(drop_role)).execute(&admin).await.unwrap();
    admin.close().await;
    database.close().await.unwrap();
}
