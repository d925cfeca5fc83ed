//! The tables that the models are read from, kept by what marks say was touched.

use readmodel::{ids::OrgId, time::Timestamp};
use sqlx::PgConnection;

use crate::{Error, instant::PgTime};

/// Makes the tables of one org anew from the source, at an instant: nothing that is held is believed.
pub(crate) async fn maintain_anew(connection: &mut PgConnection, org: OrgId, as_of: Timestamp) -> Result<(), Error> {
    sqlx::query_file!("queries/maintenance/maintain_anew.sql", org.0, PgTime(as_of) as _).execute(connection).await?;
    Ok(())
}
