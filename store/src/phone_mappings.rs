//! Who answers a phone number at Vapi, as far as we have said so.

use readmodel::{ids::AgentId, time::Timestamp};

use crate::{Error, Store, instant::PgTime};

/// A number that another one than its agent's assistant answers, or nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owed {
    /// Vapi's id of the number.
    pub id: String,
    /// Vapi's id of the assistant that is to answer; none: Vapi is to ask us.
    pub assistant_id: Option<String>,
    /// What was read; for [`Store::record_phone_mapping`].
    pub revision: i64,
}

/// What Vapi was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// Vapi's id of the number.
    pub id: String,
    /// Vapi's id of the assistant that answers.
    pub assistant_id: Option<String>,
    /// Whether Vapi did not take it.
    pub refused: bool,
    /// When.
    pub synced_at: Timestamp,
}

struct Row {
    id: String,
    assistant_id: Option<String>,
    refused: bool,
    synced_at: PgTime,
}

impl Store {
    /// The numbers that an agent sees to and that are not as they should be, its assistant being this one.
    pub async fn phone_mappings_owed(&self, agent: AgentId, assistant_id: Option<&str>) -> Result<Vec<Owed>, Error> {
        let owed = sqlx::query_file_as!(Owed, "queries/phone_mappings/owed.sql", agent.0, assistant_id);
        Ok(owed.fetch_all(&self.pg).await?)
    }

    /// Vapi has been told who answers a number, or has refused it for a reason. If an agent has meanwhile told it something
    /// else, the agent whose number it is becomes owed.
    pub async fn record_phone_mapping(&self, agent: AgentId, told: &Owed, refused: Option<&str>) -> Result<(), Error> {
        let Owed { id, assistant_id, revision } = told;
        sqlx::query_file!("queries/phone_mappings/record.sql", id, agent.0, assistant_id.as_deref(), revision, refused)
            .execute(&self.pg)
            .await?;
        Ok(())
    }

    /// Up to `limit` numbers after one, by Vapi's id.
    pub async fn phone_mappings_after(&self, after: &str, limit: i64) -> Result<Vec<Mapping>, Error> {
        let rows =
            sqlx::query_file_as!(Row, "queries/phone_mappings/page.sql", after, limit).fetch_all(&self.pg).await?;
        let mapping = |Row { id, assistant_id, refused, synced_at }| Mapping {
            id,
            assistant_id,
            refused,
            synced_at: synced_at.into(),
        };
        Ok(rows.into_iter().map(mapping).collect())
    }

    /// These numbers are answered by somebody else than Vapi was told: whose they are becomes owed.
    pub async fn note_phone_drift(&self, numbers: &[String]) -> Result<(), Error> {
        sqlx::query_file!("queries/phone_mappings/drifted.sql", numbers).execute(&self.pg).await?;
        Ok(())
    }

    /// Makes the agents owed whose numbers Vapi was told something else of, or nothing; returns how many.
    pub async fn mark_unsaid_phone_mappings(&self) -> Result<u64, Error> {
        Ok(sqlx::query_file!("queries/phone_mappings/unsaid.sql").execute(&self.pg).await?.rows_affected())
    }
}
