//! Marks: the changes that writers have made.

use readmodel::ids::OrgId;
use sqlx::PgConnection;

use crate::Error;

/// Removes the marks that the snapshot sees.
pub(crate) async fn remove(connection: &mut PgConnection, org: OrgId) -> Result<(), Error> {
    sqlx::query_file!("queries/marks/remove.sql", org.0).execute(connection).await?;
    Ok(())
}
