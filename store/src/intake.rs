//! Intake: an event and its effect on the source, in one transaction.

use bigdecimal::BigDecimal;
use readmodel::{ids::OrgId, time::Timestamp, version::Receipt};
use serde_json::Value;
use sqlx::{PgConnection, Postgres, Transaction};
use uuid::Uuid;

use crate::{Error, Store, instant::PgTime};

/// An event as it is recorded.
#[derive(Debug)]
pub struct Event<'a> {
    /// One event, however often it is sent.
    pub dedupe_key: &'a str,
    /// Vapi's `message.type`.
    pub kind: &'a str,
    /// Vapi's id of the call.
    pub vapi_call_id: Option<&'a str>,
    /// Vapi's id of the assistant.
    pub assistant_id: Option<&'a str>,
    /// Vapi's id of our phone number.
    pub phone_number_id: Option<&'a str>,
    /// As received, secrets redacted.
    pub body: &'a Value,
}

/// What the row of a call is to show.
#[derive(Debug)]
#[expect(missing_docs, reason = "the columns of calls")]
pub struct CallRow<'a> {
    pub vapi_call_id: &'a str,
    pub phone_number: Option<&'a str>,
    pub caller_name: Option<&'a str>,
    pub call_direction: Option<&'a str>,
    pub status: Option<&'a str>,
    pub duration_seconds: Option<i32>,
    pub sentiment_label: Option<&'a str>,
    pub sentiment_score: Option<&'a BigDecimal>,
    pub summary: Option<&'a str>,
    pub ended_reason: Option<&'a str>,
    pub cost_cents: Option<i32>,
    pub is_test_call: bool,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    /// Vapi's id of the assistant, whose direction decides where the call has none.
    pub assistant_id: Option<&'a str>,
}

/// What became of an event when it was recorded.
#[derive(Debug)]
pub enum Recorded {
    /// It is new. Its org, unless no map of ours has it.
    New(Receipt, Option<OrgId>),
    /// It was taken before, with this receipt.
    Duplicate(Receipt),
}

/// An open transaction of the intake.
#[derive(Debug)]
pub struct Intake(Transaction<'static, Postgres>);

impl Store {
    /// Opens a transaction that takes one event.
    pub async fn intake(&self) -> Result<Intake, Error> {
        Ok(Intake(self.pg.begin().await?))
    }

    /// Tells the workers that something is owed.
    pub async fn ring(&self) -> Result<(), Error> {
        sqlx::query_file!("queries/intake/ring.sql").fetch_one(&self.pg).await?;
        Ok(())
    }

    /// The assistant that takes the calls of one of our numbers.
    pub async fn assistant_of(
        &self,
        phone_number_id: Option<&str>,
        phone_number: Option<&str>,
    ) -> Result<Option<String>, Error> {
        let row = sqlx::query_file!("queries/intake/assistant.sql", phone_number_id, phone_number);
        Ok(row.fetch_optional(&self.pg).await?.map(|row| row.assistant_id))
    }
}

impl Intake {
    /// Records an event, once.
    pub async fn record(&mut self, event: &Event<'_>) -> Result<Recorded, Error> {
        let taken = sqlx::query_file!(
            "queries/intake/record.sql",
            event.dedupe_key,
            event.kind,
            event.vapi_call_id,
            event.assistant_id,
            event.phone_number_id,
            event.body
        )
        .fetch_optional(&mut *self.0)
        .await?;
        if let Some(row) = taken {
            return Ok(Recorded::New(Receipt { epoch: row.epoch, xid: row.xid }, row.org_id.map(OrgId)));
        }
        let row = sqlx::query_file!("queries/intake/receipt.sql", event.dedupe_key).fetch_one(&mut *self.0).await?;
        Ok(Recorded::Duplicate(Receipt { epoch: row.epoch, xid: row.xid }))
    }

    /// What is known of a call, and whose it is. No other transaction learns anything of the call until this one ends.
    pub async fn call_state(&mut self, vapi_call_id: &str) -> Result<Option<(OrgId, Value)>, Error> {
        lock(&mut self.0, &format!("call {vapi_call_id}")).await?;
        let row = sqlx::query_file!("queries/intake/call_state.sql", vapi_call_id).fetch_optional(&mut *self.0).await?;
        Ok(row.map(|row| (OrgId(row.org_id), row.state)))
    }

    /// Keeps what is known of a call, and shows it in the source: the call's row and its caller's.
    pub async fn write_call(&mut self, org: OrgId, state: &Value, call: &CallRow<'_>) -> Result<(), Error> {
        sqlx::query_file!("queries/intake/keep_call_state.sql", call.vapi_call_id, org.0, state)
            .execute(&mut *self.0)
            .await?;
        let contact = match call.phone_number {
            Some(phone) => Some(contact(&mut self.0, org, phone, call).await?),
            None => None,
        };
        sqlx::query_file!(
            "queries/intake/write_call.sql",
            org.0,
            contact,
            call.vapi_call_id,
            call.phone_number,
            call.call_direction,
            call.status,
            call.duration_seconds,
            call.sentiment_label,
            call.sentiment_score,
            call.summary,
            call.ended_reason,
            call.cost_cents,
            call.is_test_call,
            call.started_at.map(PgTime) as Option<PgTime>,
            call.ended_at.map(PgTime) as Option<PgTime>,
            call.assistant_id
        )
        .execute(&mut *self.0)
        .await?;
        Ok(())
    }

    /// Commits. Once this returns, what was taken is on disk.
    pub async fn commit(self) -> Result<(), Error> {
        Ok(self.0.commit().await?)
    }
}

/// The caller among the org's contacts, found by phone or made. Two calls from a new number at once make one contact.
async fn contact(connection: &mut PgConnection, org: OrgId, phone: &str, call: &CallRow<'_>) -> Result<Uuid, Error> {
    lock(connection, &format!("phone {org} {phone}")).await?;
    let at = call.ended_at.or(call.started_at).map(PgTime);
    let found = sqlx::query_file!("queries/intake/contact.sql", org.0, phone).fetch_optional(&mut *connection).await?;
    if let Some(row) = found {
        sqlx::query_file!("queries/intake/touch_contact.sql", row.id, at as Option<PgTime>, call.caller_name)
            .execute(connection)
            .await?;
        return Ok(row.id);
    }
    let row =
        sqlx::query_file!("queries/intake/create_contact.sql", org.0, call.caller_name, phone, at as Option<PgTime>)
            .fetch_one(connection)
            .await?;
    Ok(row.id)
}

async fn lock(connection: &mut PgConnection, what: &str) -> Result<(), Error> {
    sqlx::query_file!("queries/intake/lock.sql", what).fetch_one(connection).await?;
    Ok(())
}
