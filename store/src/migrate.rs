//! Brings a database to this binary's schema with the files of `migrations/`. Those of `tables/` and `standalone/` are
//! numbered, and each is applied once; `standalone/` only where the source is ours. `code/` is applied whole where its
//! digest is not the one that the database holds.

pub(crate) mod standalone;
pub(crate) mod step;

use std::time::Duration;

use crate::{
    Error,
    endpoint::options_of,
    map::Map,
    migrations::{CODE, CODE_DIGEST, File, Folder, STANDALONE, TABLES, release},
    roles::check_ownership,
    schema::{Applied, Schema},
};
use standalone::{Found, Source};
use step::Steps;

/// The oldest schema that can be migrated. Earlier ones are of development builds.
const OLDEST: i32 = 23;

/// Whether the database has tables of ours.
const HAS_TABLES: &str = "select exists (select from pg_class where relnamespace = to_regnamespace('prewarm'))";

/// One process migrates at a time. The lock ends with its session.
pub(crate) const LOCK: &str = "select pg_advisory_lock(hashtext('prewarm.migrate'))";

/// Revokes our objects from other roles, gives functions a search path, and grants what processes need: in the transaction that
/// makes them.
pub(crate) const SEAL: &str = "call prewarm.seal(); call prewarm.grant_to_roles()";

/// Revokes what default privileges have granted, grants what processes need, and makes a copy of another database an installation of its own. Writes
/// nothing if there is nothing to change.
pub(crate) const FINISH: &str = "call prewarm.fill_fleet_pulse(); call prewarm.seal(); call prewarm.grant_to_roles(); select prewarm.renew_installation()";

/// How long all of it waits for the locks of other sessions.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);

/// Brings a database to this binary's schema, and makes a copy of another database an installation of its own. Safe to run
/// twice, and from several processes at once: it writes nothing if there is nothing to change.
pub async fn migrate(url: &str, source: Source) -> Result<(), Error> {
    migrate_within(url, source, PATIENCE).await
}

/// The same, with the time after which a lock that another session holds is an error.
pub async fn migrate_within(url: &str, source: Source, patience: Duration) -> Result<(), Error> {
    let mut steps = Steps::begin(&options_of(url)?, patience).await?;
    steps.apply([], LOCK).await?;
    check_ownership(steps.session()).await?;
    migrate_on(&mut steps, source).await
}

async fn migrate_on(steps: &mut Steps, source: Source) -> Result<(), Error> {
    let applied = match Applied::read(steps.session()).await? {
        Some(applied) => applied,
        None => begin(steps).await?,
    };
    if applied.compared() == Schema::Ahead {
        return Err(Error::Ahead);
    }
    if applied.tables < OLDEST {
        return Err(Error::TooOld);
    }
    let attaches = source == Source::Standalone && !applied.has_source;
    let found = if attaches { Some(standalone::look(steps.session()).await?) } else { None };
    upgrade(steps, &TABLES, applied.tables).await?;
    if applied.is_standalone() {
        upgrade(steps, &STANDALONE, applied.standalone).await?;
    }
    if applied.code != CODE_DIGEST {
        let map = if applied.is_standalone() { Map::standalone().recording() } else { String::new() };
        steps.apply(CODE, &format!("{map}call prewarm.attach_again(); {SEAL}; {}", code_record())).await?;
    }
    if let Some(found) = found {
        let missing = if found == Found::Ours { &[] } else { STANDALONE.files };
        steps.apply(missing, &Map::standalone().attaching()).await?;
    }
    steps.apply([], FINISH).await
}

/// Records the code that has been applied.
fn code_record() -> String {
    let [major, minor, patch] = release();
    format!("update prewarm.schema set code = '{CODE_DIGEST}', release = '{{{major},{minor},{patch}}}'")
}

/// A session, and all files with their record for a database without our schema, to be applied in one transaction; none for
/// one that has it.
pub(crate) async fn lacking(url: &str) -> Result<(Steps, Vec<&'static File>, String), Error> {
    let mut steps = Steps::begin(&options_of(url)?, PATIENCE).await?;
    steps.apply([], LOCK).await?;
    check_ownership(steps.session()).await?;
    match Applied::read(steps.session()).await?.map(|applied| applied.compared()) {
        None => {
            check_is_empty(&mut steps).await?;
            let record = format!("{}; {}; {SEAL}; ", reached(&TABLES, TABLES.newest()), code_record());
            return Ok((steps, TABLES.files.iter().chain(CODE).collect(), record));
        }
        Some(Schema::Ahead) => return Err(Error::Ahead),
        Some(Schema::Behind) => return Err(Error::Behind),
        Some(Schema::Current | Schema::WithoutSource) => {}
    }
    Ok((steps, Vec::new(), String::new()))
}

/// Fails if the database has tables of ours.
async fn check_is_empty(steps: &mut Steps) -> Result<(), Error> {
    let has_tables = sqlx::query_scalar(HAS_TABLES).fetch_one(steps.session()).await?;
    if has_tables { Err(Error::TooOld) } else { Ok(()) }
}

/// Makes all tables in a database that has none, in one transaction: a number below the newest is of an earlier schema.
async fn begin(steps: &mut Steps) -> Result<Applied, Error> {
    check_is_empty(steps).await?;
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
