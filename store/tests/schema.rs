//! `migrate` on an empty database, on an earlier schema, and beside other sessions.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use readmodel::model::Format;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, postgres::PgConnectOptions, postgres::PgPoolOptions};
use store::{Error, Schema, Source, Store, migrate, migrate::migrate_within};
use testkit::Database;

/// A dump of the tables of an earlier schema, with a row in each.
const BEFORE: &str = include_str!("schema/before.sql");

/// A query that describes a schema as comparable texts.
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

/// The row count of each of our tables.
async fn rows(database: &Database) -> BTreeMap<String, i64> {
    let counts = "select c.oid::regclass::text,
                         (xpath('/row/n/text()', query_to_xml(format('select count(*) as n from %s', c.oid::regclass),
                                                              false, true, '')))[1]::text::bigint
                    from pg_class c
                   where c.relkind = 'r'
                     and c.relnamespace = 'prewarm'::regnamespace";
    let rows: Vec<(String, i64)> = sqlx::query_as(counts).fetch_all(&mut connect(database).await).await.unwrap();
    rows.into_iter().collect()
}

#[tokio::test]
async fn a_schema_from_nothing_equals_the_earlier_one_upgraded() {
    let (fresh, upgraded) = (Database::empty().await.unwrap(), before().await);
    let held = rows(&upgraded).await;
    for database in [&fresh, &upgraded] {
        assert_eq!(compared(database).await, Schema::Behind);
        migrate(&database.url(), Source::Standalone).await.unwrap();
        assert_eq!(compared(database).await, Schema::Current);
    }
    let kept = rows(&upgraded).await;
    // Tables that are attached are marked, in addition to what was owed.
    let lost: Vec<_> = held.iter().filter(|(table, rows)| kept.get(*table).is_none_or(|kept| kept < rows)).collect();
    assert!(lost.is_empty(), "{lost:#?}");
    let (fresh_objects, upgraded_objects) = (described(&fresh).await, described(&upgraded).await);
    assert!(fresh_objects.len() > 500, "{}", fresh_objects.len());
    let missing: Vec<_> = fresh_objects.iter().filter(|object| !upgraded_objects.contains(object)).collect();
    let left_over: Vec<_> = upgraded_objects.iter().filter(|object| !fresh_objects.contains(object)).collect();
    assert!(missing.is_empty() && left_over.is_empty(), "missing: {missing:#?}\nleft over: {left_over:#?}");
    fresh.close().await.unwrap();
    upgraded.close().await.unwrap();
}

#[tokio::test]
async fn every_routine_of_ours_is_made_by_a_file_of_code() {
    let database = Database::create().await.unwrap();
    let mut session = connect(&database).await;
    // Procedures named put_… make the rest.
    let by_files = r"select proname::text from pg_proc
                      where pronamespace = 'prewarm'::regnamespace and proname !~ '^(mark_\w+_(insert|update|delete)|read_\w+|erase_(orgs|contact|calls))$'";
    let mut held = texts(&mut session, by_files).await;
    held.sort();
    let mut made: Vec<_> = testkit::migrations::files()
        .into_iter()
        .filter(|file| file.path.starts_with("code/"))
        .flat_map(|file| file.objects)
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
    let (one, two, three) = tokio::join!(
        migrate(&url, Source::Standalone),
        migrate(&url, Source::Standalone),
        migrate(&url, Source::Untouched)
    );
    one.and(two).and(three).unwrap();
    assert_eq!(compared(&database).await, Schema::Current);
    database.close().await.unwrap();
}

#[tokio::test]
async fn migrate_gives_way_to_other_sessions_and_names_them() {
    let database = Database::create().await.unwrap();
    let spoil = "call prewarm.put_materialized_view('prewarm.fleet_pulse', 'select 1 as org_id');
                 refresh materialized view prewarm.fleet_pulse;
                 update prewarm.schema set code = 'of another release'";
    run(&mut connect(&database).await, spoil).await;
    let holder = database.url().parse::<PgConnectOptions>().unwrap().application_name("a report");
    let mut holder = PgConnection::connect_with(&holder).await.unwrap();
    run(&mut holder, "begin").await;
    run(&mut holder, "select 'secret' from prewarm.fleet_pulse").await;

    let url = database.url();
    let migrating = tokio::spawn(async move { migrate_within(&url, Source::Untouched, Duration::from_secs(4)).await });
    // Later sessions queue behind this lock.
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
    migrate(&database.url(), Source::Untouched).await.unwrap();
    assert_eq!(compared(&database).await, Schema::Current);
    database.close().await.unwrap();
}

#[tokio::test]
async fn a_newer_or_unknown_schema_is_left_alone() {
    let newer = Database::create().await.unwrap();
    let mut session = connect(&newer).await;
    run(&mut session, "update prewarm.schema set code = 'of another release'").await;
    assert_eq!(compared(&newer).await, Schema::Behind);
    for later in ["tables = tables + 1", "tables = tables - 1, release = '{1000,0,0}'"] {
        run(&mut session, &format!("update prewarm.schema set {later}")).await;
        assert_eq!(compared(&newer).await, Schema::Ahead, "{later}");
        assert!(matches!(migrate(&newer.url(), Source::Standalone).await.unwrap_err(), Error::Ahead));
        let code = texts(&mut session, "select code from prewarm.schema").await;
        assert_eq!(code, ["of another release"], "{later}");
    }
    newer.close().await.unwrap();
}

#[tokio::test]
async fn the_schema_of_a_development_build_is_refused_and_left_alone() {
    let builds = [
        "update prewarm.schema set tables = 22",
        "alter table prewarm.schema drop column release",
        "drop table prewarm.schema; create table prewarm.migrations ()",
    ];
    for build in builds {
        let database = before().await;
        run(&mut connect(&database).await, build).await;
        let held = described(&database).await;
        assert_eq!(compared(&database).await, Schema::Behind, "{build}");
        let error = migrate(&database.url(), Source::Standalone).await.unwrap_err();
        assert!(matches!(error, Error::TooOld), "{build}: {error}");
        assert_eq!(described(&database).await, held, "{build}");
        database.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_column_can_be_added_to_a_source_table_that_is_read() {
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
async fn changed_code_is_applied_again() {
    let database = Database::create().await.unwrap();
    let wanted = described(&database).await;
    let spoil = "create or replace function prewarm.dense_hour() returns bigint language sql immutable return 1;
                 drop trigger prewarm_update on public.calls;
                 alter table public.contacts enable trigger prewarm_delete;
                 update prewarm.schema set code = 'of another release'";
    run(&mut connect(&database).await, spoil).await;
    assert_ne!(described(&database).await, wanted);
    migrate(&database.url(), Source::Untouched).await.unwrap();
    assert_eq!(described(&database).await, wanted);
    database.close().await.unwrap();
}

/// The contents of `public`, as texts that can be compared.
async fn public(database: &Database) -> Vec<String> {
    described(database).await.into_iter().filter(|object| object.starts_with("relation public.")).collect()
}

#[tokio::test]
async fn without_with_source_nothing_is_made_in_public_and_the_source_may_come_later() {
    let database = Database::empty().await.unwrap();
    for _ in 0..2 {
        migrate(&database.url(), Source::Untouched).await.unwrap();
        assert_eq!(compared(&database).await, Schema::WithoutSource);
        assert_eq!(public(&database).await, [""; 0]);
    }
    let standalone = Database::create().await.unwrap();
    for _ in 0..2 {
        migrate(&database.url(), Source::Standalone).await.unwrap();
        assert_eq!(compared(&database).await, Schema::Current);
        assert_eq!(described(&database).await, described(&standalone).await);
    }
    migrate(&database.url(), Source::Untouched).await.unwrap();
    assert_eq!(compared(&database).await, Schema::Current);
    database.close().await.unwrap();
    standalone.close().await.unwrap();
}

#[tokio::test]
async fn standalone_tables_that_are_there_are_attached_as_they_are() {
    let database = Database::create().await.unwrap();
    let mut session = connect(&database).await;
    run(&mut session, "insert into public.organizations (name) values ('Clinic')").await;
    run(&mut session, "alter table public.contacts add column notes text, add column seen int not null default 0")
        .await;
    let held = described(&database).await;
    run(&mut session, "drop schema prewarm cascade").await;
    migrate(&database.url(), Source::Untouched).await.unwrap();
    assert_eq!(compared(&database).await, Schema::WithoutSource);
    for _ in 0..2 {
        migrate(&database.url(), Source::Standalone).await.unwrap();
        assert_eq!(compared(&database).await, Schema::Current);
        assert_eq!(described(&database).await, held);
    }
    assert_eq!(texts(&mut session, "select name from public.organizations").await, ["Clinic"]);
    database.close().await.unwrap();
}

/// `why` is what the error says of the difference.
async fn are_left_alone(tables: &str, found: &str, why: &str) {
    let database = Database::empty().await.unwrap();
    run(&mut connect(&database).await, tables).await;
    let held = public(&database).await;
    assert!(!held.is_empty());
    for _ in 0..2 {
        let error = migrate(&database.url(), Source::Standalone).await.unwrap_err();
        let said = error.to_string();
        assert!(matches!(error, Error::OtherSource { .. }), "{said}");
        assert!(said.starts_with(&format!("public has {found}, which are not")) && said.contains(why), "{said}");
        assert!(!said.contains('\n'), "{said}");
        assert_eq!(public(&database).await, held);
    }
    for _ in 0..2 {
        migrate(&database.url(), Source::Untouched).await.unwrap();
        assert_eq!(compared(&database).await, Schema::WithoutSource);
        assert_eq!(public(&database).await, held);
    }
    database.close().await.unwrap();
}

/// Case A14.
#[tokio::test]
async fn tables_of_somebody_else_are_left_alone_and_named() {
    are_left_alone(
        "create table public.contacts (id bigint primary key, name text)",
        "contacts",
        "agents is missing; appointments is missing; calls is missing; and ",
    )
    .await;
    let six = ["organizations", "contacts", "calls", "appointments", "agents", "phone_numbers"];
    let foreign = six.map(|name| format!("create table public.{name} (id bigint primary key, org_id uuid);")).concat();
    let found = "agents, appointments, calls, contacts, organizations, phone_numbers";
    are_left_alone(&foreign, found, "the column call_direction of agents is missing").await;
}

#[tokio::test]
async fn a_standalone_table_that_was_altered_is_not_taken_for_ours() {
    let changes = [
        ("alter table public.calls alter vapi_call_id type varchar(10)", "the column vapi_call_id of calls differs"),
        (
            "alter table public.calls drop constraint calls_vapi_call_id_key",
            "UNIQUE (vapi_call_id) of calls is missing",
        ),
        ("alter table public.contacts add column must int not null", "the column must of contacts is not ours"),
        ("drop table public.phone_numbers", "phone_numbers is missing"),
        ("create view public.view_actionable_leads as select 1 as org_id", "of view_actionable_leads is missing"),
    ];
    for (change, why) in changes {
        let database = Database::create().await.unwrap();
        let mut session = connect(&database).await;
        run(&mut session, "drop schema prewarm cascade; drop view public.view_actionable_leads").await;
        run(&mut session, change).await;
        let error = migrate(&database.url(), Source::Standalone).await.unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
        database.close().await.unwrap();
    }
}

#[tokio::test]
async fn what_cannot_be_replaced_is_made_anew_where_it_differs() {
    let database = Database::create().await.unwrap();
    let wanted = described(&database).await;
    let spoil = "drop trigger refuse_erased on prewarm.call_states;
                 create constraint trigger refuse_erased after insert on prewarm.call_states
                   for each row execute function prewarm.refuse_erased();
                 drop trigger prewarm_update on public.contacts;
                 create trigger prewarm_update after update of name on public.contacts
                   for each statement execute function prewarm.mark_truncated();
                 call prewarm.put_materialized_view('prewarm.fleet_pulse', 'select 1 as org_id');
                 update prewarm.schema set code = 'of another release'";
    run(&mut connect(&database).await, spoil).await;
    assert_ne!(described(&database).await, wanted);
    migrate(&database.url(), Source::Untouched).await.unwrap();
    assert_eq!(described(&database).await, wanted);
    run(&mut connect(&database).await, "refresh materialized view concurrently prewarm.fleet_pulse").await;
    database.close().await.unwrap();
}
