//! Intake: a batch of events and their effect on the source, in one transaction. A batch of many takes as many statements
//! as a batch of one.
//!
//! Whoever takes events waits for others in one order: for the events' keys, then for the calls, then for the callers,
//! each sorted. So two batches that name the same ones never wait for each other in a circle.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bigdecimal::BigDecimal;
use readmodel::{ids::OrgId, time::Timestamp, version::Receipt};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Error, Store, instant::PgTime, sessions::WarmSession};

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
    /// JSON as received, secrets redacted.
    pub body: &'a str,
}

/// What is known of a call, and what its row is to show.
#[derive(Debug)]
#[expect(missing_docs, reason = "the columns of calls")]
pub struct CallRow<'a> {
    pub org: OrgId,
    /// All that is known, to go on from.
    pub state: Value,
    /// The phone of the contact to whom the call belongs, one of the [`Callers`], unless it belongs to one already.
    pub caller: Option<&'a str>,
    pub vapi_call_id: &'a str,
    pub phone_number: Option<&'a str>,
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
    /// When it was first heard of; `None` is now.
    pub created_at: Option<Timestamp>,
    /// Vapi's id of the assistant, whose direction decides where the call has none.
    pub assistant_id: Option<&'a str>,
}

/// Who has called, by org and phone.
pub type Callers = BTreeMap<(OrgId, String), Caller>;

/// What the calls of a caller say of the contact.
#[derive(Debug)]
pub struct Caller {
    /// The name, for a contact that has none.
    pub name: Option<String>,
    /// The latest instant of a contact; `None` is now.
    pub at: Option<Timestamp>,
}

/// What became of an event when it was recorded.
#[derive(Clone, Copy, Debug)]
pub enum Recorded {
    /// It is new. Its org, unless no map of ours has it.
    New(Receipt, Option<OrgId>),
    /// It was taken before, with this receipt.
    Duplicate(Receipt),
}

/// How long a transaction of the intake waits for another's lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// No longer than others of us take to commit: then [`Error::is_blocked`]. Nobody shall wait behind one whose rows
    /// somebody else holds.
    Brief,
    /// As long as it takes.
    Long,
}

impl Patience {
    const fn begin(self) -> &'static str {
        match self {
            Self::Brief => "begin; set local lock_timeout = '100ms'",
            Self::Long => "begin",
        }
    }
}

/// An open transaction of the intake.
#[derive(Debug)]
pub struct Intake(WarmSession);

impl Store {
    /// Opens a transaction that takes events.
    pub async fn intake(&self, patience: Patience) -> Result<Intake, Error> {
        Ok(Intake(self.warm.begin(patience.begin()).await?))
    }

    /// Tells the workers that something is owed.
    pub async fn ring(&self) -> Result<(), Error> {
        sqlx::query_file!("queries/intake/ring.sql").fetch_one(&self.warm).await?;
        Ok(())
    }

    /// The assistant that takes the calls of one of our numbers.
    pub async fn assistant_of(
        &self,
        phone_number_id: Option<&str>,
        phone_number: Option<&str>,
    ) -> Result<Option<String>, Error> {
        let row = sqlx::query_file!("queries/intake/assistant.sql", phone_number_id, phone_number);
        Ok(row.fetch_optional(&self.ringing).await?.map(|row| row.assistant_id))
    }
}

impl Intake {
    /// Records events, each key once, and tells what became of each. Of two with the same key the second is a duplicate.
    pub async fn record(&mut self, events: &[Event<'_>]) -> Result<Vec<Recorded>, Error> {
        let rows = sqlx::query_file!(
            "queries/intake/record.sql",
            &column(events, |event| event.dedupe_key) as &[&str],
            &column(events, |event| event.kind) as &[&str],
            &column(events, |event| event.vapi_call_id) as &[Option<&str>],
            &column(events, |event| event.assistant_id) as &[Option<&str>],
            &column(events, |event| event.phone_number_id) as &[Option<&str>],
            &column(events, |event| event.body) as &[&str]
        )
        .fetch_all(&mut *self.0)
        .await?;
        let mut orgs = HashMap::new();
        let mut receipts = HashMap::new();
        for row in rows {
            orgs.insert(row.dedupe_key.clone(), row.org_id.map(OrgId));
            receipts.insert(row.dedupe_key, Receipt { epoch: row.epoch, xid: row.xid });
        }
        let again: Vec<_> = events.iter().filter(|event| !receipts.contains_key(event.dedupe_key)).collect();
        for (dedupe_key, receipt, org) in self.refresh(&again).await? {
            orgs.insert(dedupe_key.clone(), org);
            receipts.insert(dedupe_key, receipt);
        }
        let taken_before: BTreeSet<_> = again.iter().map(|event| event.dedupe_key).collect();
        let taken_before: Vec<_> = taken_before.into_iter().filter(|key| !receipts.contains_key(*key)).collect();
        receipts.extend(self.receipts(&taken_before).await?);
        let recorded = events.iter().map(|event| {
            let receipt = *receipts.get(event.dedupe_key).ok_or(sqlx::Error::RowNotFound)?;
            Ok(match orgs.remove(event.dedupe_key) {
                Some(org) => Recorded::New(receipt, org),
                None => Recorded::Duplicate(receipt),
            })
        });
        recorded.collect()
    }

    /// Events that were taken before, and whose bodies are gone before anybody knew whose they were.
    async fn refresh(&mut self, events: &[&Event<'_>]) -> Result<Vec<(String, Receipt, Option<OrgId>)>, Error> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let rows = sqlx::query_file!(
            "queries/intake/refresh.sql",
            &column(events, |event| event.dedupe_key) as &[&str],
            &column(events, |event| event.body) as &[&str]
        );
        let rows = rows.fetch_all(&mut *self.0).await?;
        let refreshed = rows
            .into_iter()
            .map(|row| (row.dedupe_key, Receipt { epoch: row.epoch, xid: row.xid }, row.org_id.map(OrgId)));
        Ok(refreshed.collect())
    }

    async fn receipts(&mut self, dedupe_keys: &[&str]) -> Result<HashMap<String, Receipt>, Error> {
        if dedupe_keys.is_empty() {
            return Ok(HashMap::new());
        }
        let rows = sqlx::query_file!("queries/intake/receipts.sql", dedupe_keys as &[&str]);
        let rows = rows.fetch_all(&mut *self.0).await?;
        Ok(rows.into_iter().map(|row| (row.dedupe_key, Receipt { epoch: row.epoch, xid: row.xid })).collect())
    }

    /// What is known of calls, and whose they are. No other transaction learns anything of them until this one ends.
    pub async fn call_states(&mut self, calls: &BTreeSet<&str>) -> Result<HashMap<String, (OrgId, Value)>, Error> {
        let calls: Vec<_> = calls.iter().copied().collect();
        self.lock(calls.iter().map(|call| format!("call {call}")).collect()).await?;
        let rows = sqlx::query_file!("queries/intake/call_states.sql", &calls as &[&str]);
        let rows = rows.fetch_all(&mut *self.0).await?;
        Ok(rows.into_iter().map(|row| (row.vapi_call_id, (OrgId(row.org_id), row.state))).collect())
    }

    /// Keeps what is known of calls, each named once, and shows it in the source: the calls' rows and their callers'.
    pub async fn write_calls(&mut self, calls: &[CallRow<'_>], callers: &Callers) -> Result<(), Error> {
        self.keep_call_states(calls).await?;
        let contacts = if callers.is_empty() { HashMap::new() } else { self.contacts(callers).await? };
        let contact = |call: &CallRow<'_>| contacts.get(&(call.org, call.caller?.to_owned())).copied();
        sqlx::query_file!(
            "queries/intake/write_calls.sql",
            &column(calls, |call| call.org.0),
            &column(calls, contact) as &[Option<Uuid>],
            &column(calls, |call| call.vapi_call_id) as &[&str],
            &column(calls, |call| call.phone_number) as &[Option<&str>],
            &column(calls, |call| call.call_direction) as &[Option<&str>],
            &column(calls, |call| call.status) as &[Option<&str>],
            &column(calls, |call| call.duration_seconds) as &[Option<i32>],
            &column(calls, |call| call.sentiment_label) as &[Option<&str>],
            &column(calls, |call| call.sentiment_score) as &[Option<&BigDecimal>],
            &column(calls, |call| call.summary) as &[Option<&str>],
            &column(calls, |call| call.ended_reason) as &[Option<&str>],
            &column(calls, |call| call.cost_cents) as &[Option<i32>],
            &column(calls, |call| call.is_test_call),
            &column(calls, |call| call.started_at.map(PgTime)) as &[Option<PgTime>],
            &column(calls, |call| call.ended_at.map(PgTime)) as &[Option<PgTime>],
            &column(calls, |call| call.assistant_id) as &[Option<&str>],
            &column(calls, |call| call.created_at.map(PgTime)) as &[Option<PgTime>]
        )
        .execute(&mut *self.0)
        .await?;
        Ok(())
    }

    async fn keep_call_states(&mut self, calls: &[CallRow<'_>]) -> Result<(), Error> {
        sqlx::query_file!(
            "queries/intake/keep_call_states.sql",
            &column(calls, |call| call.vapi_call_id) as &[&str],
            &column(calls, |call| call.org.0),
            &column(calls, |call| &call.state) as &[&Value]
        )
        .execute(&mut *self.0)
        .await?;
        Ok(())
    }

    /// The callers among the contacts of their orgs, found by phone or made. Two calls from a new number at once make one
    /// contact.
    async fn contacts(&mut self, callers: &Callers) -> Result<HashMap<(OrgId, String), Uuid>, Error> {
        self.lock(callers.keys().map(|(org, phone)| format!("phone {org} {phone}")).collect()).await?;
        let callers: Vec<_> = callers.iter().collect();
        let rows = sqlx::query_file!(
            "queries/intake/contacts.sql",
            &column(&callers, |((org, _), _)| org.0),
            &column(&callers, |((_, phone), _)| phone.as_str()) as &[&str],
            &column(&callers, |(_, caller)| caller.name.as_deref()) as &[Option<&str>],
            &column(&callers, |(_, caller)| caller.at.map(PgTime)) as &[Option<PgTime>]
        )
        .fetch_all(&mut *self.0)
        .await?;
        Ok(rows.into_iter().map(|row| ((OrgId(row.org_id), row.phone), row.id)).collect())
    }

    /// Whoever names one of these things as well waits until this transaction has ended.
    async fn lock(&mut self, things: Vec<String>) -> Result<(), Error> {
        sqlx::query_file!("queries/intake/lock.sql", &things).fetch_all(&mut *self.0).await?;
        Ok(())
    }

    /// For what other files ask in this transaction.
    pub(crate) fn connection(&mut self) -> &mut PgConnection {
        &mut self.0
    }

    /// Commits. Once this returns, what was taken is on disk.
    pub async fn commit(self) -> Result<(), Error> {
        self.0.commit().await
    }

    /// Leaves everything as it was.
    pub async fn roll_back(self) {
        self.0.roll_back().await;
    }
}

/// One field of each row, as a query takes it.
fn column<'a, R, T>(rows: &'a [R], field: impl FnMut(&'a R) -> T) -> Vec<T> {
    rows.iter().map(field).collect()
}
