//! What `migrate` makes of an empty database, of one with an earlier schema, and of one that others are using.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::{Duration, Instant};

use readmodel::model::Format;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, postgres::PgConnectOptions, postgres::PgPoolOptions};
use store::{Error, Schema, Store, migrate, migrate::migrate_within};
use testkit::Database;

/// A database of the last schema before `migrations/` had its present shape, with a few rows.
const BEFORE: &str = include_str!("schema/before.sql");

/// All that a schema is made of, as texts that can be compared.
const DESCRIPTION: &str = include_str!("schema/description.sql");

async fn run(session: &mut PgConnection, statements: &str) {
    sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(session).await.unwrap();
}

async fn texts(session: &mut PgConnection, query: &str) -> Vec<String> {
    sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_all(session).await.unwrap()
}

async fn connect(database: &Database) -> PgConnection {
    PgConnection::connect(&database.url()).await.unwrap()
}

async fn described(database: &Database) -> Vec<String> {
    let mut session = connect(database).await;
    run(&mut session, "set search_path = pg_catalog, pg_temp").await;
    texts(&mut session, DESCRIPTION).await
}

async fn compared(database: &Database) -> Schema {
    let pool = PgPoolOptions::new().max_connections(1).connect(&database.url()).await.unwrap();
    Store::new(pool, None, Format::CURRENT).schema().await.unwrap()
}

/// A database with an earlier schema.
async fn before() -> Database {
    let database = Database::empty().await.unwrap();
    run(&mut connect(&database).await, BEFORE).await;
    database
}

/// The number of rows of each table, other than tables that came after `before.sql` or went.
async fn rows(database: &Database) -> Vec<String> {
    let counts = "select c.oid::regclass || ' ' ||
                         (xpath('/row/n/text()', query_to_xml(format('select count(*) as n from %s', c.oid::regclass),
                                                              false, true, '')))[1]
                    from pg_class c
                   where c.relkind = 'r'
                     and c.relnamespace = any (array['prewarm', 'public', 'apalis']::regnamespace[])
                     and c.oid::regclass::text not in ('prewarm.migrations', 'prewarm.nodes', 'prewarm.schema',
                                                  'prewarm.settings')
                   order by 1";
    texts(&mut connect(database).await, counts).await
}

#[tokio::test]
async fn a_schema_from_nothing_equals_the_earlier_one_upgraded() {
    let (fresh, upgraded) = (Database::empty().await.unwrap(), before().await);
    let held = rows(&upgraded).await;
    for database in [&fresh, &upgraded] {
        assert_eq!(compared(database).await, Schema::Behind);
        migrate(&database.url()).await.unwrap();
        assert_eq!(compared(database).await, Schema::Current);
    }
    assert_eq!(rows(&upgraded).await, held);
    let (fresh_objects, upgraded_objects) = (described(&fresh).await, described(&upgraded).await);
    assert!(fresh_objects.len() > 500, "{}", fresh_objects.len());
    let missing: Vec<_> = fresh_objects.iter().filter(|object| !upgraded_objects.contains(object)).collect();
    let left_over: Vec<_> = upgraded_objects.iter().filter(|object| !fresh_objects.contains(object)).collect();
    assert!(missing.is_empty() && left_over.is_empty(), "missing: {missing:#?}\nleft over: {left_over:#?}");
    fresh.close().await.unwrap();
    upgraded.close().await.unwrap();
}

#[tokio::test]
async fn every_routine_of_ours_is_made_by_a_file() {
    let database = Database::create().await.unwrap();
    let mut session = connect(&database).await;
    let mut held =
        texts(&mut session, "select proname::text from pg_proc where pronamespace = 'prewarm'::regnamespace").await;
    held.sort();
    let mut made: Vec<_> = testkit::migrations::files()
        .iter()
        .flat_map(|file| file.objects.clone())
        .filter(|object| ["function", "procedure"].contains(&object.kind.as_str()))
        .map(|object| object.name.trim_start_matches("prewarm.").to_owned())
        .collect();
    made.sort();
    assert_eq!(held, made);
    database.close().await.unwrap();
}

#[tokio::test]
async fn several_processes_may_migrate_at_once() {
    let database = Database::empty().await.unwrap();
    let url = database.url();
    let (one, two, three) = tokio::join!(migrate(&url), migrate(&url), migrate(&url));
    one.and(two).and(three).unwrap();
    assert_eq!(compared(&database).await, Schema::Current);
    database.close().await.unwrap();
}

#[tokio::test]
async fn a_migrate_that_is_in_the_way_of_others_steps_aside_and_says_who_they_are() {
    let database = before().await;
    let holder = database.url().parse::<PgConnectOptions>().unwrap().application_name("a report");
    let mut holder = PgConnection::connect_with(&holder).await.unwrap();
    run(&mut holder, "begin").await;
    run(&mut holder, "select 'secret' from prewarm.fleet_pulse").await;

    let url = database.url();
    let migrating = tokio::spawn(async move { migrate_within(&url, Duration::from_secs(4)).await });
    // Later sessions wait behind it.
    let mut reader = connect(&database).await;
    let mut longest = Duration::ZERO;
    while !migrating.is_finished() {
        let began = Instant::now();
        run(&mut reader, "select from prewarm.fleet_pulse").await;
        longest = longest.max(began.elapsed());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let error = migrating.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Blocked { .. }), "{error}");
    let said = error.to_string();
    assert!(said.contains("(a report), in a transaction since 20") && said.ends_with(": SELECT"), "{said}");
    assert!(longest > Duration::from_millis(500) && longest < Duration::from_secs(4), "{longest:?}");

    run(&mut holder, "commit").await;
    migrate(&database.url()).await.unwrap();
    assert_eq!(compared(&database).await, Schema::Current);
    database.close().await.unwrap();
}

#[tokio::test]
async fn a_schema_that_is_newer_or_too_old_is_left_alone() {
    let newer = Database::create().await.unwrap();
    let mut session = connect(&newer).await;
    run(&mut session, "update prewarm.schema set code = 'of another release'").await;
    assert_eq!(compared(&newer).await, Schema::Behind);
    for later in ["tables = tables + 1", "tables = tables - 1, release = '{1000,0,0}'"] {
        run(&mut session, &format!("update prewarm.schema set {later}")).await;
        assert_eq!(compared(&newer).await, Schema::Ahead, "{later}");
        assert!(matches!(migrate(&newer.url()).await.unwrap_err(), Error::Ahead));
        let code = texts(&mut session, "select code from prewarm.schema").await;
        assert_eq!(code, ["of another release"], "{later}");
    }
    newer.close().await.unwrap();

    let older = before().await;
    run(&mut connect(&older).await, "delete from prewarm.migrations where version = 23").await;
    let error = migrate(&older.url()).await.unwrap_err();
    assert!(matches!(error, Error::TooOld(22)), "{error}");
    older.close().await.unwrap();
}

#[tokio::test]
async fn what_is_read_of_a_source_table_can_get_a_column() {
    let database = Database::create().await.unwrap();
    let next_release = "
        create or replace function prewarm.read_organizations() returns setof record
        language sql stable as $$ select id, name, timezone, true from public.organizations $$;
        create or replace view prewarm.source_organizations as
          select id, left(name, 512) as name, left(btrim(timezone, E' \\t\\r\\n'), 100) as timezone, is_new
            from prewarm.read_organizations() as (id uuid, name text, timezone text, is_new boolean)";
    run(&mut connect(&database).await, next_release).await;
    database.close().await.unwrap();
}

#[tokio::test]
async fn a_code_that_differs_is_applied_again() {
    let database = Database::create().await.unwrap();
    let wanted = described(&database).await;
    let spoil = "create or replace function prewarm.dense_hour() returns bigint language sql immutable return 1;
                 drop trigger prewarm_update on public.calls;
                 alter table public.contacts enable trigger prewarm_delete;
                 update prewarm.schema set code = 'of another release'";
    run(&mut connect(&database).await, spoil).await;
    assert_ne!(described(&database).await, wanted);
    migrate(&database.url()).await.unwrap();
    assert_eq!(described(&database).await, wanted);
    database.close().await.unwrap();
}
