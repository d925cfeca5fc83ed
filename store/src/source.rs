//! Faults of the triggers on the source tables, and differences between those tables and the map. A writer's statement
//! succeeds in any case.

use crate::{Error, Store, map::Finding};

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
    /// Compares the source with its map, and records the differences for the api. Once one has gone, every org is marked.
    pub async fn look_at_source(&self) -> Result<Vec<Finding>, Error> {
        Ok(sqlx::query_file_as!(Finding, "queries/source/look_at_source.sql").fetch_all(&self.pg).await?)
    }

    /// A digest that changes with nearly all that a look may find, and costs a tenth of one.
    pub async fn catalog_digest(&self) -> Result<String, Error> {
        Ok(sqlx::query_file_scalar!("queries/source/catalog_digest.sql").fetch_one(&self.pg).await?)
    }

    /// Whether the source is only observed: nothing is written to it.
    pub async fn observes(&self) -> Result<bool, Error> {
        let observes = sqlx::query_file_scalar!("queries/source/observes.sql").fetch_one(&self.pg).await?;
        Ok(observes.unwrap_or_default())
    }

    /// Marks every org for faults that name none. Returns the faults of the last ten minutes, and all of erasures, each
    /// once.
    pub async fn spread_faults(&self) -> Result<Vec<Fault>, Error> {
        Ok(sqlx::query_file_as!(Fault, "queries/source/spread_faults.sql").fetch_all(&self.pg).await?)
    }
}
