//! Orgs: what they are called, and those that are gone.

use readmodel::{ids::OrgId, time::Calendar};
use sqlx::PgConnection;

use crate::{Error, Store};

/// An org, as it presents itself.
#[derive(Clone, Debug)]
pub struct Organization {
    /// What it calls itself.
    pub name: Option<String>,
    /// The days that it counts by.
    pub calendar: Calendar,
}

impl Store {
    /// An org, if there is one.
    pub async fn organization(&self, org: OrgId) -> Result<Option<Organization>, Error> {
        let row = sqlx::query_file!("queries/orgs/find.sql", org.0).fetch_optional(&self.warm).await?;
        Ok(row.map(|row| Organization { name: row.name, calendar: Calendar::of(row.timezone.as_deref()) }))
    }
}

/// Removes all that was made for an org; tells whether there was anything.
pub(crate) async fn forget(connection: &mut PgConnection, org: OrgId) -> Result<bool, Error> {
    Ok(sqlx::query_file!("queries/orgs/forget.sql", org.0).fetch_one(connection).await?.existed)
}
