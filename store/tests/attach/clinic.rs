//! The database of a clinics' product, owned by a role that is no superuser.

use readmodel::model::Format;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, postgres::PgPoolOptions};
use store::{
    Map, Store,
    attach::{self, Attached},
    map::Finding,
};
use testkit::{CLINIC, Database};

/// Two orgs, of which one has leads, calls and appointments.
pub(crate) const ROWS: &str = "
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
pub(crate) const WRITES: &str = "
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
pub(crate) struct Clinic {
    pub(crate) database: Database,
    pub(crate) admin: PgConnection,
    pub(crate) owner: String,
}

impl Clinic {
    pub(crate) async fn create() -> Self {
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

    pub(crate) fn url(&self) -> String {
        self.database.url_as(&self.owner)
    }

    pub(crate) async fn session(&self) -> PgConnection {
        PgConnection::connect(&self.url()).await.unwrap()
    }

    pub(crate) async fn store(&self) -> Store {
        let options: sqlx::postgres::PgConnectOptions = self.url().parse().unwrap();
        let pool = PgPoolOptions::new().max_connections(2).connect_with(options.options([("row_security", "off")]));
        Store::new(pool.await.unwrap(), None, Format::CURRENT)
    }

    pub(crate) async fn attach(&self) {
        let attached = attach::attach(&self.url(), &clinic_map()).await.unwrap();
        assert!(matches!(attached, Attached::Whole), "{attached:?}");
    }

    /// Writes of the application, of which none may fail. Statements about a table that it has renamed are left out.
    pub(crate) async fn writes(&mut self) {
        for statement in WRITES.split(';') {
            let done = sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut self.admin).await;
            if let Err(error) = done {
                let is_their_own = error.to_string().contains("relation \"public.contacts\" does not exist");
                assert!(is_their_own, "{error}: {statement}");
            }
        }
    }

    pub(crate) async fn texts(&mut self, query: &str) -> Vec<String> {
        texts(&mut self.admin, query).await
    }

    pub(crate) async fn close(mut self) {
        let leave = format!("reassign owned by {0} to current_user; drop owned by {0}; drop role {0}", self.owner);
        run(&mut self.admin, &leave).await;
        drop(self.admin);
        self.database.close().await.unwrap();
    }
}

pub(crate) fn clinic_map() -> Map {
    Map::named("clinic").unwrap()
}

/// The roles of an API, which every test on the server shares.
fn api_roles() -> String {
    let role = |name: &str| {
        format!("begin create role {name}; exception when duplicate_object or unique_violation then null; end;")
    };
    format!("do $$ begin {} {} end $$", role("anon"), role("authenticated"))
}

pub(crate) async fn run(session: &mut PgConnection, statements: &str) {
    let done = sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(session).await;
    done.unwrap_or_else(|error| panic!("{error}: {statements}"));
}

pub(crate) async fn texts(session: &mut PgConnection, query: &str) -> Vec<String> {
    sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_all(session).await.unwrap()
}

pub(crate) fn ids(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.finding.as_str()).collect()
}
