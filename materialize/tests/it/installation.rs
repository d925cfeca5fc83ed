//! Databases that were copied, restored or set back become new installations.

use embedded::{Durability, Postgres};
use materialize::{Outcome, rebuild};
use readmodel::{
    edition::Edition,
    ids::{Installation, OrgId},
    model::Model,
    time::Clock,
    version::{Receipt, Version},
};
use store::{
    Config, Sessions, Store,
    blobs::Held,
    receipts::Inclusion,
    redis::{self, Announce, Base, Put},
    versions::Head,
};
use testkit::{
    Database, servers,
    sqlx::{self, AssertSqlSafe, PgPool},
};
use uuid::Uuid;

use crate::harness::{edition, in_redis, open};

const ORG: OrgId = OrgId(Uuid::from_u128(1));

async fn run(store: &Store, statement: &str) {
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(store.sessions()).await.unwrap();
}

async fn add_lead(store: &Store) {
    let insert = "insert into public.contacts (org_id, name, lead_status) values ('00000000-0000-0000-0000-000000000001', 'n', 'new')";
    run(store, insert).await;
}

async fn add_org(store: &Store) {
    store.seed_organization(ORG, "an org", "UTC").await.unwrap();
}

async fn rebuilt(store: &Store) -> Edition {
    let ended = rebuild(store, Clock::Database, ORG).await.unwrap();
    assert!(matches!(ended, Outcome::Changed(_) | Outcome::Unchanged(_)), "{ended:?}");
    edition(store, ORG).await.unwrap()
}

async fn is_recovering(store: &Store) -> bool {
    sqlx::query_scalar("select pg_is_in_recovery()").fetch_one(store.sessions()).await.unwrap_or(true)
}

/// The present installation. The first session may be of a server that has been restarted.
async fn installation(store: &Store) -> Installation {
    let Ok(installation) = store.installation().await else { return store.installation().await.unwrap().unwrap() };
    installation.unwrap()
}

fn open_url(database_url: String, redis_url: Option<String>, connections: u32) -> Store {
    Store::open(&Config {
        direct_url: None,
        database_url,
        redis: redis_url.map(redis::Config::of),
        connections,
        sessions: Sessions::Working,
        application_name: "test",
        format: readmodel::model::Format::CURRENT,
    })
    .unwrap()
}

/// Copies a database on its server, file by file.
async fn copy(server: &Postgres, of: &Database) -> String {
    let admin = PgPool::connect(&server.url("postgres")).await.unwrap();
    let name = of.name();
    // Postgres refuses to copy a database with connections.
    let statements = [
        format!("alter database {name} with allow_connections false"),
        format!("select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = '{name}'"),
        format!("create database copied template {name}"),
        format!("alter database {name} with allow_connections true"),
    ];
    for statement in statements {
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&admin).await.unwrap();
    }
    admin.close().await;
    server.url("copied")
}

#[tokio::test]
async fn a_copied_database_shares_no_version_key_or_receipt_with_its_original() {
    let server = servers::postgres(Durability::Throwaway).await.unwrap();
    let database = Database::create_on(&server.url("postgres")).await.unwrap();
    let redis = servers::redis().await.unwrap();
    let original = open(&database, Some(redis.url()));
    add_org(&original).await;
    let first = rebuilt(&original).await;
    original.close().await;
    let copied = open_url(copy(&server, &database).await, Some(redis.url()), 8);
    let original = open(&database, Some(redis.url()));

    // The first process on the copy is a rebuild; it writes nothing under the original's id.
    add_lead(&copied).await;
    let of_copy = rebuilt(&copied).await;
    assert_ne!(of_copy.installation, first.installation);
    assert!(of_copy.version.epoch > first.version.epoch, "{} after {}", of_copy.version, first.version);
    assert_eq!(installation(&original).await, first.installation);
    assert_eq!(original.head(ORG).await.unwrap(), Head::At(first.version));
    let Held::Edition(held) = in_redis(&original, ORG).await.unwrap() else { panic!("the original's copy is gone") };
    assert_eq!((held.version, held.as_of), (first.version, first.as_of));
    let Held::Edition(held) = in_redis(&copied, ORG).await.unwrap() else { panic!("the copy has none") };
    assert_eq!(held.version, of_copy.version);
    // A receipt of one database is unknown to the other.
    let receipt = Receipt { epoch: first.version.epoch, xid: 3 };
    assert_eq!(copied.inclusion(ORG, receipt).await.unwrap(), Inclusion::OtherEpoch);
    assert!(matches!(original.inclusion(ORG, receipt).await.unwrap(), Inclusion::At(_)));
    copied.close().await;
    original.close().await;
}

#[tokio::test]
async fn blobs_of_a_restored_database_serve_at_once_in_the_new_epoch() {
    let database = Database::create().await.unwrap();
    let store = open(&database, None);
    add_org(&store).await;
    let before = rebuilt(&store).await;
    // Like a restored dump: another transaction writes the row back.
    run(&store, "create table public.old as select * from prewarm.installation; delete from prewarm.installation")
        .await;
    run(&store, "insert into prewarm.installation select * from public.old").await;

    let Head::At(version) = store.head(ORG).await.unwrap() else { panic!("not built") };
    assert!(version.epoch > before.version.epoch);
    assert_eq!(version.n, before.version.n);
    let after = edition(&store, ORG).await.unwrap();
    assert_eq!((after.version, after.as_of), (version, before.as_of));
    assert_ne!(after.installation, before.installation);
    assert_eq!(after.digest(Model::Dashboard), before.digest(Model::Dashboard));
    assert_eq!(rebuilt(&store).await.version, Version { n: version.n + 1, ..version });
    // A database without the row starts over, above all versions so far.
    let last = installation(&store).await;
    run(&store, "delete from prewarm.installation").await;
    assert_ne!(installation(&store).await, last);
    let Head::At(later) = store.head(ORG).await.unwrap() else { panic!("not built") };
    assert!(later > version, "{later} after {version}");
    store.close().await;
    database.close().await.unwrap();
}

#[tokio::test]
async fn recovery_onto_another_timeline_begins_one_new_installation() {
    let mut server = servers::postgres(Durability::Throwaway).await.unwrap();
    let database = Database::create_on(&server.url("postgres")).await.unwrap();
    let store = open(&database, None);
    add_org(&store).await;
    let before = rebuilt(&store).await;
    // With an empty archive, recovery ends at the end of the log and starts another timeline, as a promotion does.
    run(&store, "alter system set restore_command = 'false'").await;
    run(
        &store,
        "do $$ begin execute format('copy (select) to %L', current_setting('data_directory') || '/recovery.signal'); end $$",
    )
    .await;
    server.restart().await.unwrap();
    while is_recovering(&store).await {
        tokio::task::yield_now().await;
    }

    let (first, second) = tokio::join!(store.installation(), store.installation());
    let (first, second) = (first.unwrap().unwrap(), second.unwrap().unwrap());
    assert_ne!(first, before.installation);
    assert_eq!(first, second);
    // The earlier sessions belong to the stopped server.
    let store = open(&database, None);
    let after = rebuilt(&store).await;
    assert!(after.version.epoch > before.version.epoch);
    // A plain restart starts no new installation.
    server.restart().await.unwrap();
    assert_eq!(installation(&store).await, first);
    store.close().await;
}

#[tokio::test]
async fn a_read_only_copy_serves_reads_and_nothing_is_built_from_it() {
    let database = Database::create().await.unwrap();
    // A single session, so that its setting applies to all statements.
    let store = open_url(database.url(), None, 1);
    add_org(&store).await;
    let made = rebuilt(&store).await;
    run(&store, "update prewarm.installation set id = id").await;
    run(&store, "do $$ begin execute format('alter database %I set default_transaction_read_only = on', current_database()); end $$").await;
    store.close().await;

    let store = open_url(database.url(), None, 4);
    assert_eq!(store.installation().await.unwrap(), None);
    assert_eq!(store.head(ORG).await.unwrap(), Head::At(made.version));
    assert!(matches!(store.edition(ORG).await.unwrap(), Held::Edition(_)));
    assert!(rebuild(&store, Clock::Database, ORG).await.is_err());
    store.close().await;
    database.close().await.unwrap();
}

#[tokio::test]
async fn a_database_set_back_under_a_running_process_begins_a_new_installation() {
    let database = Database::create().await.unwrap();
    let store = open(&database, None);
    let before = store.newest_versions(&[]).await.unwrap().present;
    let (installation, next) = (before.installation.unwrap(), before.next_xid.unwrap());
    store.renew_if_behind(installation, next).await.unwrap();
    assert_eq!(store.newest_versions(&[]).await.unwrap().present.installation, Some(installation));
    // Far above the transactions of other tests on this server.
    store.renew_if_behind(installation, next + 1_000_000_000).await.unwrap();
    let after = store.newest_versions(&[]).await.unwrap().present.installation.unwrap();
    assert_ne!(after, installation);
    store.renew_if_behind(installation, next + 1_000_000_000).await.unwrap();
    assert_eq!(store.newest_versions(&[]).await.unwrap().present.installation, Some(after));
    // A receipt of a future transaction is not included.
    let epoch =
        sqlx::query_scalar::<_, i64>("select epoch from prewarm.epoch").fetch_one(store.sessions()).await.unwrap();
    let to_come = Receipt { epoch, xid: next + 1_000_000_000 };
    assert_eq!(store.inclusion(ORG, to_come).await.unwrap(), Inclusion::NotYet);
    store.close().await;
    database.close().await.unwrap();
}

#[tokio::test]
async fn a_forged_version_in_redis_is_overwritten() {
    let (database, redis) = (Database::create().await.unwrap(), servers::redis().await.unwrap());
    let store = open(&database, Some(redis.url()));
    add_org(&store).await;
    let mut forged = rebuilt(&store).await;
    forged.version.n += 1000;
    let redis = store.redis.as_ref().unwrap();
    assert_eq!(redis.put(&forged, Base::NONE, &Model::STORED, Announce::Yes).await.unwrap(), Put::Stored);
    add_lead(&store).await;
    let newest = rebuilt(&store).await;
    let Held::Edition(held) = in_redis(&store, ORG).await.unwrap() else { panic!("not in redis") };
    assert_eq!((held.version, held.as_of), (newest.version, newest.as_of));
    // The same version with another instant, as if it had been assigned twice.
    forged.version = newest.version;
    assert_eq!(redis.put(&forged, Base::NONE, &Model::STORED, Announce::No).await.unwrap(), Put::Stored);
    assert_eq!(redis.put(&newest, Base::NONE, &Model::STORED, Announce::No).await.unwrap(), Put::Stored);
    assert_eq!(redis.put(&newest, Base::NONE, &Model::STORED, Announce::No).await.unwrap(), Put::Refused);
    store.close().await;
    database.close().await.unwrap();
}
