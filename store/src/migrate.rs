//! Brings a database to this binary's schema with the files of `migrations/`. Those of `tables/` and `standalone/` are
//! numbered, and each is applied once; `standalone/` only where the source is ours. `code/` is applied whole where its
//! digest is not the one that the database holds.

pub(crate) mod standalone;
pub(crate) mod step;

use std::time::Duration;

use crate::{
    Error,
    map::Map,
    migrations::{ADOPT, CODE, CODE_DIGEST, File, STANDALONE, TABLES, release},
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

/// Revokes our objects from other roles.
const SEAL: &str = "call prewarm.seal()";

/// Makes the seam of this release for the attached tables, if there are any. Sealed in the same transaction: until then a
/// new function may be executed by all roles and has no search path.
const ATTACH_AGAIN: &str = "call prewarm.attach_again(); call prewarm.seal()";

/// Revokes what default privileges have granted, and makes a copy of another database an installation of its own. Writes
/// nothing if there is nothing to change.
pub(crate) const FINISH: &str =
    "call prewarm.fill_fleet_pulse(); call prewarm.seal(); select prewarm.renew_installation()";

/// How long all of it waits for the locks of other sessions.
const PATIENCE: Duration = Duration::from_secs(300);

/// Brings a database to this binary's schema, and makes a copy of another database an installation of its own. Safe to run
/// twice, and from several processes at once: it writes nothing if there is nothing to change.
pub async fn migrate(url: &str, source: Source) -> Result<(), Error> {
    migrate_within(url, source, PATIENCE).await
}

/// The same, with the time after which a lock that another session holds is an error.
pub async fn migrate_within(url: &str, source: Source, patience: Duration) -> Result<(), Error> {
    let mut steps = Steps::begin(&url.parse()?, patience).await?;
    steps.apply([], LOCK).await?;
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
    let attaches = source == Source::Standalone && !applied.has_source;
    let found = if attaches { Some(standalone::look(steps.session()).await?) } else { None };
    numbered(steps, TABLES, "tables", applied.tables).await?;
    if applied.is_standalone() {
        numbered(steps, STANDALONE, "standalone", applied.standalone).await?;
    }
    if applied.code != CODE_DIGEST {
        let map = if applied.is_standalone() { Map::standalone().recording() } else { "select".to_owned() };
        steps.apply(CODE, &format!("{map}; {ATTACH_AGAIN}; {}", code_record())).await?;
    }
    if let Some(found) = found {
        let missing = if found == Found::Ours { &[] } else { STANDALONE };
        steps.apply(missing, &Map::standalone().attaching()).await?;
    }
    steps.apply([], FINISH).await
}

/// Records the code that has been applied.
fn code_record() -> String {
    let [major, minor, patch] = release();
    format!("update prewarm.schema set code = '{CODE_DIGEST}', release = '{{{major},{minor},{patch}}}'")
}

/// A session, and the files that a database lacks of this binary's schema with their record: none, or all of it, in one transaction. A schema of an earlier release
/// is migrated first.
pub(crate) async fn lacking(url: &str, patience: Duration) -> Result<(Steps, Vec<&'static File>, String), Error> {
    let mut steps = Steps::begin(&url.parse()?, patience).await?;
    steps.apply([], LOCK).await?;
    match Applied::read(steps.session()).await?.map(|applied| applied.compared()) {
        None => {
            let record = format!("update prewarm.schema set tables = {}; {}", TABLES.len(), code_record());
            return Ok((steps, TABLES.iter().chain(CODE).collect(), format!("{record}; {SEAL}; ")));
        }
        Some(Schema::Ahead) => return Err(Error::Ahead),
        Some(Schema::Behind) => migrate_on(&mut steps, Source::Untouched).await?,
        Some(Schema::Current | Schema::WithoutSource) => {}
    }
    Ok((steps, Vec::new(), String::new()))
}

/// Creates the record of applied migrations in a database that has none.
async fn begin(steps: &mut Steps) -> Result<Applied, Error> {
    let before: Option<i64> = match sqlx::query_scalar(RECORD_BEFORE).fetch_one(steps.session()).await {
        Err(error) if crate::schema::is_missing_table(&error) => None,
        before => before?,
    };
    let [record, ..] = TABLES else { unreachable!("migrations/tables has files") };
    match before {
        None => steps.apply([record], "update prewarm.schema set tables = 1").await?,
        Some(LAST_BEFORE) => steps.apply([record, &ADOPT], ADOPTED).await?,
        Some(other) => return Err(Error::TooOld(other)),
    }
    Applied::read(steps.session()).await?.ok_or(Error::TooOld(0))
}

/// Applies the files of a folder that a database lacks, each in a transaction of its own.
async fn numbered(steps: &mut Steps, files: &'static [File], folder: &str, applied: i32) -> Result<(), Error> {
    for (number, file) in (1..).zip(files) {
        if number > applied {
            steps.apply([file], &format!("update prewarm.schema set {folder} = {number}")).await?;
        }
    }
    Ok(())
}
