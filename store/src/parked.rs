//! Events of assistants and numbers that were unknown when the events came.

use std::time::Duration;

use readmodel::{ids::OrgId, time::Timestamp};
use serde_json::Value;

use crate::{Error, Store, instant::PgTime, intake::IntakeTransaction};

/// Assistants and numbers that parked events wait for and that our maps have by now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assignable {
    /// Vapi's ids of the assistants.
    pub assistants: Vec<String>,
    /// Vapi's ids of the numbers.
    pub numbers: Vec<String>,
}

/// An event that has been assigned to its org.
#[derive(Debug)]
pub struct Unparked {
    /// Its place in the order of arrival.
    pub id: i64,
    /// Its org.
    pub org: OrgId,
    /// The time of its arrival.
    pub received_at: Timestamp,
    /// The stored body.
    pub body: Value,
}

/// Counts of Vapi's ids that rows of more than one org name. Their events are parked, since they belong to neither org.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contested {
    /// Assistants.
    pub assistants: i64,
    /// Phone numbers.
    pub numbers: i64,
}

impl Assignable {
    /// Whether no parked event can be assigned.
    pub fn is_empty(&self) -> bool {
        self.assistants.is_empty() && self.numbers.is_empty()
    }
}

impl Store {
    /// The assistants and numbers that parked events wait for and that our maps have.
    pub async fn assignable_parked(&self) -> Result<Assignable, Error> {
        Ok(sqlx::query_file_as!(Assignable, "queries/parked/assignable.sql").fetch_one(&self.pg).await?)
    }

    /// Leaves parked events alone for a while, because their effect could not be written.
    pub async fn defer_parked(&self, events: &[i64], pause: Duration) -> Result<(), Error> {
        sqlx::query_file!("queries/parked/defer.sql", events, pause.as_secs_f64()).execute(&self.pg).await?;
        Ok(())
    }

    /// Counts the ids that more than one org claims. Reads all agents and numbers.
    pub async fn contested(&self) -> Result<Contested, Error> {
        Ok(sqlx::query_file_as!(Contested, "queries/parked/contested.sql").fetch_one(&self.pg).await?)
    }
}

impl IntakeTransaction {
    /// Assigns parked events to their orgs, the oldest first. The caller writes their effect in this transaction.
    pub async fn unpark(&mut self, assignable: &Assignable, events: i64, bytes: i64) -> Result<Vec<Unparked>, Error> {
        let rows =
            sqlx::query_file!("queries/parked/unpark.sql", &assignable.assistants, &assignable.numbers, events, bytes);
        let rows = rows.fetch_all(self.connection()).await?;
        let unparked = rows.into_iter().map(|row| Unparked {
            id: row.id,
            org: OrgId(row.org_id),
            received_at: row.received_at.0,
            body: row.body,
        });
        let mut unparked: Vec<_> = unparked.collect();
        unparked.sort_unstable_by_key(|event| event.id);
        Ok(unparked)
    }
}
