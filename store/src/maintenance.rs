//! The tables that read models are read from. A rebuild updates what the marks name.

use readmodel::{ids::OrgId, time::Timestamp};
use sqlx::PgConnection;

use crate::{Error, instant::PgTime};

/// Recomputes an org's tables from the source at an instant, without relying on their present rows.
pub(crate) async fn maintain_anew(connection: &mut PgConnection, org: OrgId, as_of: Timestamp) -> Result<(), Error> {
    sqlx::query_file!("queries/maintenance/maintain_anew.sql", org.0, PgTime(as_of) as _).execute(connection).await?;
    Ok(())
}
