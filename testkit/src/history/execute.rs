//! Plays a history on Postgres.

use std::collections::BTreeMap;

use readmodel::ids::OrgId;
use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

use super::table::{Column, Table};
use super::{Keys, Op, Rows, Statement};
use crate::oracle::{Appointment, Call, Contact, Organization, Rules, World};

impl Op {
    /// Runs the op as one statement on the source tables, in the connection's current transaction.
    ///
    /// # Errors
    ///
    /// Errors of Postgres. The source's constraints accept a settled history.
    pub async fn execute(&self, connection: &mut PgConnection) -> sqlx::Result<()> {
        match self {
            Self::Write(statement, Rows::Organizations(rows)) => write(connection, *statement, rows).await,
            Self::Write(statement, Rows::Contacts(rows)) => write(connection, *statement, rows).await,
            Self::Write(statement, Rows::Calls(rows)) => write(connection, *statement, rows).await,
            Self::Write(statement, Rows::Appointments(rows)) => write(connection, *statement, rows).await,
            Self::Delete(Keys::Organizations(ids)) => delete::<Organization>(connection, ids).await,
            Self::Delete(Keys::Contacts(ids)) => delete::<Contact>(connection, ids).await,
            Self::Delete(Keys::Calls(ids)) => delete::<Call>(connection, ids).await,
            Self::Delete(Keys::Appointments(ids)) => delete::<Appointment>(connection, ids).await,
        }
    }
}

/// The source rows of these orgs, to compare with a [`World`] or to pass to the oracle.
///
/// # Errors
///
/// Errors of Postgres.
pub async fn read_world(connection: &mut PgConnection, orgs: &[OrgId]) -> sqlx::Result<World> {
    read_world_through(connection, orgs, |table| table.to_owned()).await
}

/// The same from other tables: `relation` turns the name of a source table into a relation with its columns.
///
/// # Errors
///
/// Errors of Postgres.
pub async fn read_world_through(
    connection: &mut PgConnection,
    orgs: &[OrgId],
    relation: impl Fn(&str) -> String,
) -> sqlx::Result<World> {
    Ok(World {
        rules: Rules::default(),
        organizations: read(connection, orgs, &relation).await?,
        contacts: read(connection, orgs, &relation).await?,
        calls: read(connection, orgs, &relation).await?,
        appointments: read(connection, orgs, &relation).await?,
    })
}

async fn read<T: Table>(
    connection: &mut PgConnection,
    orgs: &[OrgId],
    relation: impl Fn(&str) -> String,
) -> sqlx::Result<BTreeMap<T::Id, T>> {
    let select = list(&T::columns(), |column| format!("{} as {}", column.select, column.name));
    let sql = format!("select {select} from {} where {} = any($1)", relation(T::NAME), T::OWNER);
    let orgs: Vec<Uuid> = orgs.iter().map(|org| org.0).collect();
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(orgs).fetch_all(connection).await?;
    rows.iter().map(|row| T::read(row).map(|row| (row.id(), row))).collect()
}

async fn delete<T: Table>(connection: &mut PgConnection, ids: &[T::Id]) -> sqlx::Result<()> {
    let ids: Vec<Uuid> = ids.iter().map(|id| T::uuid(*id)).collect();
    let sql = format!("delete from {} where id = any($1)", T::NAME);
    sqlx::query(AssertSqlSafe(sql)).bind(ids).execute(connection).await?;
    Ok(())
}

async fn write<T: Table>(connection: &mut PgConnection, statement: Statement, rows: &[T]) -> sqlx::Result<()> {
    let columns = T::columns();
    let sql = match statement {
        Statement::Copy => return copy(connection, rows).await,
        Statement::Insert => insert(T::NAME, &columns),
        Statement::Upsert => upsert(T::NAME, &columns),
        Statement::Update => update(T::NAME, &columns, &columns),
        Statement::UpdateColumn(index) => {
            let index = index % columns.len();
            update(T::NAME, &columns, &columns[index..=index])
        }
    };
    let mut query = sqlx::query(AssertSqlSafe(sql));
    let texts: Vec<Vec<Option<String>>> = rows.iter().map(T::texts).collect();
    for index in 0..columns.len() {
        let column: Vec<Option<String>> = texts.iter().map(|row| row[index].clone()).collect();
        query = query.bind(column);
    }
    query.execute(connection).await?;
    Ok(())
}

async fn copy<T: Table>(connection: &mut PgConnection, rows: &[T]) -> sqlx::Result<()> {
    let names = list(&T::columns(), |column| column.name.to_owned());
    let mut stream = connection.copy_in_raw(&format!("copy {} ({names}) from stdin", T::NAME)).await?;
    for row in rows {
        let fields: Vec<String> = row.texts().into_iter().map(copy_field).collect();
        stream.send(format!("{}\n", fields.join("\t")).into_bytes()).await?;
    }
    stream.finish().await?;
    Ok(())
}

/// A field in COPY's text format.
fn copy_field(text: Option<String>) -> String {
    let Some(text) = text else { return "\\N".to_owned() };
    text.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r").replace('\t', "\\t")
}

fn insert(table: &str, columns: &[Column]) -> String {
    let names = list(columns, |column| column.name.to_owned());
    let values = list(columns, typed);
    format!("insert into {table} ({names}) select {values} from {}", drawn(columns))
}

fn upsert(table: &str, columns: &[Column]) -> String {
    let set = list(columns, |column| format!("{0} = excluded.{0}", column.name));
    format!("{} on conflict (id) do update set {set}", insert(table, columns))
}

/// An UPDATE that sets the columns `changed` of the bound rows.
fn update(table: &str, columns: &[Column], changed: &[Column]) -> String {
    let set = list(changed, |column| format!("{} = {}", column.name, typed(column)));
    format!("update {table} set {set} from {} where {table}.id = drawn.id::uuid", drawn(columns))
}

/// The bound rows, as one array of texts per column.
fn drawn(columns: &[Column]) -> String {
    let arrays: Vec<String> = (1..=columns.len()).map(|index| format!("${index}::text[]")).collect();
    let names = list(columns, |column| column.name.to_owned());
    format!("unnest({}) as drawn ({names})", arrays.join(", "))
}

fn typed(column: &Column) -> String {
    format!("drawn.{}::{}", column.name, column.sql_type)
}

fn list(columns: &[Column], item: impl Fn(&Column) -> String) -> String {
    columns.iter().map(item).collect::<Vec<_>>().join(", ")
}
