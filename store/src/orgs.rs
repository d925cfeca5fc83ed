//! Orgs that are gone.

use readmodel::ids::OrgId;
use sqlx::PgConnection;

use crate::Error;

/// Removes all that was made for an org; tells whether there was anything.
pub(crate) async fn forget(connection: &mut PgConnection, org: OrgId) -> Result<bool, Error> {
    Ok(sqlx::query_file!("queries/orgs/forget.sql", org.0).fetch_one(connection).await?.existed)
}
