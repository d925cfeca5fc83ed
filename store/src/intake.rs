//! One transaction that stores a batch of events with their effect on the source. A batch takes as many statements as a
//! single event.
//!
//! Every transaction takes its locks in one order: the events' keys, the calls, the callers, each sorted. So two
//! batches with common keys never deadlock.

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

/// An event to record.
#[derive(Debug)]
pub struct Event<'a> {
    /// The same for each repetition of an event.
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
    /// When caller and agent were in contact, as far as the event says.
    pub heard_at: Option<Timestamp>,
}

/// The extent of a call's erasure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Erased {
    /// The whole call.
    Call,
    /// The caller's identity and the conversation.
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

/// A call that a parked event is about.
#[derive(Debug)]
#[expect(missing_docs, reason = "as in `Event`")]
pub struct CallMention<'a> {
    pub vapi_call_id: Option<&'a str>,
    pub org: OrgId,
    pub phone: Option<String>,
    pub heard_at: Option<Timestamp>,
}

/// The state of a call, and its row.
#[derive(Debug)]
#[expect(missing_docs, reason = "the columns of calls")]
pub struct CallRow<'a> {
    pub org: OrgId,
    /// All that is known of the call; the next event is merged into it.
    pub state: Value,
    /// The caller, as a key of [`Callers`]; a call that has a contact keeps it.
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
    /// When the call was first heard of; `None` is now.
    pub created_at: Option<Timestamp>,
    /// Vapi's id of the assistant. Its direction is the default for a call without one.
    pub assistant_id: Option<&'a str>,
}

/// Callers by org and the [`PhoneNumber::key`](readmodel::phone::PhoneNumber::key) of their phone.
pub type Callers = BTreeMap<(OrgId, String), Caller>;

/// A caller's contact, as the calls describe it.
#[derive(Debug)]
pub struct Caller {
    /// The phone, for a new contact.
    pub phone: String,
    /// The digits that all spellings of the phone share, if there are several spellings.
    pub digits: Option<String>,
    /// The name, for a contact without one.
    pub name: Option<String>,
    /// When the caller was last in contact; `None` is now.
    pub at: Option<Timestamp>,
}

/// The result of recording an event.
#[derive(Clone, Copy, Debug)]
pub enum Recorded {
    /// It is new. The org is `None` if no map has it or two orgs claim it; then the part that is erased.
    New(Receipt, Option<OrgId>, Option<Erased>),
    /// It was recorded before, with this receipt.
    Duplicate(Receipt),
}

/// The limit of a lock wait in a transaction of the intake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockWait {
    /// Only as long as our own transactions take to commit, then [`Error::is_blocked`]. A row that another program
    /// holds must not stop the others' events.
    Brief,
    /// As long as it takes.
    Unlimited,
}

impl LockWait {
    const fn begin(self) -> &'static str {
        match self {
            Self::Brief => "begin; set local lock_timeout = '100ms'",
            Self::Unlimited => "begin",
        }
    }
}

/// The order of the contacts' writes: in one statement, or one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContactWrites {
    /// In one statement. A refused contact fails the transaction.
    Together,
    /// One by one. A call whose contact is refused gets the known contact, or none.
    OneByOne,
}

/// Contacts by org and key, and the SQLSTATEs of the refused ones.
#[derive(Debug, Default)]
struct Contacts {
    known: HashMap<(OrgId, String), Uuid>,
    refused: Vec<String>,
}

/// An open transaction of the intake.
#[derive(Debug)]
pub struct IntakeTransaction(WarmSession);

impl Store {
    /// Opens a transaction.
    pub async fn intake(&self, lock_wait: LockWait) -> Result<IntakeTransaction, Error> {
        Ok(IntakeTransaction(self.warm.begin(lock_wait.begin()).await?))
    }

    /// The assistant that answers one of our numbers, found by Vapi's id of the number or any of its spellings.
    pub async fn assistant_of(
        &self,
        phone_number_id: Option<&str>,
        spellings: &[String],
    ) -> Result<Option<String>, Error> {
        let row = sqlx::query_file!("queries/intake/assistant.sql", phone_number_id, spellings);
        Ok(row.fetch_optional(&self.ringing).await?.map(|row| row.assistant_id))
    }
}

impl IntakeTransaction {
    /// Records events, each key once, and returns the result of each. The second of two with the same key is a
    /// duplicate.
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

    /// Records the bodies of repeated events again whose first body was dropped before their org was known.
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

    /// The states of calls, with their orgs. Locks the calls until this transaction ends.
    pub async fn call_states(&mut self, calls: &BTreeSet<&str>) -> Result<HashMap<String, (OrgId, Value)>, Error> {
        let calls: Vec<_> = calls.iter().copied().collect();
        self.lock(calls.iter().map(|call| format!("call {call}")).collect()).await?;
        let rows = sqlx::query_file!("queries/intake/call_states.sql", &calls as &[&str]);
        let rows = rows.fetch_all(&mut *self.0).await?;
        Ok(rows.into_iter().map(|row| (row.vapi_call_id, (OrgId(row.org_id), row.state))).collect())
    }

    /// Stores the states of calls, each named once, and writes the rows of calls and callers. Returns the SQLSTATEs of
    /// refused contacts, with [`ContactWrites::OneByOne`].
    pub async fn write_calls(
        &mut self,
        calls: &[CallRow<'_>],
        callers: &Callers,
        writes: ContactWrites,
    ) -> Result<Vec<String>, Error> {
        self.keep_call_states(calls).await?;
        let contacts = self.contacts(callers, writes).await?;
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

    /// The callers' contacts, found by phone or created. The lock makes two simultaneous calls from a new number create
    /// one.
    async fn contacts(&mut self, callers: &Callers, writes: ContactWrites) -> Result<Contacts, Error> {
        if callers.is_empty() {
            return Ok(Contacts::default());
        }
        self.lock(callers.keys().map(|(org, key)| format!("phone {org} {key}")).collect()).await?;
        let callers: Vec<_> = callers.iter().collect();
        match writes {
            ContactWrites::Together => {
                Ok(Contacts { known: self.write_contacts(&callers).await?, refused: Vec::new() })
            }
            ContactWrites::OneByOne => self.contacts_one_by_one(&callers).await,
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
        Ok(found.fetch_one(&mut *self.0).await?)
    }

    /// Parks events of this transaction for a while, because the source refuses their effect.
    pub async fn park(&mut self, dedupe_keys: &[&str], pause: Duration) -> Result<(), Error> {
        sqlx::query_file!("queries/intake/park.sql", dedupe_keys as &[&str], pause.as_secs_f64())
            .execute(&mut *self.0)
            .await?;
        Ok(())
    }

    /// The erased part of each call, in the order of the arguments.
    pub async fn erased(&mut self, mentions: &[CallMention<'_>]) -> Result<Vec<Option<Erased>>, Error> {
        if mentions.is_empty() {
            return Ok(Vec::new());
        }
        let rows = sqlx::query_file_scalar!(
            "queries/intake/erased.sql",
            &column(mentions, |mention| mention.vapi_call_id) as &[Option<&str>],
            &column(mentions, |mention| mention.org.0),
            &column(mentions, |mention| mention.phone.as_deref()) as &[Option<&str>],
            &column(mentions, |mention| mention.heard_at.map(PgTime)) as &[Option<PgTime>]
        );
        let rows = rows.fetch_all(&mut *self.0).await?;
        Ok(rows.iter().map(|erased| Erased::parse(erased.as_deref())).collect())
    }

    /// Drops the erased parts of events' bodies.
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

    /// Locks names until this transaction ends.
    async fn lock(&mut self, things: Vec<String>) -> Result<(), Error> {
        sqlx::query_file!("queries/intake/lock.sql", &things).fetch_all(&mut *self.0).await?;
        Ok(())
    }

    /// The connection, for statements of other modules in this transaction.
    pub(crate) fn connection(&mut self) -> &mut PgConnection {
        &mut self.0
    }

    /// Commits. The events are on disk when this returns.
    pub async fn commit(self) -> Result<(), Error> {
        self.0.commit().await
    }

    /// Rolls back.
    pub async fn roll_back(self) {
        self.0.roll_back().await;
    }
}

/// One field of all rows, as an array argument.
fn column<'a, R, T>(rows: &'a [R], field: impl FnMut(&'a R) -> T) -> Vec<T> {
    rows.iter().map(field).collect()
}
