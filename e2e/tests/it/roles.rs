//! A project like one of Supabase's, and a role with no more rights than it needs for each process.

use std::process::Output;

use e2e::{Answer, Environment, JWT_SECRET, Org, Process, WEBHOOK_SECRET, command, eventually, report};
use embedded::{Durability, Postgres, Redis};
use readmodel::ids::OrgId;
use reqwest::StatusCode;
use testkit::{
    Database, clinic, servers,
    sqlx::{self, AssertSqlSafe, Connection as _, PgConnection},
};
use uuid::Uuid;

use crate::attach::{INTAKE, ROWS};

/// The roles of a project: the owner of the tables is no superuser, and API roles may use all that he makes in `public`.
const PROJECT: &str = "
    create role project_owner login createrole bypassrls;
    create role anon; create role authenticated; create role nobody login;
    grant prewarm_worker, prewarm_api to project_owner with admin option;
    set role project_owner;
    alter default privileges grant all on tables to anon, authenticated;
    alter default privileges grant all on functions to anon, authenticated;
    alter default privileges grant all on sequences to anon, authenticated";

/// Objects of ours that API roles, or anybody, may use.
const OPEN: &str = "
    select count(*) from (
      select from pg_class c cross join unnest(array['anon', 'authenticated', 'nobody']) as who
       where c.relnamespace = 'prewarm'::regnamespace and c.relkind in ('r', 'v', 'm')
         and has_table_privilege(who, c.oid, 'select, insert, update, delete, truncate, references, trigger')
      union all
      select from pg_class c cross join unnest(array['anon', 'authenticated', 'nobody']) as who
       where c.relnamespace = 'prewarm'::regnamespace and c.relkind = 'S' and has_sequence_privilege(who, c.oid, 'usage, select, update')
      union all
      select from pg_proc p cross join unnest(array['anon', 'authenticated', 'nobody']) as who
       where p.pronamespace = 'prewarm'::regnamespace and has_function_privilege(who, p.oid, 'execute')
      union all
      select from unnest(array['anon', 'authenticated', 'nobody']) as who
       where has_schema_privilege(who, 'prewarm', 'usage') or has_schema_privilege(who, 'prewarm', 'create')
    ) open";

/// A server of the project's own: roles belong to all of a server's databases.
struct Project {
    server: Postgres,
    redis: Redis,
    database: Database,
    admin: PgConnection,
    client: reqwest::Client,
    org: Org,
}

impl Project {
    async fn create() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let server = servers::postgres(Durability::Throwaway).await.unwrap();
        let database = Database::empty_on(&server.url("postgres")).await.unwrap();
        let mut admin = PgConnection::connect(&database.url()).await.unwrap();
        run(&mut admin, PROJECT).await;
        run(&mut admin, &format!("reset role; alter database {} owner to project_owner", database.name())).await;
        run(&mut admin, &format!("set role project_owner; {}; {ROWS}; reset role", clinic::SCHEMA)).await;
        Self {
            redis: servers::redis().await.unwrap(),
            client: reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap(),
            org: Org::of(OrgId(Uuid::from_u128(1))),
            server,
            database,
            admin,
        }
    }

    /// Runs statements as the owner of the tables.
    async fn as_owner(&self, statements: &str) {
        let mut owner = PgConnection::connect(&self.database.url_as("project_owner")).await.unwrap();
        run(&mut owner, statements).await;
    }

    async fn count(&mut self, query: &str) -> i64 {
        sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(&mut self.admin).await.unwrap()
    }

    /// The variables of a process that connects as a role.
    fn environment(&self, role: &str) -> Environment {
        Environment::from([
            ("DATABASE_URL", self.database.url_as(role)),
            ("REDIS_URL", self.redis.url()),
            ("PREWARM_REDIS_TIMEOUT", "1000".to_owned()),
            ("SUPABASE_JWT_SECRET", JWT_SECRET.to_owned()),
            ("VAPI_WEBHOOK_SECRET", WEBHOOK_SECRET.to_owned()),
        ])
    }

    fn prewarm(&self, arguments: &[&str], role: &str) -> Output {
        command(arguments, &self.environment(role))
    }

    /// Runs a command that must fail with one line, and returns it.
    fn refused(&self, arguments: &[&str], role: &str) -> String {
        let output = self.prewarm(arguments, role);
        let log = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), log.lines().count()), (Some(1), 1), "{arguments:?}: {log}");
        log
    }

    /// Attaches as prewarm_migrate, which owns none of the tables; the owner runs what it is told to.
    async fn attach(&mut self, map: &str) {
        let script = self.prewarm(&["roles", "--map", map], "nobody");
        let script = String::from_utf8(script.stdout).unwrap();
        self.as_owner(&script).await;
        self.as_owner(&script).await;
        // Up to PostgreSQL 15 a superuser has to give this; Supabase lets its `postgres`.
        run(&mut self.admin, "alter role prewarm_migrate bypassrls").await;
        let told = String::from_utf8(self.prewarm(&["attach", "--map", map], "prewarm_migrate").stdout).unwrap();
        let (_, after) = told.split_once("which has to run this:").unwrap_or_else(|| panic!("{told}"));
        let (statements, _) = after.split_once("Then run").unwrap();
        self.as_owner(statements).await;
        let attached = self.prewarm(&["attach", "--map", map], "prewarm_migrate");
        assert!(attached.status.success(), "{}", String::from_utf8_lossy(&attached.stderr));
    }

    async fn ready(&self, process: &Process) -> Answer {
        eventually("the admin listener answers", async || {
            Answer::to(self.client.get(process.admin("/readyz"))).await.ok()
        })
        .await
    }

    /// Waits until `/readyz` has this status and text.
    async fn tells(&self, process: &Process, status: StatusCode, text: &str) {
        eventually(text, async || {
            let ready = self.ready(process).await;
            (ready.status == status && ready.text().contains(text)).then_some(())
        })
        .await;
    }

    /// Waits until the org's dashboard counts this many calls.
    async fn calls(&self, api: &Process, count: u32) {
        eventually("the dashboard counts the calls", async || {
            let read = self.client.get(api.http("/api/analytics/dashboard")).bearer_auth(&self.org.token);
            (Answer::to(read).await.ok()?.json()["pulse"]["total_calls"] == count).then_some(())
        })
        .await;
    }

    async fn post(&self, api: &Process, call: &str) -> Answer {
        let message = report(&self.org, call, "+15557654321");
        let webhook =
            self.client.post(api.http("/webhooks/vapi")).header("x-vapi-secret", WEBHOOK_SECRET).json(&message);
        Answer::to(webhook).await.unwrap()
    }

    async fn close(self) {
        drop(self.admin);
        self.database.close().await.unwrap();
        self.server.stop().await.unwrap();
    }
}

async fn run(session: &mut PgConnection, statements: &str) {
    let done = sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(session).await;
    done.unwrap_or_else(|error| panic!("{error}: {statements}"));
}

#[tokio::test]
async fn each_process_works_as_its_own_role_beside_a_project() {
    let mut project = Project::create().await;
    let map = tempfile::NamedTempFile::new().unwrap();
    let intake =
        include_str!("../../../migrations/maps/clinic.toml").replace("mode = \"observe\"", "mode = \"intake\"");
    std::fs::write(map.path(), format!("{intake}{INTAKE}")).unwrap();
    project.attach(map.path().to_str().unwrap()).await;
    assert_eq!(project.count(OPEN).await, 0);

    let (api, mut worker) = (
        Process::start(&["api"], &project.environment("prewarm_api")),
        Process::start(&["worker"], &project.environment("prewarm_worker")),
    );
    api.ready(&project.client).await;
    worker.ready(&project.client).await;
    project.calls(&api, 1).await;
    let assistant = format!(
        "insert into public.agents (org_id, name, system_prompt, vapi_assistant_id) values ('{}', 'Agent', '…', '{}')",
        project.org.id,
        project.org.assistant()
    );
    project.as_owner(&assistant).await;
    assert_eq!(project.post(&api, "one").await.status, StatusCode::OK);
    project.calls(&api, 2).await;
    assert_eq!(project.count("select count(*) from public.contacts where phone = '+15557654321'").await, 1);
    eventually("the fleet's totals are refreshed", async || {
        let totals = "select coalesce(max(total_calls), 0) from prewarm.fleet_pulse where org_id is null";
        (project.count(totals).await == 2).then_some(())
    })
    .await;

    worker.kill_9();
    assert_eq!(project.post(&api, "two").await.status, StatusCode::OK);
    let other = Process::start(&["worker"], &project.environment("prewarm_worker"));
    project.calls(&api, 3).await;
    let drift = "select count(*) from prewarm.source_drift";
    assert_eq!((project.count(drift).await, project.count("select count(*) from prewarm.source_faults").await), (0, 0));
    drop((api, other));
    the_owners_rights_are_lent_for_a_duty_alone(&mut project).await;
    let detached = project.prewarm(&["detach", "--yes"], "prewarm_migrate");
    assert!(detached.status.success(), "{}", String::from_utf8_lossy(&detached.stderr));
    let left = "select count(*) from pg_trigger where tgname like 'prewarm%'";
    assert_eq!(project.count(left).await, 0);
    project.close().await;
}

async fn the_owners_rights_are_lent_for_a_duty_alone(project: &mut Project) {
    let mut api = PgConnection::connect(&project.database.url_as("prewarm_api")).await.unwrap();
    let write = "select prewarm.write_contacts('{}', '{}', '{}', '{}', '{}')";
    run(&mut api, write).await;
    run(&mut api, "create temporary table audit_log ()").await;
    let refused = sqlx::raw_sql(write).execute(&mut api).await.unwrap_err();
    assert!(refused.to_string().contains("temporary objects"), "{refused}");

    // An owner that sees no org owes no erasure, and that is told.
    let statements = "alter role prewarm_migrate nobypassrls; delete from public.contacts; delete from public.calls;
                      alter role prewarm_migrate bypassrls";
    run(&mut project.admin, statements).await;
    assert_eq!(project.count("select count(distinct what) from prewarm.source_faults where erasure").await, 2);
}

#[tokio::test]
async fn a_process_without_a_grant_names_it_and_goes_on_once_it_has_it() {
    let mut project = Project::create().await;
    project.attach("clinic").await;
    run(&mut project.admin, "revoke delete on prewarm.marks from prewarm_worker").await;
    let lacks = "role prewarm_worker lacks delete on prewarm.marks: grant delete on prewarm.marks to prewarm_worker";
    let worker = Process::start(&["worker"], &project.environment("prewarm_worker"));
    let api = Process::start(&["api"], &project.environment("prewarm_api"));
    project.tells(&worker, StatusCode::SERVICE_UNAVAILABLE, lacks).await;
    assert!(project.refused(&["rebuild", "--all"], "prewarm_worker").contains(lacks));
    run(&mut project.admin, "grant delete on prewarm.marks to prewarm_worker").await;
    worker.ready(&project.client).await;
    project.calls(&api, 1).await;
    assert_eq!(worker.log().matches(lacks).count(), 1, "{}", worker.log());

    // It is noticed while the process runs, too. The owner of a table grants what is his.
    for (privilege, object) in [("usage", "schema prewarm"), ("insert", "prewarm.events"), ("select", "public.calls")] {
        run(&mut project.admin, &format!("revoke {privilege} on {object} from prewarm_api")).await;
        let lacks =
            format!("role prewarm_api lacks {privilege} on {object}: grant {privilege} on {object} to prewarm_api");
        project.tells(&api, StatusCode::SERVICE_UNAVAILABLE, &lacks).await;
        run(&mut project.admin, &format!("grant {privilege} on {object} to prewarm_api")).await;
        api.ready(&project.client).await;
        assert_eq!(api.log().matches(&lacks).count(), 1, "{}", api.log());
    }
    run(&mut project.admin, "alter role prewarm_api nobypassrls").await;
    project.tells(&api, StatusCode::SERVICE_UNAVAILABLE, "alter role prewarm_api bypassrls").await;
    drop((api, worker));

    for arguments in [&["detach", "--yes"][..], &["migrate"], &["seed"], &["attach", "--map", "clinic"]] {
        let log = project.refused(arguments, "prewarm_worker");
        let lacks = "role prewarm_worker does not own the schema prewarm: connect as prewarm_migrate";
        assert!(log.contains(lacks), "{arguments:?}: {log}");
    }
    assert!(project.refused(&["attach", "--check"], "nobody").contains("lacks usage on schema prewarm"));
    run(&mut project.admin, "drop schema prewarm cascade").await;
    let log = project.refused(&["attach", "--map", "clinic"], "prewarm_worker");
    let create = format!("create on database {}", project.database.name());
    assert!(log.contains(&format!("lacks {create}: grant {create} to prewarm_worker")), "{log}");
    project.close().await;
}

/// The sets of privileges are no larger than they have to be, as far as the worst goes.
#[tokio::test]
async fn a_role_may_not_do_the_work_of_another() {
    let mut project = Project::create().await;
    project.attach("clinic").await;
    for (role, statement) in [
        ("prewarm_api", "drop table prewarm.events"),
        ("prewarm_api", "truncate prewarm.marks"),
        ("prewarm_api", "select from prewarm.jobs"),
        ("prewarm_api", "select from prewarm.fleet_pulse"),
        ("prewarm_api", "insert into prewarm.jobs (queue, kind, max_attempts) values ('maintenance', 'x', 1)"),
        ("prewarm_api", "update prewarm.schema set standalone = 1"),
        ("prewarm_api", "update prewarm.settings set rebuild_gap = '1 minute'"),
        ("prewarm_api", "insert into public.calls (org_id, call_direction) values (null, 'inbound')"),
        ("prewarm_api", "create table prewarm.mine ()"),
        ("prewarm_worker", "update public.contacts set notes = 'mine'"),
        ("prewarm_worker", "select from public.managed"),
        ("prewarm_worker", "alter table prewarm.events add column mine int"),
        ("prewarm_worker", "call prewarm.attach('{}')"),
        ("prewarm_worker", "update prewarm.installation set epoch = 9"),
        ("prewarm_migrate", "drop table public.calls"),
        ("prewarm_migrate", "update public.calls set status = 'mine'"),
    ] {
        project.as_owner("create table if not exists public.managed ()").await;
        let mut session = PgConnection::connect(&project.database.url_as(role)).await.unwrap();
        let error = sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut session).await.unwrap_err();
        let code = error.as_database_error().and_then(|error| error.code()).unwrap().into_owned();
        assert_eq!(code, "42501", "{role}: {statement}: {error}");
    }
    project.close().await;
}
