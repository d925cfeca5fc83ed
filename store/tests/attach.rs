//! `attach` beside a database that somebody else owns, and whatever its owner does to the tables afterwards.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use readmodel::model::Format;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, postgres::PgPoolOptions};
use store::{
    Map, Schema, Store,
    attach::{self, Attached},
    map::Finding,
};
use testkit::{CLINIC, Database};

/// Two orgs, of which one has leads, calls and appointments.
const ROWS: &str = "
    insert into public.organizations (id, name)
    values ('00000000-0000-0000-0000-000000000001', 'Clinic'), ('00000000-0000-0000-0000-000000000002', 'Other');
    insert into public.contacts (id, org_id, name, phone, lead_status, lead_score)
    select format('00000000-0000-0000-0000-0000000001%s', to_char(i, 'fm00'))::uuid, '00000000-0000-0000-0000-000000000001',
           'Contact ' || i, '+1555010' || i, (array['hot', 'warm', 'cold'])[1 + i % 3], i
      from generate_series(10, 40) i;
    insert into public.calls (org_id, contact_id, phone_number, call_direction)
    select org_id, id, phone, 'inbound' from public.contacts;
    insert into public.appointments (org_id, contact_id, service_type, scheduled_at)
    select org_id, id, 'check', now() from public.contacts where lead_status = 'hot'";

/// Writes of the application to every table, in its own ways.
const WRITES: &str = "
    insert into public.organizations (name) values ('Another');
    insert into public.contacts (org_id, name, phone, lead_status)
    select '00000000-0000-0000-0000-000000000001', 'Written', '+1666' || (random() * 1e9)::bigint, 'warm';
    update public.contacts set notes = 'seen' where name = 'Written';
    insert into public.calls (org_id, call_direction) values ('00000000-0000-0000-0000-000000000001', 'inbound');
    update public.calls set status = 'completed' where org_id = '00000000-0000-0000-0000-000000000001';
    insert into public.appointments (org_id, service_type, scheduled_at) values (null, 'nobody''s', now());
    delete from public.appointments where org_id is null;
    delete from public.contacts where name = 'Written'";

/// A database of the clinic, owned by a role that is no superuser.
struct Clinic {
    database: Database,
    admin: PgConnection,
    owner: String,
}

impl Clinic {
    async fn create() -> Self {
        let database = Database::empty().await.unwrap();
        let owner = format!("{}_owner", database.name());
        let mut admin = PgConnection::connect(&database.url()).await.unwrap();
        run(&mut admin, &api_roles()).await;
        let rights = format!(
            "create role {owner} login bypassrls password '{owner}'; grant create on database {0} to {owner};
             grant create, usage on schema public to {owner};
             set role {owner};
             alter default privileges grant all on tables to anon, authenticated;
             alter default privileges grant all on functions to anon, authenticated;
             {CLINIC}; {ROWS}; reset role",
            database.name()
        );
        run(&mut admin, &rights).await;
        Self { database, admin, owner }
    }

    fn url(&self) -> String {
        self.database.url_as(&self.owner)
    }

    async fn session(&self) -> PgConnection {
        PgConnection::connect(&self.url()).await.unwrap()
    }

    async fn store(&self) -> Store {
        let options: sqlx::postgres::PgConnectOptions = self.url().parse().unwrap();
        let pool = PgPoolOptions::new().max_connections(2).connect_with(options.options([("row_security", "off")]));
        Store::new(pool.await.unwrap(), None, Format::CURRENT)
    }

    async fn attach(&self) {
        let attached = attach::attach(&self.url(), &clinic_map()).await.unwrap();
        assert!(matches!(attached, Attached::Whole), "{attached:?}");
    }

    /// Writes of the application, of which none may fail. Statements about a table that it has renamed are left out.
    async fn writes(&mut self) {
        for statement in WRITES.split(';') {
            let done = sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut self.admin).await;
            if let Err(error) = done {
                let is_their_own = error.to_string().contains("relation \"public.contacts\" does not exist");
                assert!(is_their_own, "{error}: {statement}");
            }
        }
    }

    async fn texts(&mut self, query: &str) -> Vec<String> {
        texts(&mut self.admin, query).await
    }

    async fn close(mut self) {
        let leave = format!("reassign owned by {0} to current_user; drop owned by {0}; drop role {0}", self.owner);
        run(&mut self.admin, &leave).await;
        drop(self.admin);
        self.database.close().await.unwrap();
    }
}

fn clinic_map() -> Map {
    Map::named("clinic").unwrap()
}

/// The roles of an API, which every test on the server shares.
fn api_roles() -> String {
    let role = |name: &str| {
        format!("begin create role {name}; exception when duplicate_object or unique_violation then null; end;")
    };
    format!("do $$ begin {} {} end $$", role("anon"), role("authenticated"))
}

async fn run(session: &mut PgConnection, statements: &str) {
    let done = sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(session).await;
    done.unwrap_or_else(|error| panic!("{error}: {statements}"));
}

async fn texts(session: &mut PgConnection, query: &str) -> Vec<String> {
    sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_all(session).await.unwrap()
}

fn ids(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.finding.as_str()).collect()
}

#[tokio::test]
async fn a_survey_shows_the_database_through_the_map_and_changes_nothing() {
    let clinic = Clinic::create().await;
    let before = clinic.database.dump();
    let survey = attach::survey(&clinic.url(), &clinic_map()).await.unwrap();
    assert_eq!(ids(&survey.faults), [""; 0]);
    assert_eq!(survey.role, clinic.owner);
    assert_eq!(survey.tables.iter().map(|table| table.is_ours && table.row_security).collect::<Vec<_>>(), [true; 4]);
    assert_eq!(survey.orgs[0].name.as_deref(), Some("Clinic"));
    assert_eq!((survey.orgs[0].contacts, survey.orgs[0].leads, survey.orgs[0].calls), (31, 21, 31));
    let first = &survey.orgs[0].first[0];
    assert_eq!(
        (first.name.as_deref(), first.temperature.as_deref(), first.calls),
        (Some("Contact 40"), Some("warm"), 1)
    );
    assert_eq!(
        survey.triggers.len(),
        2 * 4 * 4,
        "each trigger, and that it fires always, for each event of four tables"
    );
    assert_eq!(clinic.database.dump(), before);
    clinic.close().await;
}

#[tokio::test]
async fn what_does_not_fit_is_told_at_once_and_nothing_is_changed() {
    let clinic = Clinic::create().await;
    let before = clinic.database.dump();
    let map = Map::parse(
        "mode = 'observe'
         [organizations]
         table = 'public.organizations'
         id = 'id'
         nme = 'name'
         [contacts]
         table = 'public.contacts'
         id = 'id'
         phone = 'telephone'
         lead_status = 'lead_status'
         lead_score = 'service_interests'
         [calls]
         table = 'public.call_log'
         id = 'id'
         org_id = 'org_id'
         is_test_call = 'is_test_call'
         created_at = 'created_at'
         [appointments]
         table = 'public.view_actionable_leads'
         id = 'id'
         org_id = 'org_id'
         [rules]
         live = 'true'",
    )
    .unwrap();
    let survey = attach::survey(&clinic.url(), &map).await.unwrap();
    assert_eq!(
        ids(&survey.faults),
        [
            "map:organizations:nme",
            "column:contacts:lead_score",
            "column:contacts:phone",
            "column:contacts:temperature",
            "map:contacts:org_id",
            "table-missing:public.call_log",
            "table-kind:public.view_actionable_leads",
        ]
    );
    let phone = survey.faults.iter().find(|fault| fault.finding == "column:contacts:phone").unwrap();
    assert_eq!(phone.seen, "column \"telephone\" does not exist");
    assert_eq!(clinic.database.dump(), before);

    clinic.close().await;
}

/// Two sources in one table, an instant without a zone, and a trigger of a name that is taken.
#[tokio::test]
async fn a_map_that_would_mislead_is_refused() {
    let mut clinic = Clinic::create().await;
    run(
        &mut clinic.admin,
        "alter table public.calls add column happened timestamp;
         create trigger prewarm_insert after insert on public.contacts for each row execute function public.touch()",
    )
    .await;
    let map = include_str!("../../migrations/maps/clinic.toml")
        .replace("created_at = \"created_at\"\n\n[appointments]", "created_at = \"happened\"\n\n[appointments]")
        .replace("public.appointments", "public.contacts")
        .replace("where = \"deleted_at is null\"\n", "")
        .replace("service_type = \"service_type\"\nscheduled_at = \"scheduled_at\"\nstatus = \"status\"\n", "")
        .replace("live = \"status in ('pending', 'confirmed', 'in_progress', 'completed')\"", "live = \"true\"")
        .replacen("contact_id = \"contact_id\"\ncreated_at", "created_at", 1);
    let survey = attach::survey(&clinic.url(), &Map::parse(&map).unwrap()).await.unwrap();
    let mut faults = ids(&survey.faults);
    faults.sort_unstable();
    assert!(faults.contains(&"map:appointments:table") && faults.contains(&"zone:calls:created_at"), "{faults:?}");
    assert!(faults.contains(&"trigger-taken:public.contacts"), "{faults:?}");
    clinic.close().await;
}

#[tokio::test]
async fn attach_and_detach_leave_the_schema_as_it_was() {
    let mut clinic = Clinic::create().await;
    let before = clinic.database.dump();
    clinic.attach().await;
    let store = clinic.store().await;
    assert_eq!(store.schema().await.unwrap(), Schema::Current);
    assert!(store.observes().await.unwrap());
    assert_eq!(ids(&attach::check(&clinic.url()).await.unwrap()), [""; 0]);
    let ours = clinic
        .texts("select distinct n.nspname::text from pg_trigger t join pg_proc p on p.oid = t.tgfoid join pg_namespace n on n.oid = p.pronamespace
                 where t.tgrelid = 'public.calls'::regclass and not t.tgisinternal")
        .await;
    assert_eq!(ours, ["prewarm"]);
    run(&mut clinic.session().await, WRITES).await;
    assert_eq!(clinic.texts("select what from prewarm.source_faults").await, [""; 0]);

    // A second time changes nothing, and what it may have missed is rebuilt.
    run(&mut clinic.admin, "truncate prewarm.marks").await;
    clinic.attach().await;
    let marked = "select org_id::text from prewarm.marks where wide and what = 'source' order by 1";
    assert_eq!(clinic.texts(marked).await.len(), 3);

    store.close().await;
    attach::detach(&clinic.url()).await.unwrap();
    assert_eq!(clinic.database.dump(), before);
    run(&mut clinic.session().await, WRITES).await;
    clinic.close().await;
}

#[tokio::test]
async fn api_roles_can_use_nothing_of_ours() {
    let mut clinic = Clinic::create().await;
    clinic.attach().await;
    for role in ["anon", "authenticated"] {
        let open = format!(
            "select c.oid::regclass::text from pg_class c
              where c.relnamespace = 'prewarm'::regnamespace and c.relkind in ('r', 'v', 'm')
                and has_table_privilege('{role}', c.oid, 'select, insert, update, delete, truncate')
             union all
             select p.oid::regprocedure::text from pg_proc p
              where p.pronamespace = 'prewarm'::regnamespace and has_function_privilege('{role}', p.oid, 'execute')
             union all
             select 'the schema' where has_schema_privilege('{role}', 'prewarm', 'usage')"
        );
        assert_eq!(clinic.texts(&open).await, [""; 0], "{role}");
    }
    clinic.close().await;
}

/// A change that an application makes to its tables, the findings, and how it takes back what attaching again does not mend.
struct Change {
    made: &'static str,
    found: &'static [&'static str],
    taken_back: Option<&'static str>,
}

const fn change(made: &'static str, found: &'static [&'static str]) -> Change {
    Change { made, found, taken_back: None }
}

impl Change {
    const fn until(self, taken_back: &'static str) -> Self {
        Self { taken_back: Some(taken_back), ..self }
    }
}

const ALL_OF_CALLS: &[&str] = &[
    "trigger:public.calls:prewarm_delete",
    "trigger:public.calls:prewarm_insert",
    "trigger:public.calls:prewarm_truncate",
    "trigger:public.calls:prewarm_update",
];

const CHANGES: [Change; 15] = [
    change("alter table public.calls rename column sentiment_summary to gist", &["column:calls:summary"])
        .until("alter table public.calls rename column gist to sentiment_summary"),
    change("alter table public.calls rename column phone_number to msisdn", &["column:calls:phone_number"])
        .until("alter table public.calls rename column msisdn to phone_number"),
    change("alter table public.contacts drop column last_contacted_at", &["column:contacts:last_contact_at"])
        .until("alter table public.contacts add column last_contacted_at timestamptz"),
    change("alter table public.contacts alter column lead_score type numeric", &[]),
    change(
        "alter table public.calls drop column duration_seconds, add column duration_seconds interval",
        &["column:calls:duration_seconds"],
    )
    .until("alter table public.calls drop column duration_seconds, add column duration_seconds int"),
    change(
        "create table public.calls_new (like public.calls including all);
         insert into public.calls_new select * from public.calls;
         alter table public.calls rename to calls_old; alter table public.calls_new rename to calls;
         alter table public.calls owner to OWNER",
        &[
            "table-replaced:public.calls",
            "trigger:public.calls:prewarm_delete",
            "trigger:public.calls:prewarm_insert",
            "trigger:public.calls:prewarm_truncate",
            "trigger:public.calls:prewarm_update",
        ],
    ),
    change("alter table public.contacts rename to people", &["table-missing:public.contacts"])
        .until("alter table public.people rename to contacts"),
    change("alter table public.calls disable trigger user; alter table public.calls enable trigger user", ALL_OF_CALLS),
    change("alter table public.calls disable trigger all", ALL_OF_CALLS),
    change("drop trigger prewarm_update on public.contacts", &["trigger:public.contacts:prewarm_update"]),
    change(
        "alter table public.contacts force row level security; alter role OWNER nobypassrls",
        &["row-security:public.contacts"],
    )
    .until("alter table public.contacts no force row level security; alter role OWNER bypassrls"),
    change("create publication everything for all tables", &[]).until("drop publication everything"),
    change(
        "create table public.calls_2020 () inherits (public.calls); alter table public.calls_2020 owner to OWNER",
        &[
            "trigger:public.calls_2020:prewarm_delete",
            "trigger:public.calls_2020:prewarm_insert",
            "trigger:public.calls_2020:prewarm_truncate",
            "trigger:public.calls_2020:prewarm_update",
        ],
    ),
    change("truncate public.calls cascade", &[]),
    change(
        "alter type public.appointment_status rename value 'pending' to 'requested'",
        &["column:appointments:is_live"],
    )
    .until("alter type public.appointment_status rename value 'requested' to 'pending'"),
];

/// Cases A1, A4, A7, A8, A10, A11 and A12 of the field.
#[tokio::test]
async fn whatever_the_application_does_no_write_fails_and_every_difference_is_told_and_mended() {
    let mut clinic = Clinic::create().await;
    clinic.attach().await;
    let store = clinic.store().await;
    for Change { made, found, taken_back } in CHANGES {
        let as_owner = |statements: &str| statements.replace("OWNER", &clinic.owner);
        let (made, taken_back) = (as_owner(made), taken_back.map(as_owner));
        run(&mut clinic.admin, "truncate prewarm.marks, prewarm.source_faults").await;
        run(&mut clinic.admin, &made).await;
        clinic.writes().await;
        let looked = store.look_at_source().await.unwrap();
        let mut seen = ids(&looked);
        seen.sort_unstable();
        assert_eq!(seen, found, "{made}");
        for finding in &looked {
            assert!(!finding.seen.is_empty() && !finding.remedy.is_empty(), "{finding:?}");
        }
        match &taken_back {
            Some(taken_back) => run(&mut clinic.admin, taken_back).await,
            None => clinic.attach().await,
        }
        assert_eq!(ids(&store.look_at_source().await.unwrap()), [""; 0], "{made}");
        if !found.is_empty() {
            let whole = "select count(distinct org_id)::text from prewarm.marks where wide and what = 'source'";
            assert_ne!(clinic.texts(whole).await, ["0"], "{made}: nothing was marked once it was mended");
        }
        clinic.writes().await;
    }
    store.close().await;
    attach::detach(&clinic.url()).await.unwrap();
    clinic.close().await;
}

/// Rows that may have changed while no trigger of ours fired, though all is as the map has it again.
#[tokio::test]
async fn what_a_rewrite_may_have_changed_is_marked() {
    let mut clinic = Clinic::create().await;
    run(
        &mut clinic.admin,
        &format!(
            "drop table public.appointments;
             create table public.appointments (
               id uuid, org_id uuid, contact_id uuid, service_type text, scheduled_at timestamptz, status text,
               created_at timestamptz, deleted_at timestamptz
             ) partition by list (status);
             create table public.pending partition of public.appointments for values in ('pending');
             create table public.others partition of public.appointments default;
             alter table public.appointments owner to {0}; alter table public.pending owner to {0};
             alter table public.others owner to {0}",
            clinic.owner
        ),
    )
    .await;
    clinic.attach().await;
    let store = clinic.store().await;
    for change in [
        "alter table public.contacts drop column lead_score, add column lead_score int default 77",
        "alter table public.calls disable trigger all; alter table public.calls enable always trigger prewarm_insert;
         alter table public.calls enable always trigger prewarm_update; alter table public.calls enable always trigger prewarm_delete;
         alter table public.calls enable always trigger prewarm_truncate",
        "alter table public.appointments detach partition public.pending",
        "alter table public.appointments attach partition public.pending for values in ('pending')",
    ] {
        run(&mut clinic.admin, "truncate prewarm.marks").await;
        assert_eq!(ids(&store.look_at_source().await.unwrap()), [""; 0]);
        assert_eq!(clinic.texts("select what from prewarm.marks").await, [""; 0], "before {change}");
        run(&mut clinic.admin, change).await;
        assert_eq!(ids(&store.look_at_source().await.unwrap()), [""; 0], "{change}");
        let whole = "select distinct what from prewarm.marks where wide";
        assert_eq!(clinic.texts(whole).await, ["source"], "{change}");
    }
    store.close().await;
    clinic.close().await;
}

#[tokio::test]
async fn detach_destroys_nothing_of_others_and_says_what_is_in_the_way() {
    let mut clinic = Clinic::create().await;
    let error = attach::check(&clinic.url()).await.unwrap_err();
    assert_eq!(error.to_string(), "nothing is attached to this database");
    clinic.attach().await;
    run(&mut clinic.admin, "create view public.my_report as select count(*) from prewarm.actionable_leads").await;
    let error = attach::detach(&clinic.url()).await.unwrap_err();
    assert!(error.to_string().contains("would be dropped with it: public.my_report"), "{error}");
    assert_eq!(ids(&attach::check(&clinic.url()).await.unwrap()), [""; 0]);
    run(&mut clinic.admin, "drop view public.my_report").await;
    attach::detach(&clinic.url()).await.unwrap();
    let error = attach::detach(&clinic.url()).await.unwrap_err();
    assert_eq!(error.to_string(), "nothing is attached to this database");
    clinic.close().await;
}

/// Case A1: a table that is published and has no key refuses every deletion.
#[tokio::test]
async fn every_table_of_ours_has_a_key() {
    let mut clinic = Clinic::create().await;
    clinic.attach().await;
    let without = "select c.relname::text from pg_class c
                    where c.relnamespace = 'prewarm'::regnamespace and c.relkind = 'r' and c.relpersistence = 'p'
                      and c.relreplident <> 'f'
                      and not exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary)";
    assert_eq!(clinic.texts(without).await, [""; 0]);
    run(&mut clinic.admin, "create publication everything for all tables; delete from prewarm.marks").await;
    clinic.close().await;
}

/// Case A6.
#[tokio::test]
async fn rows_that_are_written_into_a_partition_are_noticed() {
    let mut clinic = Clinic::create().await;
    run(
        &mut clinic.admin,
        &format!(
            "alter table public.calls rename to calls_2026;
             create table public.calls (like public.calls_2026 including defaults) partition by range (created_at);
             alter table public.calls attach partition public.calls_2026 for values from ('2026-01-01') to ('2040-01-01');
             alter table public.calls owner to {}",
            clinic.owner
        ),
    )
    .await;
    clinic.attach().await;
    run(&mut clinic.admin, "truncate prewarm.marks").await;
    let insert = "(org_id, vapi_call_id, call_direction) values ('00000000-0000-0000-0000-000000000001', gen_random_uuid()::text, 'inbound')";
    for table in ["calls", "calls_2026"] {
        run(&mut clinic.admin, &format!("insert into public.{table} {insert}")).await;
    }
    assert_eq!(clinic.texts("select what from prewarm.marks").await, ["calls", "calls"]);
    run(
        &mut clinic.admin,
        "create table public.calls_2040 partition of public.calls for values from ('2040-01-01') to ('2050-01-01')",
    )
    .await;
    let found = attach::check(&clinic.url()).await.unwrap();
    assert_eq!(found.len(), 4, "{found:?}");
    assert!(found.iter().all(|finding| finding.seen.starts_with("public.calls_2040 has no trigger")), "{found:?}");
    clinic.close().await;
}

#[tokio::test]
async fn the_owner_is_told_what_to_run_where_the_role_owns_nothing() {
    let mut clinic = Clinic::create().await;
    let role = format!("{}_guest", clinic.database.name());
    run(
        &mut clinic.admin,
        &format!(
            "create role {role} login bypassrls password '{role}'; grant create on database {} to {role};
             grant select on all tables in schema public to {role}",
            clinic.database.name()
        ),
    )
    .await;
    let url = clinic.database.url_as(&role);
    let Attached::WithoutTriggers(statements) = attach::attach(&url, &clinic_map()).await.unwrap() else {
        panic!("a role that owns nothing has put on triggers")
    };
    run(&mut clinic.session().await, &statements.join("; ")).await;
    assert!(matches!(attach::attach(&url, &clinic_map()).await.unwrap(), Attached::Whole));
    assert_eq!(ids(&attach::check(&url).await.unwrap()), [""; 0]);
    run(&mut clinic.session().await, WRITES).await;
    assert_ne!(clinic.texts("select what from prewarm.marks where what = 'calls'").await, [""; 0]);
    run(
        &mut clinic.admin,
        &format!("reassign owned by {role} to current_user; drop owned by {role}; drop role {role}"),
    )
    .await;
    clinic.close().await;
}

/// A writer that holds its lock makes `attach` wait, and others wait behind `attach` only for a moment.
#[tokio::test]
async fn attach_gives_way_to_writers() {
    let clinic = Clinic::create().await;
    let mut holder = clinic.session().await;
    run(&mut holder, "begin; update public.calls set status = 'held'").await;
    let url = clinic.url();
    let attaching = tokio::spawn(async move { attach::attach(&url, &clinic_map()).await });
    let mut writer = clinic.session().await;
    let (began, mut longest) = (std::time::Instant::now(), Duration::ZERO);
    while began.elapsed() < Duration::from_secs(9) {
        let one = std::time::Instant::now();
        run(&mut writer, "insert into public.calls (org_id, call_direction) values ('00000000-0000-0000-0000-000000000002', 'inbound')").await;
        longest = longest.max(one.elapsed());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!attaching.is_finished());
    run(&mut holder, "commit").await;
    assert!(matches!(attaching.await.unwrap().unwrap(), Attached::Whole));
    assert!(longest < Duration::from_secs(2), "{longest:?}");
    clinic.close().await;
}

#[tokio::test]
async fn a_suggested_map_fits_after_its_doubts_are_read() {
    let clinic = Clinic::create().await;
    let suggested = attach::suggest(&clinic.url()).await.unwrap();
    for line in [
        "table = \"public.appointments\"",
        "where = \"deleted_at is null\"",
        "last_contact_at = \"last_contacted_at\"    # is this last_contact_at?",
        "is_test_call = \"coalesce(is_test_call, false)\"",
        "# [phone_numbers]: no table is named phone_numbers, managed_phone_numbers, numbers",
    ] {
        assert!(suggested.contains(line), "{line}: {suggested}");
    }
    let survey = attach::survey(&clinic.url(), &Map::parse(&suggested).unwrap()).await.unwrap();
    assert_eq!(ids(&survey.faults), [""; 0], "{suggested}");
    assert!(survey.advice.contains(&"the rule `actionable` hides 31 of 31 contacts".to_owned()), "{:?}", survey.advice);
    clinic.close().await;
}
