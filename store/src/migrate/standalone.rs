//! The six tables of a standalone database. They are created if none of them exists, and attached if `public` has exactly
//! these, for instance from a dump. Other tables of these names are left alone.

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::{Error, migrations::STANDALONE};

/// Differences that an error lists.
const LISTED: usize = 3;

/// The treatment of the application's tables by `migrate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Leaves them as they are.
    Untouched,
    /// Creates the six of a standalone database, or attaches them if they exist.
    Standalone,
}

/// The standalone tables that `public` has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// None of them.
    Nothing,
    /// All of them.
    Ours,
}

/// Compares `public` with the files of `standalone/`, which run in the session's temporary schema and are rolled back.
/// Fails if `public` has other tables of these names.
pub(super) async fn look(session: &mut PgConnection) -> Result<Found, Error> {
    let mut transaction = session.begin().await?;
    for file in STANDALONE.files {
        let sql = file.sql.replace("public.", "pg_temp.");
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *transaction).await?;
    }
    let rows = sqlx::query_file!("queries/schema/source_found.sql").fetch_all(&mut *transaction).await?;
    transaction.rollback().await?;
    let (differences, found): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.difference.is_some());
    match (found.as_slice(), differences.as_slice()) {
        ([], _) => Ok(Found::Nothing),
        (_, []) => Ok(Found::Ours),
        _ => Err(Error::OtherSource {
            found: found.into_iter().map(|row| row.relation).collect::<Vec<_>>().join(", "),
            differences: listed(differences.into_iter().filter_map(|row| row.difference).collect()),
        }),
    }
}

fn listed(mut differences: Vec<String>) -> String {
    let more = differences.len().saturating_sub(LISTED);
    differences.truncate(LISTED);
    if more > 0 {
        differences.push(format!("and {more} more"));
    }
    differences.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_differences_are_listed_and_the_rest_counted() {
        let of = |count: usize| listed((1..=count).map(|number| number.to_string()).collect());
        assert_eq!(of(3), "1; 2; 3");
        assert_eq!(of(5), "1; 2; 3; and 2 more");
    }
}
