//! Orgs: their names and time zones, and the removal of deleted ones.

use readmodel::{ids::OrgId, time::Calendar};
use sqlx::PgConnection;

use crate::{Error, Store};

/// An org of the source.
#[derive(Clone, Debug)]
pub struct Organization {
    /// The org's name.
    pub name: Option<String>,
    /// The calendar of the org's time zone, by which its days are counted.
    pub calendar: Calendar,
}

impl Store {
    /// An org; `None` if it does not exist.
    pub async fn organization(&self, org: OrgId) -> Result<Option<Organization>, Error> {
        let row = sqlx::query_file!("queries/orgs/find.sql", org.0).fetch_optional(&self.warm).await?;
        Ok(row.map(|row| Organization { name: row.name, calendar: Calendar::of(row.timezone.as_deref()) }))
    }
}

/// Removes all that was made for an org; returns whether there was anything.
pub(crate) async fn forget(connection: &mut PgConnection, org: OrgId) -> Result<bool, Error> {
    Ok(sqlx::query_file!("queries/orgs/forget.sql", org.0).fetch_one(connection).await?.existed)
}
