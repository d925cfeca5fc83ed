//! Demo data.

use readmodel::ids::OrgId;

use crate::{Error, Store};

/// Contacts in one transaction.
pub const CHUNK: i64 = 1_000;

impl Store {
    /// Creates an org with agents and a number; false if it exists already.
    pub async fn seed_organization(&self, org: OrgId, name: &str, timezone: &str) -> Result<bool, Error> {
        let made = sqlx::query_file!("queries/demo/organization.sql", org.0, name, timezone);
        Ok(made.fetch_optional(&self.pg).await?.is_some())
    }

    /// Creates the contacts `first` to `last` of an org, with `calls` calls each and some appointments.
    pub async fn seed_contacts(&self, org: OrgId, first: i64, last: i64, calls: i32) -> Result<(), Error> {
        let phone = |number: i64| format!("+1555{number:07}");
        let mut transaction = self.pg.begin("begin").await?;
        sqlx::query_file!("queries/demo/contacts.sql", org.0, first, last).execute(&mut *transaction).await?;
        sqlx::query_file!("queries/demo/calls.sql", org.0, phone(first), phone(last), calls)
            .execute(&mut *transaction)
            .await?;
        sqlx::query_file!("queries/demo/appointments.sql", org.0, phone(first), phone(last))
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    }
}
