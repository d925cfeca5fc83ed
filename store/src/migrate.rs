//! The schema: apalis' own tables first, since our queue functions name them, then ours.

use apalis_postgres::PostgresStorage;
use sqlx::{
    PgPool,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::{Error, SEARCH_PATH, Store};

static MIGRATIONS: Migrator = sqlx::migrate!("../migrations");

/// Where our migrator keeps its record: in our own schema, beside nobody else's.
const RECORD: &str = "prewarm.migrations";

fn migrator() -> Migrator {
    let mut migrator = Migrator { migrations: MIGRATIONS.migrations.clone(), ..Migrator::DEFAULT };
    migrator.dangerous_set_table_name(RECORD);
    migrator.create_schema("prewarm");
    migrator
}

/// Brings a database to this binary's schema, and takes it into use if it is a copy of another. Safe to run twice, and from
/// several processes at once.
pub async fn migrate(url: &str) -> Result<(), Error> {
    let pool = one_connection(url.parse()?).await?;
    PostgresStorage::<()>::migrations().run(&pool).await?;
    pool.close().await;
    let pool = one_connection(ours(url)?).await?;
    migrator().run(&pool).await?;
    sqlx::query_file!("queries/installation/renew.sql").fetch_one(&pool).await?;
    sqlx::raw_sql("call prewarm.seal()").execute(&pool).await?;
    pool.close().await;
    Ok(())
}

/// Takes our schema away again, newest migration first. The source tables go with it.
pub async fn revert(url: &str) -> Result<(), Error> {
    let pool = one_connection(ours(url)?).await?;
    migrator().undo(&pool, 0).await?;
    pool.close().await;
    Ok(())
}

/// What our migrations name is looked up once and kept, so that it must not be somebody else's. apalis' need the path that
/// the database has.
fn ours(url: &str) -> Result<PgConnectOptions, sqlx::Error> {
    Ok(url.parse::<PgConnectOptions>()?.options(SEARCH_PATH))
}

async fn one_connection(options: PgConnectOptions) -> Result<PgPool, Error> {
    Ok(PgPoolOptions::new().max_connections(1).connect_with(options).await?)
}

/// How a database's schema compares with this binary's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// The same.
    Current,
    /// `prewarm migrate` is still to be run.
    Behind,
    /// A newer binary has been at it.
    Ahead,
}

impl Store {
    /// How the database's schema compares with this binary's.
    pub async fn schema(&self) -> Result<Schema, Error> {
        // Unchecked at compile time: the record of the migrations is not itself part of them.
        let applied = sqlx::query_scalar::<_, i64>(include_str!("../queries/schema/applied.sql"));
        let applied = match applied.fetch_all(&self.pg).await {
            Err(error) if is_missing_table(&error) => return Ok(Schema::Behind),
            applied => applied?,
        };
        let wanted: Vec<i64> =
            MIGRATIONS.migrations.iter().filter(|m| !m.migration_type.is_down_migration()).map(|m| m.version).collect();
        Ok(match (applied == wanted, applied.last() > wanted.last()) {
            (true, _) => Schema::Current,
            (false, true) => Schema::Ahead,
            (false, false) => Schema::Behind,
        })
    }
}

/// SQLSTATE `undefined_table`, or `invalid_schema_name`.
fn is_missing_table(error: &sqlx::Error) -> bool {
    matches!(error.as_database_error().and_then(|error| error.code()).as_deref(), Some("42P01" | "3F000"))
}
