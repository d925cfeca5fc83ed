//! Faults of the triggers on the source's tables. The writer's statement went through, and its orgs are marked whole.

use crate::{Error, Store};

/// Why changes of a table could not be listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The table.
    pub what: String,
    /// Names objects of the schema, and never a value.
    pub reason: String,
}

impl Store {
    /// Marks every org for the faults that name none. Returns the faults of the last ten minutes, each once.
    pub async fn spread_faults(&self) -> Result<Vec<Fault>, Error> {
        Ok(sqlx::query_file_as!(Fault, "queries/source/spread_faults.sql").fetch_all(&self.pg).await?)
    }
}
