//! The plans of a rebuild's queries use indexes, even with outdated statistics.

use std::time::Duration;

use materialize::{rebuild, rebuild_anew};
use readmodel::{ids::OrgId, time::Clock};
use store::Store;
use testkit::{
    Database,
    sqlx::{self, AssertSqlSafe, Connection, PgConnection},
};
use uuid::Uuid;

use crate::harness::open;

const FIRST: OrgId = OrgId(Uuid::from_u128(1));
const SECOND: OrgId = OrgId(Uuid::from_u128(2));

/// The tables with rows of all orgs.
const TABLES: [&str; 8] = [
    "public.calls",
    "public.contacts",
    "public.appointments",
    "prewarm.marks",
    "prewarm.actionable_leads",
    "prewarm.frequent_callers",
    "prewarm.frequent_caller_bins",
    "prewarm.sums",
];

async fn found(store: &Store, org: OrgId) {
    store.seed_organization(org, "an org", "UTC").await.unwrap();
    store.seed_contacts(org, 1, 200, 5).await.unwrap();
}

async fn call(store: &Store, org: OrgId) {
    let call = "insert into public.calls (org_id, contact_id, phone_number, call_direction, status)
                select org_id, id, phone, 'inbound', 'completed' from public.contacts where org_id = $1 limit 1";
    sqlx::query(call).bind(org.0).execute(store.sessions()).await.unwrap();
}

/// The number of sequential scans of these tables. A session's scans count once it has ended.
async fn reads_of_all(database: &Database) -> i64 {
    let mut session = PgConnection::connect(&database.url()).await.unwrap();
    let others = "select count(*) from pg_stat_activity
                   where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()";
    while sqlx::query_scalar::<_, i64>(others).fetch_one(&mut session).await.unwrap() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let reads = "select sum(seq_scan)::bigint from pg_stat_user_tables where relid = any($1::text[]::regclass[])";
    sqlx::query_scalar(reads).bind(TABLES).fetch_one(&mut session).await.unwrap()
}

/// The number of sequential scans during `work`, which has its own sessions.
async fn reads_of_all_by(database: &Database, work: impl AsyncFnOnce(&Store)) -> i64 {
    let before = reads_of_all(database).await;
    let store = open(database, None);
    work(&store).await;
    store.close().await;
    drop(store);
    reads_of_all(database).await - before
}

/// Statistics from a time when one org had all rows make every org look like the whole table.
#[tokio::test]
async fn no_rebuild_scans_a_table_of_all_orgs() {
    let database = Database::create().await.unwrap();
    let store = open(&database, None);
    found(&store, FIRST).await;
    rebuild(&store, Clock::Database, FIRST).await.unwrap();
    for table in TABLES {
        // Autovacuum must not update the statistics.
        let statistics = format!("alter table {table} set (autovacuum_enabled = off); analyze {table}");
        sqlx::raw_sql(AssertSqlSafe(statistics)).execute(store.sessions()).await.unwrap();
    }
    found(&store, SECOND).await;
    store.close().await;
    drop(store);

    let built = reads_of_all_by(&database, async |store| {
        rebuild(store, Clock::Database, SECOND).await.unwrap();
        rebuild_anew(store, Clock::Database, SECOND).await.unwrap();
    })
    .await;
    assert_eq!(built, 0);
    let called = reads_of_all_by(&database, async |store| call(store, SECOND).await).await;
    let touched = reads_of_all_by(&database, async |store| {
        call(store, SECOND).await;
        rebuild(store, Clock::Database, SECOND).await.unwrap();
    })
    .await;
    assert_eq!(touched, called, "more than the call itself");
    database.close().await.unwrap();
}
