//! Brings a database to this binary's schema with the files of `migrations/`. Those of `tables/` and `standalone/` are
//! numbered, and each is applied once; `standalone/` only where the source is ours. `code/` is applied whole where its
//! digest is not the one that the database holds.

pub(crate) mod standalone;
mod step;

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;

use crate::{
    Error,
    migrations::{ADOPT, CODE, CODE_DIGEST, Folder, STANDALONE, TABLES, release},
    schema::{Applied, Schema},
};
use standalone::{Found, Source};
use step::Steps;

/// The last of the migrations that came before these, and the table of their record.
const LAST_BEFORE: i64 = 23;
const RECORD_BEFORE: &str = "select max(version) from prewarm.migrations where success";

/// The numbers that a database has reached with them.
const ADOPTED: &str = "update prewarm.schema set tables = 8, standalone = 2";

/// One process migrates at a time. The lock ends with its session.
const LOCK: &str = "select pg_advisory_lock(hashtext('prewarm.migrate'))";

/// Puts the triggers on the source, once its tables and the code exist.
const WATCH: &str = "call prewarm.watch_source(); call prewarm.fill_fleet_pulse(); call prewarm.seal()";

/// Revokes what default privileges have granted, and makes a copy of another database an installation of its own. Writes
/// nothing if there is nothing to change.
const FINISH: &str = "call prewarm.seal(); select prewarm.renew_installation()";

/// How long all of it waits for the locks of other sessions.
const PATIENCE: Duration = Duration::from_secs(300);

/// Brings a database to this binary's schema, and makes a copy of another database an installation of its own. Safe to run
/// twice, and from several processes at once: it writes nothing if there is nothing to change.
pub async fn migrate(url: &str, source: Source) -> Result<(), Error> {
    migrate_within(url, source, PATIENCE).await
}

/// The same, with the time after which a lock that another session holds is an error.
pub async fn migrate_within(url: &str, source: Source, patience: Duration) -> Result<(), Error> {
    let options: PgConnectOptions = url.parse()?;
    let mut steps = Steps::begin(&options, patience).await?;
    steps.apply([], LOCK).await?;
    let applied = match Applied::read(steps.session()).await? {
        Some(applied) => applied,
        None => begin(&mut steps).await?,
    };
    if applied.compared() == Schema::Ahead {
        return Err(Error::Ahead);
    }
    let attaches = source == Source::Standalone && !applied.has_source();
    let found = if attaches { Some(standalone::look(steps.session()).await?) } else { None };
    upgrade(&mut steps, &TABLES, applied.tables).await?;
    if applied.has_source() {
        upgrade(&mut steps, &STANDALONE, applied.standalone).await?;
    }
    if applied.code != CODE_DIGEST {
        // Sealed in the same transaction: until then a new function may be executed by all roles and has no search path.
        let [major, minor, patch] = release();
        let record =
            format!("update prewarm.schema set code = '{CODE_DIGEST}', release = '{{{major},{minor},{patch}}}'");
        let seal = if applied.has_source() { WATCH } else { "call prewarm.seal()" };
        steps.apply(CODE, &format!("{seal}; {record}")).await?;
    }
    if let Some(found) = found {
        let missing = if found == Found::Ours { &[] } else { STANDALONE.files };
        steps.apply(missing, &format!("{WATCH}; {}", reached(&STANDALONE, STANDALONE.newest()))).await?;
    }
    steps.apply([], FINISH).await
}

/// Creates the record of applied migrations in a database that has none.
async fn begin(steps: &mut Steps) -> Result<Applied, Error> {
    let before: Option<i64> = match sqlx::query_scalar(RECORD_BEFORE).fetch_one(steps.session()).await {
        Err(error) if crate::schema::is_missing_table(&error) => None,
        before => before?,
    };
    let [record, ..] = TABLES.files else { unreachable!("migrations/tables has files") };
    match before {
        None => steps.apply([record], "update prewarm.schema set tables = 1").await?,
        Some(LAST_BEFORE) => steps.apply([record, &ADOPT], ADOPTED).await?,
        Some(other) => return Err(Error::TooOld(other)),
    }
    Applied::read(steps.session()).await?.ok_or(Error::TooOld(0))
}

/// Applies the files of a folder that a database lacks, each in a transaction of its own.
async fn upgrade(steps: &mut Steps, folder: &Folder, applied: i32) -> Result<(), Error> {
    for (number, file) in folder.numbered().filter(|(number, _)| *number > applied) {
        steps.apply([file], &reached(folder, number)).await?;
    }
    Ok(())
}

/// Records the newest number of a folder.
fn reached(folder: &Folder, number: i32) -> String {
    format!("update prewarm.schema set {} = {number}", folder.name)
}
