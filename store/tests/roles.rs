//! The rights that `migrate` needs, those that it does not, and those that it grants.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use readmodel::model::Format;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, postgres::PgPoolOptions};
use store::{
    Schema, Source, Store, migrate,
    queue::{End, Ended, Job, Queue, Room, Turn},
};
use testkit::Database;

const LEASE: Duration = Duration::from_secs(60);

/// No extension can be created, the application has a function of a name that apalis-postgres once took, and another
/// program has a schema `apalis` that we may not even look into.
const FOUND: &str = "
    create function public.refuse() returns event_trigger language plpgsql as $$
    begin raise exception 'extensions cannot be created here'; end $$;
    create event trigger refuse on ddl_command_start when tag in ('CREATE EXTENSION') execute function public.refuse();
    create function public.generate_ulid() returns text language sql return 'theirs';
    create schema apalis; create table apalis.jobs (id text, job_type text)";

/// That function and the extensions, by what they are and when they were last written.
const THEIRS: &str = "
    select concat_ws(' ', p.oid, p.xmin, pg_get_functiondef(p.oid)) from pg_proc p where p.proname = 'generate_ulid'
    union all
    select concat_ws(' ', e.oid, e.xmin, e.extname) from pg_extension e
     order by 1";

async fn run(session: &mut PgConnection, statements: &str) {
    sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(session).await.unwrap();
}

async fn texts(session: &mut PgConnection, query: &str) -> Vec<String> {
    sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_all(session).await.unwrap()
}

/// Migrates as a role that is given nothing but `rights`, and has a worker of that role take and end a job.
async fn works_with(rights: &str) {
    let database = Database::empty().await.unwrap();
    let role = format!("{}_role", database.name());
    let mut admin = PgConnection::connect(&database.url()).await.unwrap();
    run(&mut admin, &format!("create role {role} login password '{role}'; {FOUND}")).await;
    let rights = rights.replace("ROLE", &role).replace("DATABASE", database.name());
    run(&mut admin, &rights).await;
    let theirs = texts(&mut admin, THEIRS).await;

    let url = database.url_as(&role);
    migrate(&url, Source::Standalone).await.unwrap();
    migrate(&url, Source::Standalone).await.unwrap();
    assert_eq!(texts(&mut admin, THEIRS).await, theirs);
    let tables = "select relname::text from pg_class where relnamespace = 'apalis'::regnamespace";
    assert_eq!(texts(&mut admin, tables).await, ["jobs"]);

    let pool = PgPoolOptions::new().max_connections(1).connect(&url).await.unwrap();
    let store = Store::new(pool, None, Format::CURRENT);
    assert_eq!(store.schema().await.unwrap(), Schema::Current);
    run(&mut admin, "insert into public.organizations (name) values ('org')").await;
    store.heartbeat("worker", Queue::Rebuild, LEASE, &[]).await.unwrap();
    let claimed =
        store.claim("worker", Queue::Rebuild, LEASE, Turn::FIRST, Room::EVERYWHERE).await.unwrap().claimed.unwrap();
    assert!(matches!(claimed.job, Job::Rebuild(_)), "{claimed:?}");
    store.finish(&[Ended::new(claimed, "worker", End::Done, 0.5)]).await.unwrap();
    assert_eq!(texts(&mut admin, "select worker from prewarm.leases").await, [""; 0]);
    store.close().await;

    let leave = format!(
        "drop event trigger refuse; reassign owned by {role} to current_user; drop owned by {role}; drop role {role}"
    );
    run(&mut admin, &leave).await;
    drop(admin);
    database.close().await.unwrap();
}

/// Case A13: a function of the application's with a name that others have taken.
#[tokio::test]
async fn the_owner_of_a_database_needs_no_more_and_leaves_what_is_there() {
    works_with("alter database DATABASE owner to ROLE").await;
}

#[tokio::test]
async fn a_role_that_can_make_no_schema_works_in_the_one_that_it_is_given() {
    works_with("create schema prewarm authorization ROLE; grant create on schema public to ROLE").await;
}

/// A name that is misspelt would be left out, and a routine that nobody may call would fail a process.
#[tokio::test]
async fn the_lists_of_grants_are_whole() {
    let database = Database::create().await.unwrap();
    let mut session = PgConnection::connect(&database.url()).await.unwrap();
    let unknown = "select name from prewarm.table_grants() g cross join unnest(g.relations) as name
                    where to_regclass('prewarm.' || name) is null";
    assert_eq!(texts(&mut session, unknown).await, [""; 0]);
    let unlent = "select p.proname::text from pg_proc p
                   where p.pronamespace = 'prewarm'::regnamespace and p.prosecdef and p.prorettype <> 'trigger'::regtype
                     and not prewarm.lends(p.proname, 'api') and not prewarm.lends(p.proname, 'worker')";
    assert_eq!(texts(&mut session, unlent).await, [""; 0]);
    for duty in ["api", "worker"] {
        let missing = format!("select lacks from prewarm.missing_grants('{duty}', 'prewarm_{duty}')");
        assert_eq!(texts(&mut session, &missing).await, [""; 0], "{duty}");
    }

    // A grant that is needed no more is taken back; nothing else is written.
    run(
        &mut session,
        "grant truncate, delete on prewarm.events to prewarm_api; revoke insert on prewarm.events from prewarm_api",
    )
    .await;
    run(&mut session, "call prewarm.grant_to_roles()").await;
    let held = "select privilege from prewarm.held_grants() where role = 'prewarm_api' and object = 'prewarm.events' order by 1";
    assert_eq!(texts(&mut session, held).await, ["insert", "select", "update"]);
    let written =
        "select coalesce(max(xmin::text::bigint), 0)::text from pg_class where relnamespace = 'prewarm'::regnamespace";
    let before = texts(&mut session, written).await;
    run(&mut session, "call prewarm.grant_to_roles()").await;
    assert_eq!(texts(&mut session, written).await, before);
    database.close().await.unwrap();
}
