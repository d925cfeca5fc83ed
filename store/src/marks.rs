//! Marks: what writers changed.

use readmodel::{ids::OrgId, time::Timestamp};
use sqlx::PgConnection;

use crate::{Error, instant::PgTime};

/// The marks that a snapshot saw, removed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Removed {
    /// When the oldest of their changes was committed, where Postgres tracks that.
    pub changed_at: Option<Timestamp>,
}

pub(crate) async fn remove(connection: &mut PgConnection, org: OrgId) -> Result<Removed, Error> {
    let row = sqlx::query_file!("queries/marks/remove.sql", org.0).fetch_one(connection).await?;
    Ok(Removed { changed_at: row.changed_at.map(Timestamp::from) })
}
