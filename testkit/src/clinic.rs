//! The database of a clinics' product, which `maps/clinic.toml` maps, owned by a role that is no superuser.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use readmodel::{ids::OrgId, model::Format};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, postgres::PgPoolOptions};
use store::{
    Map, Store,
    attach::{self, Attached},
    map::Finding,
};

use crate::{
    Database, history,
    oracle::{Rules, World},
};

/// The schema of the product.
pub const SCHEMA: &str = include_str!("clinic.sql");

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
pub const WRITES: &str = "
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
#[derive(Debug)]
pub struct Clinic {
    /// The database.
    pub database: Database,
    /// A session of a superuser.
    pub admin: PgConnection,
    /// The role that owns the tables.
    pub owner: String,
}

impl Clinic {
    /// Creates the database with a few rows, and the role.
    pub async fn create() -> Self {
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
             {SCHEMA}; {ROWS}; reset role",
            database.name()
        );
        run(&mut admin, &rights).await;
        Self { database, admin, owner }
    }

    /// The URL of the database, for the owner.
    #[must_use]
    pub fn url(&self) -> String {
        self.database.url_as(&self.owner)
    }

    /// Opens a session of the owner.
    pub async fn session(&self) -> PgConnection {
        PgConnection::connect(&self.url()).await.unwrap()
    }

    /// Opens the store as the owner.
    pub async fn store(&self) -> Store {
        let options: sqlx::postgres::PgConnectOptions = self.url().parse().unwrap();
        let pool = PgPoolOptions::new().max_connections(2).connect_with(options.options([("row_security", "off")]));
        Store::new(pool.await.unwrap(), None, Format::CURRENT)
    }

    /// Attaches as the owner.
    pub async fn attach(&self) {
        let attached = attach::attach(&self.url(), &clinic_map()).await.unwrap();
        assert!(matches!(attached, Attached::Whole), "{attached:?}");
    }

    /// Writes of the application, of which none may fail. Statements about a table that it has renamed are left out.
    pub async fn writes(&mut self) {
        for statement in WRITES.split(';') {
            let done = sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut self.admin).await;
            if let Err(error) = done {
                let is_their_own = error.to_string().contains("relation \"public.contacts\" does not exist");
                assert!(is_their_own, "{error}: {statement}");
            }
        }
    }

    /// The texts that a query selects.
    pub async fn texts(&mut self, query: &str) -> Vec<String> {
        texts(&mut self.admin, query).await
    }

    /// Drops the database and the role.
    pub async fn close(mut self) {
        let leave = format!("reassign owned by {0} to current_user; drop owned by {0}; drop role {0}", self.owner);
        run(&mut self.admin, &leave).await;
        drop(self.admin);
        self.database.close().await.unwrap();
    }
}

/// The map of the tables.
#[must_use]
pub fn clinic_map() -> Map {
    Map::named("clinic").unwrap()
}

/// The roles of an API, which every test on the server shares.
fn api_roles() -> String {
    let role = |name: &str| {
        format!("begin create role {name}; exception when duplicate_object or unique_violation then null; end;")
    };
    format!("do $$ begin {} {} end $$", role("anon"), role("authenticated"))
}

/// Runs statements that must succeed.
pub async fn run(session: &mut PgConnection, statements: &str) {
    let done = sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(session).await;
    done.unwrap_or_else(|error| panic!("{error}: {statements}"));
}

/// The texts that a query selects.
pub async fn texts(session: &mut PgConnection, query: &str) -> Vec<String> {
    sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_all(session).await.unwrap()
}

/// The ids of findings.
#[must_use]
pub fn ids(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.finding.as_str()).collect()
}

const CONTACTS: &str = "
    select id, org_id, name, phone, email, lead_score::int, lead_status, service_interests,
           null::numeric as estimated_value, last_contacted_at as last_contact_at, created_at
      from public.contacts";

const CALLS: &str = "
    select id, org_id, contact_id, vapi_call_id, phone_number, call_direction, status, duration_seconds, sentiment_label,
           sentiment_score, sentiment_summary as summary, ended_reason, cost_cents,
           coalesce(is_test_call, false) as is_test_call, start_time as started_at, end_time as ended_at, created_at
      from public.calls";

const APPOINTMENTS: &str = "
    select id, org_id, contact_id, service_type, scheduled_at, status::text, created_at
      from public.appointments
     where deleted_at is null";

/// The rows of these orgs as the map reads them, said once more on purpose.
pub async fn read_world(connection: &mut PgConnection, orgs: &[OrgId]) -> sqlx::Result<World> {
    let world = history::read_world_through(connection, orgs, |table| {
        let columns = match table {
            "public.organizations" => return table.to_owned(),
            "public.contacts" => CONTACTS,
            "public.calls" => CALLS,
            "public.appointments" => APPOINTMENTS,
            _ => unreachable!("{table} is no source"),
        };
        format!("({columns}) source")
    });
    Ok(World { rules: Rules::Clinic, ..world.await? })
}
