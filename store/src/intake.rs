//! Intake: a batch of events and their effect on the source, in one transaction. A batch of many takes as many statements
//! as a batch of one.
//!
//! Every intake waits for others in one order: for the events' keys, then for the calls, then for the callers,
//! each sorted. So two batches that name the same ones never wait for each other in a circle.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

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
    /// The customer's number, by [`PhoneNumber::key`](readmodel::phone::PhoneNumber::key).
    pub phone: Option<String>,
    /// When the two sides were in contact, as far as the event tells.
    pub heard_at: Option<Timestamp>,
}

/// How much of what is told of a call is erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Erased {
    /// All of it.
    Call,
    /// Who called, and what was said.
    Caller,
}

impl Erased {
    fn parse(text: Option<&str>) -> Option<Self> {
        match text? {
            "caller" => Some(Self::Caller),
            _ => Some(Self::Call),
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Caller => "caller",
        }
    }
}

/// A call that a parked event tells of.
#[derive(Debug)]
#[expect(missing_docs, reason = "as those of an event")]
pub struct Told<'a> {
    pub vapi_call_id: Option<&'a str>,
    pub org: OrgId,
    pub phone: Option<String>,
    pub heard_at: Option<Timestamp>,
}

/// The known state of a call, and the row to write.
#[derive(Debug)]
#[expect(missing_docs, reason = "the columns of calls")]
pub struct CallRow<'a> {
    pub org: OrgId,
    /// All that is known, to go on from.
    pub state: Value,
    /// The contact to whom the call belongs, one of the [`Callers`], unless it belongs to one already.
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

/// Who has called, by org and the [`PhoneNumber::key`](readmodel::phone::PhoneNumber::key) of the phone.
pub type Callers = BTreeMap<(OrgId, String), Caller>;

/// What the calls of a caller say of the contact.
#[derive(Debug)]
pub struct Caller {
    /// The phone, for a contact that nobody knew.
    pub phone: String,
    /// The digits that all spellings of the phone share, if it has more than one.
    pub digits: Option<String>,
    /// The name, for a contact that has none.
    pub name: Option<String>,
    /// The latest instant of a contact; `None` is now.
    pub at: Option<Timestamp>,
}

/// What became of an event when it was recorded.
#[derive(Clone, Copy, Debug)]
pub enum Recorded {
    /// It is new. Its org, unless no map of ours has it, or two orgs claim it; and what of it is erased.
    New(Receipt, Option<OrgId>, Option<Erased>),
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

/// The handling of contacts that the source refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Care {
    /// Nothing: the transaction fails. The rule, since it takes the fewest statements.
    None,
    /// Each is written by itself. A call whose contact is refused has the one that is known, or none.
    OfContacts,
}

/// Contacts by org and key, and the SQLSTATEs of those that were refused.
#[derive(Debug, Default)]
struct Contacts {
    known: HashMap<(OrgId, String), Uuid>,
    refused: Vec<String>,
}

/// An open transaction of the intake.
#[derive(Debug)]
pub struct Intake(WarmSession);

impl Store {
    /// Opens a transaction that takes events.
    pub async fn intake(&self, patience: Patience) -> Result<Intake, Error> {
        Ok(Intake(self.warm.begin(patience.begin()).await?))
    }

    /// Rings for the workers, beside the answer: whoever writes need not wait for it, and losing it costs them a poll.
    pub fn ring(&self) {
        let warm = self.warm.clone();
        tokio::spawn(async move {
            let rung = sqlx::query_file!("queries/intake/ring.sql").fetch_one(&warm).await;
            if let Err(error) = rung.map_err(Error::from) {
                tracing::debug!(error = &error as &dyn std::error::Error, "hint");
            }
        });
    }

    /// The assistant that takes the calls of one of our numbers, by Vapi's id of it or any of its spellings.
    pub async fn assistant_of(
        &self,
        phone_number_id: Option<&str>,
        spellings: &[String],
    ) -> Result<Option<String>, Error> {
        let row = sqlx::query_file!("queries/intake/assistant.sql", phone_number_id, spellings);
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
            &column(events, |event| event.body) as &[&str],
            &column(events, |event| event.phone.as_deref()) as &[Option<&str>],
            &column(events, |event| event.heard_at.map(PgTime)) as &[Option<PgTime>]
        )
        .fetch_all(&mut *self.0)
        .await?;
        let mut orgs = HashMap::new();
        let mut receipts = HashMap::new();
        for row in rows {
            orgs.insert(row.dedupe_key.clone(), (row.org_id.map(OrgId), Erased::parse(row.erased.as_deref())));
            receipts.insert(row.dedupe_key, Receipt { epoch: row.epoch, xid: row.xid });
        }
        let again: Vec<_> = events.iter().filter(|event| !receipts.contains_key(event.dedupe_key)).collect();
        for (dedupe_key, receipt, org) in self.refresh(&again).await? {
            orgs.insert(dedupe_key.clone(), (org, None));
            receipts.insert(dedupe_key, receipt);
        }
        let taken_before: BTreeSet<_> = again.iter().map(|event| event.dedupe_key).collect();
        let taken_before: Vec<_> = taken_before.into_iter().filter(|key| !receipts.contains_key(*key)).collect();
        receipts.extend(self.receipts(&taken_before).await?);
        let recorded = events.iter().map(|event| {
            let receipt = *receipts.get(event.dedupe_key).ok_or(Error::Incomplete("an event's receipt"))?;
            Ok(match orgs.remove(event.dedupe_key) {
                Some((org, erased)) => Recorded::New(receipt, org, erased),
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

    /// The known states of calls, and their orgs. No other transaction learns anything of them until this one ends.
    pub async fn call_states(&mut self, calls: &BTreeSet<&str>) -> Result<HashMap<String, (OrgId, Value)>, Error> {
        let calls: Vec<_> = calls.iter().copied().collect();
        self.lock(calls.iter().map(|call| format!("call {call}")).collect()).await?;
        let rows = sqlx::query_file!("queries/intake/call_states.sql", &calls as &[&str]);
        let rows = rows.fetch_all(&mut *self.0).await?;
        Ok(rows.into_iter().map(|row| (row.vapi_call_id, (OrgId(row.org_id), row.state))).collect())
    }

    /// Keeps what is known of calls, each named once, and shows it in the source: the calls' rows and their callers'.
    /// Returns the SQLSTATEs of contacts that the source has refused, where [`Care`] was to be taken.
    pub async fn write_calls(
        &mut self,
        calls: &[CallRow<'_>],
        callers: &Callers,
        care: Care,
    ) -> Result<Vec<String>, Error> {
        self.keep_call_states(calls).await?;
        let contacts = self.contacts(callers, care).await?;
        let contact = |call: &CallRow<'_>| contacts.known.get(&(call.org, call.caller?.to_owned())).copied();
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
        Ok(contacts.refused)
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
    async fn contacts(&mut self, callers: &Callers, care: Care) -> Result<Contacts, Error> {
        if callers.is_empty() {
            return Ok(Contacts::default());
        }
        self.lock(callers.keys().map(|(org, key)| format!("phone {org} {key}")).collect()).await?;
        let callers: Vec<_> = callers.iter().collect();
        match care {
            Care::None => Ok(Contacts { known: self.write_contacts(&callers).await?, refused: Vec::new() }),
            Care::OfContacts => self.contacts_one_by_one(&callers).await,
        }
    }

    async fn contacts_one_by_one(&mut self, callers: &[(&(OrgId, String), &Caller)]) -> Result<Contacts, Error> {
        let mut contacts = Contacts::default();
        for (key, caller) in callers {
            sqlx::raw_sql("savepoint contact").execute(&mut *self.0).await?;
            match self.write_contacts(&[(key, caller)]).await {
                Ok(known) => contacts.known.extend(known),
                Err(error) if error.is_refusal() => {
                    sqlx::raw_sql("rollback to savepoint contact").execute(&mut *self.0).await?;
                    contacts.refused.push(error.sqlstate().unwrap_or_default());
                    let known = self.known_contact(key.0, caller).await?;
                    contacts.known.extend(known.map(|id| ((*key).clone(), id)));
                }
                Err(error) => return Err(error),
            }
            sqlx::raw_sql("release savepoint contact").execute(&mut *self.0).await?;
        }
        Ok(contacts)
    }

    async fn write_contacts(
        &mut self,
        callers: &[(&(OrgId, String), &Caller)],
    ) -> Result<HashMap<(OrgId, String), Uuid>, Error> {
        let rows = sqlx::query_file!(
            "queries/intake/contacts.sql",
            &column(callers, |((org, _), _)| org.0),
            &column(callers, |(_, caller)| caller.phone.as_str()) as &[&str],
            &column(callers, |(_, caller)| caller.digits.as_deref()) as &[Option<&str>],
            &column(callers, |(_, caller)| caller.name.as_deref()) as &[Option<&str>],
            &column(callers, |(_, caller)| caller.at.map(PgTime)) as &[Option<PgTime>]
        )
        .fetch_all(&mut *self.0)
        .await?;
        let ids: HashMap<_, _> = rows.into_iter().map(|row| ((OrgId(row.org_id), row.phone), row.id)).collect();
        let known = callers.iter().filter_map(|(key, caller)| {
            let id = ids.get(&(key.0, caller.phone.clone()))?;
            Some(((*key).clone(), *id))
        });
        Ok(known.collect())
    }

    async fn known_contact(&mut self, org: OrgId, caller: &Caller) -> Result<Option<Uuid>, Error> {
        let Caller { phone, digits, .. } = caller;
        let found = sqlx::query_file_scalar!("queries/intake/known_contact.sql", org.0, phone, digits.as_deref());
        Ok(found.fetch_optional(&mut *self.0).await?)
    }

    /// Parks events that are in this transaction, for some time: the source does not take their effect.
    pub async fn hold_back(&mut self, dedupe_keys: &[&str], pause: Duration) -> Result<(), Error> {
        sqlx::query_file!("queries/intake/hold_back.sql", dedupe_keys as &[&str], pause.as_secs_f64())
            .execute(&mut *self.0)
            .await?;
        Ok(())
    }

    /// The parts of the calls that are erased, in the order of the calls.
    pub async fn erased(&mut self, told: &[Told<'_>]) -> Result<Vec<Option<Erased>>, Error> {
        if told.is_empty() {
            return Ok(Vec::new());
        }
        let rows = sqlx::query_file_scalar!(
            "queries/intake/erased.sql",
            &column(told, |told| told.vapi_call_id) as &[Option<&str>],
            &column(told, |told| told.org.0),
            &column(told, |told| told.phone.as_deref()) as &[Option<&str>],
            &column(told, |told| told.heard_at.map(PgTime)) as &[Option<PgTime>]
        );
        let rows = rows.fetch_all(&mut *self.0).await?;
        Ok(rows.iter().map(|erased| Erased::parse(erased.as_deref())).collect())
    }

    /// Drops the bodies of events that tell of what is erased.
    pub async fn erase_events(&mut self, events: &[(i64, Erased)]) -> Result<(), Error> {
        if events.is_empty() {
            return Ok(());
        }
        sqlx::query_file!(
            "queries/intake/erase_events.sql",
            &column(events, |(id, _)| *id),
            &column(events, |(_, erased)| erased.as_str()) as &[&str]
        )
        .execute(&mut *self.0)
        .await?;
        Ok(())
    }

    /// Another transaction that names one of these things waits until this one has ended.
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
