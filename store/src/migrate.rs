//! Brings a database to this binary's schema with the files of `migrations/`. Those of `tables/` and `standalone/` are
//! numbered, and each is applied once; `standalone/` only where the source is ours. `code/` is applied whole where its
//! digest is not the one that the database holds.

pub(crate) mod standalone;
mod step;

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;

use crate::{
    Error,
    migrations::{CODE, CODE_DIGEST, Folder, STANDALONE, TABLES, release},
    schema::{Applied, Schema},
};
use standalone::{Found, Source};
use step::Steps;

/// The oldest schema that can be migrated. Earlier ones are of development builds.
const OLDEST: i32 = 23;

/// Whether the database has tables of ours.
const HAS_TABLES: &str = "select exists (select from pg_class where relnamespace = to_regnamespace('prewarm'))";

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
    if applied.tables < OLDEST {
        return Err(Error::TooOld);
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

/// Makes all tables in a database that has none, in one transaction: a number below the newest is of an earlier schema.
async fn begin(steps: &mut Steps) -> Result<Applied, Error> {
    if sqlx::query_scalar(HAS_TABLES).fetch_one(steps.session()).await? {
        return Err(Error::TooOld);
    }
    steps.apply(TABLES.files, &reached(&TABLES, TABLES.newest())).await?;
    Applied::read(steps.session()).await?.ok_or(Error::TooOld)
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
