//! Marks: the changes that writers have made.

use readmodel::ids::OrgId;
use sqlx::PgConnection;

use crate::{Error, Store};

impl Store {
    /// Whether any org has a mark, or a lease that was given back: a probe of an index each. A deadline is not looked for.
    pub async fn may_be_owed(&self) -> Result<bool, Error> {
        Ok(sqlx::query_file_scalar!("queries/marks/may_be_owed.sql").fetch_one(&self.queue).await?)
    }
}

/// Removes the marks that the snapshot sees.
pub(crate) async fn remove(connection: &mut PgConnection, org: OrgId) -> Result<(), Error> {
    sqlx::query_file!("queries/marks/remove.sql", org.0).execute(connection).await?;
    Ok(())
}
