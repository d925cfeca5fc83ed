//! Faults of the triggers on the source tables. The writer's statement succeeded, and its orgs are marked whole.

use crate::{Error, Store};

/// The reason why changes of a table could not be listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The table.
    pub what: String,
    /// Names objects of the schema, and never a value.
    pub reason: String,
    /// The fault kept deleted data from being erased.
    pub is_erasure: bool,
}

impl Store {
    /// Marks every org for faults that name none. Returns the faults of the last ten minutes, and all of erasures, each
    /// once.
    pub async fn spread_faults(&self) -> Result<Vec<Fault>, Error> {
        Ok(sqlx::query_file_as!(Fault, "queries/source/spread_faults.sql").fetch_all(&self.pg).await?)
    }
}
