//! A migrated database for each test.

use std::path::Path;

use anyhow::{Context as _, Result};
use embedded::{Durability, Postgres};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use uuid::Uuid;
use xxhash_rust::xxh3::Xxh3Default;

use crate::{
    migrations,
    servers::{self, SHARED_POSTGRES},
};

/// The folder whose contents determine the template's name.
const MIGRATIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations");

/// SQLSTATE `invalid_catalog_name`: the template does not exist yet.
const NO_SUCH_DATABASE: &str = "3D000";

/// The advisory lock, in the database `postgres`, that a maker of a template holds. Any constant will do.
const TEMPLATE_LOCK: i64 = 0x7465_6d70_6c61_7465;

/// A private database for a test: migrated, empty, and copied from a template.
#[derive(Debug)]
pub struct Database {
    name: String,
    server_url: String,
    /// A session named after the database. A database without its session was left by a crashed test.
    session: PgConnection,
    /// The server, if it was started for this database.
    _server: Option<Postgres>,
}

impl Database {
    /// Creates a database on the run's shared server, or on a server of its own.
    pub async fn create() -> Result<Self> {
        let (url, server) = server().await?;
        Ok(Self { _server: server, ..Self::create_on(&url).await? })
    }

    /// Creates a database without our schema and without source tables.
    pub async fn empty() -> Result<Self> {
        let (url, server) = server().await?;
        Ok(Self { _server: server, ..Self::empty_on(&url).await? })
    }

    /// Creates a database without our schema and without source tables on the server with this URL.
    pub async fn empty_on(url: &str) -> Result<Self> {
        let name = format!("prewarm_test_{}", Uuid::new_v4().simple());
        let mut session = url.parse::<PgConnectOptions>()?.application_name(&name).connect().await?;
        make_roles(&mut session).await?;
        run(&mut session, &format!("create database {name}")).await?;
        Ok(Self { name, server_url: url.to_owned(), session, _server: None })
    }

    /// Creates a database on the server with this URL, which names its database `postgres`.
    pub async fn create_on(server_url: &str) -> Result<Self> {
        let template = template_name(Path::new(MIGRATIONS))?;
        let name = format!("prewarm_test_{}", Uuid::new_v4().simple());
        let mut session = server_url.parse::<PgConnectOptions>()?.application_name(&name).connect().await?;
        make_roles(&mut session).await?;
        let create = format!("create database {name} template {template}");
        match run(&mut session, &create).await {
            Err(error) if is_missing(&error) => {
                make_template(&mut session, server_url, &template).await.context("making the template")?;
                run(&mut session, &create).await?;
            }
            done => done?,
        }
        // The copy of a template becomes an installation of its own, like any copy.
        let mut own = PgConnection::connect(&embedded::database_url(server_url, &name)).await?;
        run(&mut own, "select prewarm.renew_installation()").await?;
        own.close().await?;
        Ok(Self { name, server_url: server_url.to_owned(), session, _server: None })
    }

    /// The name of the database.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The URL of the database, for the superuser.
    #[must_use]
    pub fn url(&self) -> String {
        embedded::database_url(&self.server_url, &self.name)
    }

    /// The URL of the server, which names its database `postgres`.
    #[must_use]
    pub fn server_url(&self) -> &str {
        &self.server_url
    }

    /// The URL of the database, for a role whose password is its name.
    #[must_use]
    pub fn url_as(&self, role: &str) -> String {
        format!("{}&user={role}&password={role}", self.url())
    }

    /// The schema as `pg_dump` writes it.
    #[must_use]
    #[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
    pub fn dump(&self) -> String {
        let dumped = embedded::postgres_client("pg_dump").args(["--schema-only", &self.url()]).output().unwrap();
        assert!(dumped.status.success(), "{}", String::from_utf8_lossy(&dumped.stderr));
        // A key of each dump's own.
        let is_random = |line: &&str| line.starts_with("\\restrict") || line.starts_with("\\unrestrict");
        String::from_utf8(dumped.stdout).unwrap().lines().filter(|line| !is_random(line)).collect::<Vec<_>>().join("\n")
    }

    /// Drops the database, with all connections to it.
    pub async fn close(self) -> Result<()> {
        // The session may have ended with its server.
        drop(self.session);
        let mut connection = PgConnection::connect(&self.server_url).await?;
        Ok(run(&mut connection, &format!("drop database {} with (force)", self.name)).await?)
    }
}

/// The run's shared server, or a new one.
async fn server() -> Result<(String, Option<Postgres>)> {
    if let Ok(url) = std::env::var(SHARED_POSTGRES) {
        return Ok((url, None));
    }
    let server = servers::postgres(Durability::Throwaway).await?;
    Ok((server.url("postgres"), Some(server)))
}

/// The template's name, derived from the migrations, so that a server that keeps running does not use an old schema.
fn template_name(folder: &Path) -> Result<String> {
    let mut paths = Vec::new();
    migrations::collect(folder, &mut paths)?;
    paths.sort();
    let mut hash = Xxh3Default::new();
    for path in paths {
        hash.update(path.as_os_str().as_encoded_bytes());
        hash.update(&std::fs::read(&path)?);
    }
    Ok(format!("prewarm_template_{:016x}", hash.digest()))
}

/// Makes the template, under another name until it is complete, in one process at a time. Also removes what crashed tests left.
async fn make_template(session: &mut PgConnection, server_url: &str, template: &str) -> Result<()> {
    sqlx::query("select pg_advisory_lock($1)").bind(TEMPLATE_LOCK).execute(&mut *session).await?;
    let made: bool = sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
        .bind(template)
        .fetch_one(&mut *session)
        .await?;
    if !made {
        drop_left_behind(session).await?;
        let unfinished = format!("{template}_unfinished");
        run(session, &format!("drop database if exists {unfinished} with (force)")).await?;
        run(session, &format!("create database {unfinished}")).await?;
        store::migrate(&embedded::database_url(server_url, &unfinished), store::Source::Standalone).await?;
        run(session, &format!("alter database {unfinished} rename to {template}")).await?;
    }
    sqlx::query("select pg_advisory_unlock($1)").bind(TEMPLATE_LOCK).execute(session).await?;
    Ok(())
}

async fn drop_left_behind(session: &mut PgConnection) -> Result<()> {
    let left_behind: Vec<String> = sqlx::query_scalar(
        r"select d.datname from pg_database d
           where d.datname like 'prewarm\_test\_%'
             and not exists (select from pg_stat_activity a where a.application_name = d.datname::text)",
    )
    .fetch_all(&mut *session)
    .await?;
    for name in left_behind {
        // Another process may be making it.
        run(session, &format!("drop database if exists {name} with (force)")).await?;
    }
    Ok(())
}

/// Makes the roles of an api and a worker on a server that lacks them. All its databases share them, and they stay: so schemas
/// have the same grants whichever test comes first.
async fn make_roles(session: &mut PgConnection) -> sqlx::Result<()> {
    let make = |role: &str| {
        format!(
            "begin create role {role} login bypassrls; exception when duplicate_object or unique_violation then null; end;"
        )
    };
    run(session, &format!("do $$ begin {} {} end $$", make("prewarm_api"), make("prewarm_worker"))).await
}

/// Runs a statement; its names are our own.
async fn run(connection: &mut PgConnection, statement: &str) -> sqlx::Result<()> {
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(connection).await?;
    Ok(())
}

fn is_missing(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.code().as_deref() == Some(NO_SUCH_DATABASE))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn names(server_url: &str) -> Vec<String> {
        let mut connection = PgConnection::connect(server_url).await.unwrap();
        sqlx::query_scalar("select datname::text from pg_database where datname like 'prewarm%' order by 1")
            .fetch_all(&mut connection)
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn databases_are_separate_and_removed_when_closed() {
        let server = servers::postgres(Durability::Throwaway).await.unwrap();
        let url = server.url("postgres");
        // Concurrently, so that one makes the template and the other waits for it.
        let (one, other) = tokio::join!(Database::create_on(&url), Database::create_on(&url));
        let (one, other) = (one.unwrap(), other.unwrap());
        let mut in_one = PgConnection::connect(&one.url()).await.unwrap();
        let mut in_other = PgConnection::connect(&other.url()).await.unwrap();
        run(&mut in_one, "insert into organizations (name) values ('a')").await.unwrap();
        let count = "select count(*) from organizations";
        assert_eq!(sqlx::query_scalar::<_, i64>(count).fetch_one(&mut in_one).await.unwrap(), 1);
        assert_eq!(sqlx::query_scalar::<_, i64>(count).fetch_one(&mut in_other).await.unwrap(), 0);

        one.close().await.unwrap();
        other.close().await.unwrap();
        assert_eq!(names(&url).await, [template_name(Path::new(MIGRATIONS)).unwrap()]);
    }

    #[tokio::test]
    async fn leftovers_of_crashed_tests_are_removed_and_databases_in_use_stay() {
        let server = servers::postgres(Durability::Throwaway).await.unwrap();
        let url = server.url("postgres");
        let mut connection = PgConnection::connect(&url).await.unwrap();
        run(&mut connection, "create database prewarm_test_crashed").await.unwrap();
        run(&mut connection, "create database prewarm_test_used").await.unwrap();
        run(&mut connection, "set application_name = 'prewarm_test_used'").await.unwrap();

        let database = Database::create_on(&url).await.unwrap();
        let names = names(&url).await;
        assert!(!names.contains(&"prewarm_test_crashed".to_owned()), "{names:?}");
        assert!(names.contains(&"prewarm_test_used".to_owned()), "{names:?}");
        assert!(names.contains(&database.name), "{names:?}");
    }

    #[test]
    fn a_changed_migration_makes_a_new_template() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("tables/1.sql");
        std::fs::create_dir(file.parent().unwrap()).unwrap();
        std::fs::write(&file, "select 1").unwrap();
        let before = template_name(dir.path()).unwrap();
        std::fs::write(&file, "select 2").unwrap();
        assert_ne!(template_name(dir.path()).unwrap(), before);
    }
}
