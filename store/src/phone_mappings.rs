//! The assistant that answers each phone number, as Vapi was last told.

use readmodel::{ids::AgentId, time::Timestamp};

use crate::{Error, Store, instant::PgTime};

/// A number whose assistant at Vapi is not the one of its agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwedMapping {
    /// Vapi's id of the number.
    pub id: String,
    /// Vapi's id of the assistant that should answer; `None` if Vapi should ask us at each call.
    pub assistant_id: Option<String>,
    /// The revision that was read, for [`Store::record_phone_mapping`].
    pub revision: i64,
}

/// A number and the assistant that Vapi was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhoneMapping {
    /// Vapi's id of the number.
    pub id: String,
    /// Vapi's id of the assistant that answers.
    pub assistant_id: Option<String>,
    /// Whether Vapi rejected it.
    pub refused: bool,
    /// When Vapi was told.
    pub synced_at: Timestamp,
}

struct Row {
    id: String,
    assistant_id: Option<String>,
    refused: bool,
    synced_at: PgTime,
}

impl Store {
    /// The numbers of an agent that Vapi has to be told of, if `assistant_id` is the agent's assistant.
    pub async fn phone_mappings_owed(
        &self,
        agent: AgentId,
        assistant_id: Option<&str>,
    ) -> Result<Vec<OwedMapping>, Error> {
        let owed = sqlx::query_file_as!(OwedMapping, "queries/phone_mappings/owed.sql", agent.0, assistant_id);
        Ok(owed.fetch_all(&self.pg).await?)
    }

    /// Records that Vapi was told which assistant answers a number, or why Vapi rejected it. If another agent has told
    /// Vapi something else in the meantime, the number's agent becomes owed.
    pub async fn record_phone_mapping(
        &self,
        agent: AgentId,
        mapping: &OwedMapping,
        refused: Option<&str>,
    ) -> Result<(), Error> {
        let OwedMapping { id, assistant_id, revision } = mapping;
        sqlx::query_file!("queries/phone_mappings/record.sql", id, agent.0, assistant_id.as_deref(), revision, refused)
            .execute(&self.pg)
            .await?;
        Ok(())
    }

    /// Up to `limit` numbers after one, in the order of Vapi's ids.
    pub async fn phone_mappings_after(&self, after: &str, limit: i64) -> Result<Vec<PhoneMapping>, Error> {
        let rows =
            sqlx::query_file_as!(Row, "queries/phone_mappings/page.sql", after, limit).fetch_all(&self.pg).await?;
        let mapping = |Row { id, assistant_id, refused, synced_at }| PhoneMapping {
            id,
            assistant_id,
            refused,
            synced_at: synced_at.into(),
        };
        Ok(rows.into_iter().map(mapping).collect())
    }

    /// Records that Vapi has another assistant at these numbers than it was told; makes their agents owed.
    pub async fn note_phone_drift(&self, numbers: &[String]) -> Result<(), Error> {
        sqlx::query_file!("queries/phone_mappings/drifted.sql", numbers).execute(&self.pg).await?;
        Ok(())
    }

    /// Makes the agents owed whose numbers Vapi does not have as they should be; returns how many.
    pub async fn mark_outdated_phone_mappings(&self) -> Result<u64, Error> {
        Ok(sqlx::query_file!("queries/phone_mappings/mark_outdated.sql").execute(&self.pg).await?.rows_affected())
    }
}
