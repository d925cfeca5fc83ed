//! Attaches Prewarm to tables that exist, compares them with the map since, and takes everything away again.
//!
//! Their schema is theirs: nothing but our triggers is ever put on a table, and no statement of ours waits for its writers
//! for longer than a fifth of a second.

mod suggest;

use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

use crate::{
    Error,
    endpoint::options_of,
    map::{self, Finding, Map},
    migrate::{
        FINISH, LOCK, PATIENCE, SEAL, lacking, migrate_within,
        standalone::Source,
        step::{self, Steps},
    },
    migrations::File,
    roles::{check_entrance, check_ownership},
    schema::Applied,
};

pub use suggest::suggest;

/// A mapped table as the database has it.
#[derive(Clone, Debug)]
pub struct Table {
    /// The source, such as `calls`.
    pub source: String,
    /// The table.
    pub named: String,
    /// The role that owns it.
    pub owner: String,
    /// Whether this role may act as the owner.
    pub is_ours: bool,
    /// Whether row level security is on.
    pub row_security: bool,
    /// The number of partitions.
    pub partitions: i64,
    /// The number of rows as of its statistics, if it has any.
    pub rows: Option<i64>,
}

/// An org as its panels would show it.
#[derive(Clone, Debug)]
pub struct Org {
    /// Its name.
    pub name: Option<String>,
    /// The number of its contacts.
    pub contacts: i64,
    /// How many of them are leads.
    pub leads: i64,
    /// The number of its calls.
    pub calls: i64,
    /// Its first leads.
    pub first: Vec<Lead>,
}

/// A lead as the panel would show it.
#[derive(Clone, Debug)]
pub struct Lead {
    /// The contact's name.
    pub name: Option<String>,
    /// hot, warm or cold.
    pub temperature: Option<String>,
    /// high, medium or low.
    pub urgency: String,
    /// The number of calls.
    pub calls: i64,
}

/// A database as a map would have it. Nothing was changed to find it out.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// The role that would attach.
    pub role: String,
    /// The faults that keep the map from being attached.
    pub faults: Vec<Finding>,
    /// The mapped tables.
    pub tables: Vec<Table>,
    /// Advice for an operator.
    pub advice: Vec<String>,
    /// A few orgs.
    pub orgs: Vec<Org>,
    /// The statements that put the triggers on the tables.
    pub triggers: Vec<String>,
}

/// The end of an attachment.
#[derive(Clone, Debug)]
pub enum Attached {
    /// Every change is noticed from now on.
    Whole,
    /// All is ready but the triggers, which the tables' owner has to put on with these statements.
    WithoutTriggers(Vec<String>),
}

/// Orgs and leads that a survey shows.
const ORGS: i64 = 3;
const LEADS: i64 = 10;

/// The longest that a survey reads: it counts rows.
const SURVEY_LIMITS: &str = "set local statement_timeout = '60s'; set local lock_timeout = '200ms'";

/// The longest that a table's writers wait for us.
const SHORT: &str = "set local lock_timeout = '200ms'";

/// Tries to put on all triggers in one transaction, before it goes from table to table.
const TRIES_AT_ONCE: u32 = 5;

/// Looks at a database as a map would have it, in a transaction that is rolled back.
pub async fn survey(url: &str, map: &Map) -> Result<Survey, Error> {
    let (mut steps, files, record) = lacking(url).await?;
    let mut transaction = steps.session().begin().await?;
    step::run(&mut transaction, &files, &format!("{record}{SURVEY_LIMITS}; {}", map.laying_out())).await?;
    sqlx::raw_sql("delete from prewarm.attached_tables").execute(&mut *transaction).await?;
    let found = look(&mut transaction).await;
    transaction.rollback().await?;
    found
}

async fn look(session: &mut PgConnection) -> Result<Survey, Error> {
    let role = sqlx::query_scalar("select current_user::text").fetch_one(&mut *session).await?;
    let faults = sqlx::query_file_as!(Finding, "queries/attach/faults.sql").fetch_all(&mut *session).await?;
    let tables = sqlx::query_file_as!(Table, "queries/attach/tables.sql").fetch_all(&mut *session).await?;
    if !faults.is_empty() {
        return Ok(Survey { role, faults, tables, ..Survey::default() });
    }
    let triggers = triggers(session, Whose::Everybodys).await?;
    let advice = in_time(session, async |session| {
        let advice = sqlx::query_file_scalar!("queries/attach/advice.sql").fetch_all(&mut *session).await?;
        Ok([advice, hidden(session).await?].concat())
    });
    let advice =
        advice.await?.unwrap_or_else(|| vec!["the tables are too large for advice that counts rows".to_owned()]);
    let orgs = in_time(session, preview).await?.unwrap_or_default();
    Ok(Survey { role, faults, tables, advice, orgs, triggers })
}

/// The result of work that reads many rows, unless it takes too long.
async fn in_time<T>(
    session: &mut PgConnection,
    work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, Error>,
) -> Result<Option<T>, Error> {
    let mut part = session.begin().await?;
    match work(&mut part).await {
        Ok(done) => {
            part.commit().await?;
            Ok(Some(done))
        }
        Err(error) if error.is_cancelled() => {
            part.rollback().await?;
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

async fn preview(session: &mut PgConnection) -> Result<Vec<Org>, Error> {
    let mut orgs = Vec::new();
    for org in sqlx::query_file!("queries/attach/orgs.sql", ORGS).fetch_all(&mut *session).await? {
        let first = leads(session, org.id).await?;
        orgs.push(Org { name: org.name, contacts: org.contacts, leads: org.leads, calls: org.calls, first });
    }
    Ok(orgs)
}

async fn leads(session: &mut PgConnection, org: Uuid) -> Result<Vec<Lead>, Error> {
    let leads = sqlx::query_file!("queries/attach/leads.sql", org, LEADS).fetch_all(session).await?.into_iter();
    let shown = leads.map(|lead| Lead {
        name: lead.contact_name,
        temperature: lead.temperature,
        urgency: lead.urgency,
        calls: lead.calls,
    });
    Ok(shown.collect())
}

/// A warning if the rules hide nearly all contacts.
async fn hidden(session: &mut PgConnection) -> Result<Vec<String>, Error> {
    let counted = sqlx::query_file!("queries/attach/hidden.sql").fetch_one(session).await?;
    let (contacts, leads) = (counted.contacts, counted.leads);
    let warning = format!("the rule `actionable` hides {} of {contacts} contacts", contacts - leads);
    Ok(if contacts > 0 && leads * 20 < contacts { vec![warning] } else { Vec::new() })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Everybodys,
    Others,
}

/// The statements that put the missing triggers on the tables.
async fn triggers(session: &mut PgConnection, whose: Whose) -> Result<Vec<String>, Error> {
    let only_others = whose == Whose::Others;
    Ok(sqlx::query_file_scalar!("queries/attach/triggers.sql", only_others).fetch_all(session).await?)
}

/// The script that [`attach`] runs in its transaction, for a reader, or for somebody else to run.
pub async fn script(url: &str, map: &Map) -> Result<String, Error> {
    let (_, files, record) = lacking(url).await?;
    let files: String = files.into_iter().map(|File { name, sql }| format!("-- {name}\n{sql}\n")).collect();
    let settings = step::SETTINGS.replace("; ", ";\n");
    Ok(format!("{settings};\nbegin;\n{files}{record}\n{SHORT};\n{};\n{FINISH};\ncommit;\n", map.attaching()))
}

/// Attaches the tables of a map, or attaches them again. [`survey`] looks for faults before.
pub async fn attach(url: &str, map: &Map) -> Result<Attached, Error> {
    if *map == Map::standalone() && !is_attached(url).await? {
        // Compares them with the tables that we make first.
        return migrate_within(url, Source::Standalone, PATIENCE).await.map(|()| Attached::Whole);
    }
    let (mut steps, files, record) = lacking(url).await?;
    let lay_out = format!("{record}{}", map.laying_out());
    if owned_by_others(steps.session(), map).await? {
        steps.apply(files.iter().copied(), &format!("{lay_out}; call prewarm.let_owners(); {SEAL}")).await?;
        let others = triggers(steps.session(), Whose::Others).await?;
        if !others.is_empty() {
            return Ok(Attached::WithoutTriggers(others));
        }
    }
    let all = format!("{record}{SHORT}; {}; {SEAL}", map.attaching());
    if !steps.try_to_apply(&files, &all, TRIES_AT_ONCE).await? {
        steps.apply(files, &lay_out).await?;
        for table in sqlx::query_file_scalar!("queries/attach/relations.sql").fetch_all(steps.session()).await? {
            steps.apply([], &format!("{SHORT}; call prewarm.put_triggers({})", map::literal(&table))).await?;
        }
        steps.apply([], &format!("{SHORT}; {}; {SEAL}", map.attaching())).await?;
    }
    steps.apply([], FINISH).await?;
    Ok(Attached::Whole)
}

/// Whether some of a map's tables belong to a role that this one may not act as.
async fn owned_by_others(session: &mut PgConnection, map: &Map) -> Result<bool, Error> {
    Ok(sqlx::query_file_scalar!("queries/attach/owned_by_others.sql", &map.tables()).fetch_one(session).await?)
}

/// Whether the database has a source.
async fn is_attached(url: &str) -> Result<bool, Error> {
    let mut steps = Steps::begin(&options_of(url)?, PATIENCE).await?;
    check_entrance(steps.session()).await?;
    Ok(Applied::read(steps.session()).await?.is_some_and(|applied| applied.has_source))
}

/// The differences between the attached tables and their map.
pub async fn check(url: &str) -> Result<Vec<Finding>, Error> {
    if !is_attached(url).await? {
        return Err(Error::NotAttached);
    }
    let mut steps = Steps::begin(&options_of(url)?, PATIENCE).await?;
    Ok(sqlx::query_file_as!(Finding, "queries/attach/findings.sql").fetch_all(steps.session()).await?)
}

/// Takes everything away that Prewarm has made: its triggers, table by table, and then its schema.
pub async fn detach(url: &str) -> Result<(), Error> {
    let mut steps = Steps::begin(&options_of(url)?, PATIENCE).await?;
    steps.apply([], LOCK).await?;
    check_ownership(steps.session()).await?;
    if Applied::read(steps.session()).await?.is_none() {
        return Err(Error::NotAttached);
    }
    let views = sqlx::query_file_scalar!("queries/attach/dependents.sql").fetch_all(steps.session()).await?;
    if !views.is_empty() {
        return Err(Error::Dependents(views.join(", ")));
    }
    for statement in sqlx::query_file_scalar!("queries/attach/undo.sql").fetch_all(steps.session()).await? {
        steps.apply([], &format!("{SHORT}; {statement}")).await?;
    }
    steps.apply([], "drop schema prewarm cascade").await
}
