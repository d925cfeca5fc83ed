//! Other roles cannot call our functions, and our functions run no code of others.

use std::{fs, path::Path, time::Duration};

use materialize::{rebuild, rebuild_anew};
use readmodel::{ids::OrgId, time::Clock};
use store::{
    Source, Store, migrate,
    queue::{Claimed, End, Ended, Queue, Room, Turn},
};
use testkit::{
    Database,
    sqlx::{self, AssertSqlSafe, Connection, PgConnection},
};
use uuid::Uuid;

use crate::harness::open;

const ORG: OrgId = OrgId(Uuid::from_u128(1));
const LEASE: Duration = Duration::from_secs(60);

async fn run(session: &mut PgConnection, statements: &str) -> sqlx::Result<()> {
    sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(session).await.map(|_| ())
}

async fn texts(session: &mut PgConnection, query: &str) -> Vec<String> {
    sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_all(session).await.unwrap()
}

/// A private role, since roles belong to the server. It has usage on our schema, as an operator may grant.
async fn lesser_role(session: &mut PgConnection) -> String {
    let role = format!("prewarm_test_{}", Uuid::new_v4().simple());
    run(session, &format!("create role {role}; grant usage on schema prewarm to {role}")).await.unwrap();
    role
}

async fn drop_role(session: &mut PgConnection, role: &str) {
    run(session, &format!("drop owned by {role}; drop role {role}")).await.unwrap();
}

/// Functions without a search path, checked below to resolve no names. Setting a path would cost writers, and inlined
/// functions cannot have one.
const WITHOUT_A_PATH: &str =
    r"(p.proname ~ '^mark_\w+_(insert|update|delete)$' or p.proname like 'read\_%' or p.proname = 'refuse_erased')";

#[tokio::test]
async fn only_the_owner_and_our_roles_may_execute_our_functions() {
    let database = Database::create().await.unwrap();
    let mut session = PgConnection::connect(&database.url()).await.unwrap();
    let open_to_others = "select p.oid::regprocedure::text
                            from pg_proc p
                           cross join aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
                           where p.pronamespace = 'prewarm'::regnamespace and a.grantee <> p.proowner
                             and a.grantee not in ('prewarm_api'::regrole, 'prewarm_worker'::regrole)";
    assert_eq!(texts(&mut session, open_to_others).await, [""; 0]);
    database.close().await.unwrap();
}

/// A write to the catalog would make concurrent sessions fail or replan.
#[tokio::test]
async fn migrate_without_changes_writes_nothing_to_the_catalog() {
    let database = Database::create().await.unwrap();
    let mut session = PgConnection::connect(&database.url()).await.unwrap();
    let rows = "select xmin || ' ' || oid::regclass from pg_class where relnamespace = 'prewarm'::regnamespace
                union all
                select xmin || ' ' || oid::regprocedure from pg_proc where pronamespace = 'prewarm'::regnamespace
                union all
                select xmin || ' ' || nspname from pg_namespace where nspname = 'prewarm'
                order by 1";
    let before = texts(&mut session, rows).await;
    migrate(&database.url(), Source::Standalone).await.unwrap();
    assert_eq!(texts(&mut session, rows).await, before);
    database.close().await.unwrap();
}

/// Names in plpgsql are resolved at run time, and names in an SQL string body when it is planned. `begin atomic` and `return`
/// bodies are resolved when the function is created.
#[tokio::test]
async fn our_functions_resolve_names_in_the_catalog_only() {
    let database = Database::create().await.unwrap();
    let mut session = PgConnection::connect(&database.url()).await.unwrap();
    let without = format!(
        "select p.oid::regprocedure::text
           from pg_proc p
          where p.pronamespace = 'prewarm'::regnamespace
            and p.prosqlbody is null
            and 'search_path=pg_catalog, pg_temp' <> all (coalesce(p.proconfig, '{{}}'))
            and not {WITHOUT_A_PATH}"
    );
    assert_eq!(texts(&mut session, &without).await, [""; 0]);
    // Bodies with qualified operators and functions: only types and tables are then left.
    let bodies = format!(
        "select regexp_replace(regexp_replace(p.prosrc, '--[^\n]*|operator[(]pg_catalog[.]=[)]', '', 'g'), '''[^'']*''', '', 'g')
           from pg_proc p where p.pronamespace = 'prewarm'::regnamespace and {WITHOUT_A_PATH}"
    );
    let bodies = texts(&mut session, &bodies).await;
    assert_eq!(bodies.len(), 25);
    for body in bodies {
        let looked_up = body.find(['+', '-', '*', '/', '<', '>', '~', '!', '@', '#', '%', '^', '&', '|', '`', '?']);
        assert_eq!(looked_up, None, "an operator: {body}");
        assert!(!body.contains(" = ") || body.contains("listed = row_count"), "an operator: {body}");
        for (at, _) in body.match_indices('(') {
            let name = body[..at].rsplit(|c: char| c.is_whitespace() || "[(,;".contains(c)).next().unwrap();
            assert!(["", "coalesce", "exists"].contains(&name) || name.starts_with("prewarm."), "{name}: {body}");
        }
    }
    database.close().await.unwrap();
}

#[tokio::test]
async fn another_role_cannot_attach_our_trigger_functions() {
    let database = Database::create().await.unwrap();
    let mut session = PgConnection::connect(&database.url()).await.unwrap();
    let role = lesser_role(&mut session).await;
    let triggers = "select oid::regprocedure::text from pg_proc
                     where pronamespace = 'prewarm'::regnamespace and prorettype = 'trigger'::regtype";
    let triggers = texts(&mut session, triggers).await;
    assert!(triggers.len() > 5, "{triggers:?}");
    run(&mut session, &format!("create schema theirs authorization {role}; set role {role}")).await.unwrap();
    run(&mut session, "create table theirs.bait (org_id uuid, id uuid, contact_id uuid, phone_number text)")
        .await
        .unwrap();
    for trigger in triggers {
        let attach = format!(
            "create trigger bait after insert on theirs.bait referencing new table as new_rows
             for each statement execute function {trigger}"
        );
        let refused = run(&mut session, &attach).await.unwrap_err();
        assert_eq!(refused.as_database_error().unwrap().code().unwrap(), "42501", "{trigger}: {refused}");
    }
    run(&mut session, "reset role").await.unwrap();
    drop_role(&mut session, &role).await;
    database.close().await.unwrap();
}

/// Default privileges as on Supabase, and global ones, which are worse.
#[tokio::test]
async fn default_privileges_grant_nothing_of_ours() {
    let database = Database::empty().await.unwrap();
    let mut session = PgConnection::connect(&database.url()).await.unwrap();
    let role = format!("prewarm_test_{}", Uuid::new_v4().simple());
    let defaults = ["in schema public grant all on", "grant all on"].map(|defaults| {
        ["tables", "routines", "sequences"]
            .map(|objects| format!("alter default privileges {defaults} {objects} to {role};"))
            .concat()
    });
    run(&mut session, &format!("create role {role}; {}", defaults.concat())).await.unwrap();
    migrate(&database.url(), Source::Standalone).await.unwrap();

    let given = format!(
        "select c.oid::regclass::text
           from pg_class c
          where c.relkind in ('r', 'v', 'm')
            and c.relnamespace in ('prewarm'::regnamespace, 'public'::regnamespace)
            and has_table_privilege('{role}', c.oid, 'select, insert, update, delete, truncate, references, trigger')
         union all
         select c.oid::regclass::text
           from pg_class c
          where c.relnamespace = 'prewarm'::regnamespace
            and case when c.relkind = 'S' then has_sequence_privilege('{role}', c.oid, 'usage, select, update') end
         union all
         select p.oid::regprocedure::text
           from pg_proc p
          where p.pronamespace = 'prewarm'::regnamespace and has_function_privilege('{role}', p.oid, 'execute')
         union all
         select 'the schema' where has_schema_privilege('{role}', 'prewarm', 'usage, create')"
    );
    assert_eq!(texts(&mut session, &given).await, [""; 0]);
    run(&mut session, &format!("set role {role}")).await.unwrap();
    for statement in ["select from prewarm.blobs", "select from public.contacts", "select prewarm.longest_pause()"] {
        let refused = run(&mut session, statement).await.unwrap_err();
        assert_eq!(refused.as_database_error().unwrap().code().unwrap(), "42501", "{statement}: {refused}");
    }
    run(&mut session, "reset role").await.unwrap();
    drop_role(&mut session, &role).await;
    database.close().await.unwrap();
}

/// Functions and operators that match our calls better than the catalog's.
const TRAPS: &str = "
    create table public.trap_ran (what text);
    create function public.trap(what text) returns boolean language plpgsql as
      $$ begin insert into public.trap_ran values (what); return true; end $$;
    create function public.pg_try_advisory_xact_lock(int) returns boolean language sql as
      $$ select public.trap('lock') $$;
    create function public.cardinality(uuid[]) returns int language plpgsql as
      $$ begin perform public.trap('cardinality'); return coalesce(array_length($1, 1), 0); end $$;
    create function public.cardinality(timestamptz[]) returns int language plpgsql as
      $$ begin perform public.trap('cardinality'); return coalesce(array_length($1, 1), 0); end $$;
    create function public.json_build_object(text, text, text, uuid) returns json language plpgsql as
      $$ begin perform public.trap('json'); return concat('{\"kind\": \"rebuild\", \"org_id\": \"', $4, '\"}')::json; end $$;
    create function public.make_interval(secs double precision) returns interval language plpgsql as
      $$ begin perform public.trap('interval'); return '1 minute'::interval; end $$;
    create function public.joined(a text, b uuid) returns text language plpgsql as
      $$ begin perform public.trap('joined'); return concat(a, b); end $$;
    create operator public.|| (leftarg = text, rightarg = uuid, function = public.joined);
    create function public.divided(a bigint, b int) returns bigint language plpgsql as
      $$ begin perform public.trap('divided'); return a; end $$;
    create operator public./ (leftarg = bigint, rightarg = int, function = public.divided);
    insert into public.organizations (id, name, timezone) values ('00000000-0000-0000-0000-000000000001', 'Clinic', 'UTC');";

/// The traps that ran since the last call.
async fn sprung(session: &mut PgConnection) -> Vec<String> {
    let sprung = texts(session, "select distinct what from public.trap_ran order by 1").await;
    run(session, "truncate public.trap_ran").await.unwrap();
    sprung
}

async fn claim(store: &Store, queue: Queue) -> Option<Claimed> {
    store.claim("worker", queue, LEASE, Turn::FIRST, Room::EVERYWHERE).await.unwrap().claimed
}

/// Runs everything that a worker does for an org, in its own sessions.
async fn work(store: &Store, writer: &mut PgConnection) {
    for (status, count) in [("new", 1), ("qualified", 150)] {
        let change = format!(
            "insert into public.contacts (org_id, name, phone, lead_status, lead_score)
               select id, 'c' || i, '+1' || i, '{status}', 90 from public.organizations, generate_series(1, {count}) as i;
             insert into public.calls (org_id, phone_number, duration_seconds)
               select id, '+1' || i, 60 from public.organizations, generate_series(1, {count}) as i;
             update public.contacts set lead_score = 80"
        );
        run(writer, &change).await.unwrap();
        store.heartbeat("worker", Queue::Rebuild, LEASE, &[]).await.unwrap();
        let claimed = claim(store, Queue::Rebuild).await.unwrap();
        rebuild(store, Clock::Database, ORG).await.unwrap();
        rebuild_anew(store, Clock::Database, ORG).await.unwrap();
        let ended = Ended::new(claimed, "worker", End::Failed("once".to_owned()), 0.5);
        store.finish(&[ended]).await.unwrap();
        run(writer, "update prewarm.leases set until = now()").await.unwrap();
        claim(store, Queue::Prewarm).await;
    }
}

#[tokio::test]
async fn functions_planted_in_public_are_never_run_by_us() {
    let database = Database::create().await.unwrap();
    let store = open(&database, None);
    let mut session = PgConnection::connect(&database.url()).await.unwrap();
    run(&mut session, TRAPS).await.unwrap();
    let set = "select pg_try_advisory_xact_lock(1), cardinality('{}'::uuid[]), ('a'::text || gen_random_uuid())";
    run(&mut session, set).await.unwrap();
    assert_eq!(sprung(&mut session).await, ["cardinality", "joined", "lock"], "the traps are set");

    let mut writer = PgConnection::connect(&database.url()).await.unwrap();
    work(&store, &mut writer).await;
    assert_eq!(sprung(&mut session).await, [""; 0]);

    // Other callers have their database's search path.
    let calls = "insert into public.agents (org_id, name) values ('00000000-0000-0000-0000-000000000001', 'agent');
                 update public.agents set name = 'another';
                 select prewarm.maintain(id, now()) from public.organizations;
                 call prewarm.maintain_anew('00000000-0000-0000-0000-000000000001', now());
                 delete from prewarm.jobs;
                 delete from prewarm.leases;
                 insert into prewarm.marks (org_id, what) values ('00000000-0000-0000-0000-000000000001', 'again');
                 select prewarm.claim_rebuild('worker', '1 minute', 0, '00000000-0000-0000-0000-000000000000',
                                              '00000000-0000-0000-0000-000000000000', 1);
                 select prewarm.claim('worker', 'maintenance');
                 select prewarm.claim_prewarm('worker', '1 minute', '00000000-0000-0000-0000-000000000000', true, true);
                 select prewarm.open_test_call(gen_random_uuid(), org_id, call_direction) from public.agents;
                 select from public.view_actionable_leads;
                 refresh materialized view prewarm.fleet_pulse";
    run(&mut session, calls).await.unwrap();
    assert_eq!(sprung(&mut session).await, [""; 0]);
    store.close().await;
    drop(store);
    database.close().await.unwrap();
}

fn queries(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            queries(&path, found);
        } else {
            found.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
        }
    }
}

#[tokio::test]
async fn every_query_qualifies_names_with_their_schema() {
    let database = Database::create().await.unwrap();
    let store = open(&database, None);
    let mut session = store.sessions().take().await.unwrap();
    assert_eq!(texts(&mut session, "show search_path").await, ["pg_catalog, pg_temp"]);
    let mut found = Vec::new();
    queries(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../store/queries"), &mut found);
    assert!(found.len() > 50);
    for (path, query) in found {
        let statement = query.lines().find(|line| !line.starts_with("--")).unwrap_or_default();
        // These statements cannot be prepared; each has a single name.
        if ["call ", "refresh ", "notify "].iter().any(|only| statement.starts_with(only)) {
            assert!(statement.contains("prewarm"), "{path}");
            continue;
        }
        let prepare = format!("deallocate all; prepare one as {query}");
        run(&mut session, &prepare).await.unwrap_or_else(|error| panic!("{path}: {error}"));
    }
    drop(session);
    store.close().await;
    database.close().await.unwrap();
}
