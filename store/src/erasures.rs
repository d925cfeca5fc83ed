//! Erasures: data deleted from the source is removed from everything derived of it, and stays away.
//!
//! A trigger makes the erasure owed in the transaction of the deletion. It also keeps tombstones, keyed hashes of the
//! deleted calls and people: later events about them are dropped.

use std::{collections::BTreeMap, time::Duration};

use readmodel::{
    ids::{ContactId, OrgId},
    phone::PhoneNumber,
    time::Timestamp,
    version::Version,
};
use serde_json::Value;
use sqlx::PgConnection;

use crate::{Error, Store, events::DEDUPE_KEY_RETENTION, instant::PgTime};

/// Calls whose state one transaction removes.
const CALLS_PER_TRANSACTION: i32 = 100;
/// Erasures that one query returns.
const ERASURES_PER_PASS: i64 = 1000;
/// The retention of a finished erasure's record.
const RECORD_RETENTION: Duration = Duration::from_hours(24);

/// An org whose older editions may still show erased data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShownErasure {
    /// The org.
    pub org: OrgId,
    /// Its latest erasure.
    id: i64,
    /// Whether the org is deleted.
    pub is_gone: bool,
    /// Whether the newest version was made after the erasure.
    pub is_current: bool,
    /// The newest version.
    pub version: Version,
}

/// Removed rows by table.
pub type Removed = BTreeMap<String, i64>;

/// The subject of a request to erase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// An org with all its data.
    Org(OrgId),
    /// A contact, and its traces in calls.
    Contact(ContactId),
    /// The people behind a phone number, in all orgs.
    Phone(PhoneNumber),
}

/// The rows that a request would erase.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErasureTarget {
    contacts: Vec<ContactId>,
    spellings: Vec<String>,
    names: Vec<String>,
    org: Option<OrgId>,
    is_org: bool,
    /// Rows in the source, by table.
    pub rows: Removed,
}

/// A committed request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErasureRequest {
    xid: String,
    /// Rows deleted from the source.
    pub removed: Removed,
}

/// The progress of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErasureProgress {
    /// Derived rows that were removed.
    pub removed: Removed,
    /// Orgs of which Postgres still holds data.
    pub unerased: Vec<OrgId>,
    /// Orgs of which an edition, in a node or in Redis, still shows data.
    pub shown: Vec<OrgId>,
}

/// Owed erasures.
impl Store {
    /// Removes from Postgres what is owed; returns whether anything was. A kill in between leaves the rest owed.
    pub async fn erase_owed(&self) -> Result<bool, Error> {
        let owed = sqlx::query_file_scalar!("queries/erasures/owed.sql", ERASURES_PER_PASS).fetch_all(&self.pg).await?;
        for id in &owed {
            while self.erase_some(*id).await? == Some(false) {}
        }
        Ok(!owed.is_empty())
    }

    async fn erase_some(&self, id: i64) -> Result<Option<bool>, Error> {
        Ok(sqlx::query_file_scalar!("queries/erasures/erase.sql", id, CALLS_PER_TRANSACTION)
            .fetch_one(&self.pg)
            .await?)
    }

    /// Orgs whose older editions may still show erased data.
    pub async fn erasures_shown(&self) -> Result<Vec<ShownErasure>, Error> {
        let rows = sqlx::query_file!("queries/erasures/shown.sql", ERASURES_PER_PASS).fetch_all(&self.pg).await?;
        let shown = rows.into_iter().map(|row| ShownErasure {
            org: OrgId(row.org_id),
            id: row.id,
            is_gone: row.is_gone,
            is_current: row.is_current,
            version: match (row.epoch, row.n) {
                (Some(epoch), Some(n)) => Version { epoch, n },
                _ => Version::NONE,
            },
        });
        Ok(shown.collect())
    }

    /// Records that no copy shows the org's erased data any more.
    pub async fn note_erased(&self, shown: &ShownErasure) -> Result<(), Error> {
        sqlx::query_file!("queries/erasures/done.sql", shown.org.0, shown.id).execute(&self.pg).await?;
        Ok(())
    }

    /// Deletes finished erasures, and tombstones older than any event that can still arrive.
    pub async fn prune_erasures(&self) -> Result<(), Error> {
        let (done, buried) = (RECORD_RETENTION.as_secs_f64(), DEDUPE_KEY_RETENTION.as_secs_f64());
        sqlx::query_file!("queries/erasures/prune.sql", done, buried).execute(&self.pg).await?;
        Ok(())
    }
}

/// Erased data in older versions.
impl Store {
    /// Whether a version made at an instant may show data that was erased since. True in doubt.
    pub async fn may_show_erased(&self, org: OrgId, made_at: Timestamp) -> Result<bool, Error> {
        let kept = RECORD_RETENTION.as_secs_f64();
        let may_show_erased =
            sqlx::query_file_scalar!("queries/erasures/may_show_erased.sql", org.0, PgTime(made_at) as _, kept);
        Ok(may_show_erased.fetch_one(&self.pg).await?)
    }
}

/// Counts of owed erasures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ErasureBacklog {
    /// Owed erasures; the count stops at some thousands.
    pub erasures: i64,
    /// Age of the oldest in seconds; 0 without any.
    pub oldest_seconds: f64,
}

impl Store {
    /// Counts the erasures that are owed.
    pub async fn erasure_backlog(&self) -> Result<ErasureBacklog, Error> {
        Ok(sqlx::query_file_as!(ErasureBacklog, "queries/erasures/backlog.sql").fetch_one(&self.pg).await?)
    }
}

/// Requests.
impl Store {
    /// The rows that a subject has; `None` if there is no such org or contact.
    pub async fn find_to_erase(&self, subject: &Subject) -> Result<Option<ErasureTarget>, Error> {
        match subject {
            Subject::Org(org) => self.find_org(*org).await,
            Subject::Contact(contact) => self.find_contact(*contact).await,
            Subject::Phone(number) => Ok(Some(self.find_callers(number).await?)),
        }
    }

    async fn find_org(&self, org: OrgId) -> Result<Option<ErasureTarget>, Error> {
        let row = sqlx::query_file!("queries/erasures/find_org.sql", org.0).fetch_optional(&self.pg).await?;
        Ok(row.map(|row| {
            let rows = [
                ("contacts", row.contacts),
                ("calls", row.calls),
                ("appointments", row.appointments),
                ("agents", row.agents),
                ("phone_numbers", row.phone_numbers),
            ];
            let rows = rows.map(|(place, rows)| (place.to_owned(), rows)).into();
            ErasureTarget { org: Some(org), is_org: true, rows, ..ErasureTarget::default() }
        }))
    }

    /// Ignores a phone number that the contact shares with another of its org: it does not identify this one.
    async fn find_contact(&self, contact: ContactId) -> Result<Option<ErasureTarget>, Error> {
        let row = sqlx::query_file!("queries/erasures/find_contact.sql", contact.0).fetch_optional(&self.pg).await?;
        let Some(row) = row else { return Ok(None) };
        let number = row.phone.as_deref().filter(|_| !row.is_shared).map(PhoneNumber::parse);
        let key = number.as_ref().and_then(PhoneNumber::key);
        Ok(Some(ErasureTarget {
            contacts: vec![contact],
            spellings: number.as_ref().map(PhoneNumber::spellings).unwrap_or_default(),
            names: key.into_iter().map(|key| format!("phone {} {key}", row.org_id)).collect(),
            org: Some(OrgId(row.org_id)),
            is_org: false,
            rows: [("contacts".to_owned(), 1)].into(),
        }))
    }

    async fn find_callers(&self, number: &PhoneNumber) -> Result<ErasureTarget, Error> {
        let spellings = number.spellings();
        let rows = sqlx::query_file!("queries/erasures/find_callers.sql", &spellings).fetch_all(&self.pg).await?;
        Ok(ErasureTarget {
            rows: [("contacts".to_owned(), i64::try_from(rows.len()).unwrap_or(i64::MAX))].into(),
            contacts: rows.iter().map(|row| ContactId(row.id)).collect(),
            spellings,
            names: number.key().into_iter().map(|key| format!("phone * {key}")).collect(),
            org: None,
            is_org: false,
        })
    }

    /// Deletes the rows from the source, which makes the rest owed.
    pub async fn request_erasure(&self, found: &ErasureTarget) -> Result<ErasureRequest, Error> {
        let mut transaction = self.pg.begin("begin; set local synchronous_commit = on").await?;
        let removed = match found.org.filter(|_| found.is_org) {
            Some(org) => {
                sqlx::query_file!("queries/erasures/delete_org.sql", org.0).execute(&mut *transaction).await?;
                found.rows.clone()
            }
            None => erase_callers(&mut transaction, found).await?,
        };
        let xid = sqlx::query_file_scalar!("queries/erasures/transaction.sql").fetch_one(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(ErasureRequest { xid, removed })
    }

    /// The progress of a request.
    pub async fn erasure_progress(&self, requested: &ErasureRequest) -> Result<ErasureProgress, Error> {
        let rows = sqlx::query_file!("queries/erasures/of_transaction.sql", requested.xid).fetch_all(&self.pg).await?;
        let mut progress = ErasureProgress::default();
        for row in rows {
            for (place, rows) in counts(&row.removed) {
                *progress.removed.entry(place).or_default() += rows;
            }
            match (row.is_erased, row.is_done) {
                (false, _) => progress.unerased.push(OrgId(row.org_id)),
                (true, false) => progress.shown.push(OrgId(row.org_id)),
                (true, true) => {}
            }
        }
        Ok(progress)
    }
}

impl ErasureProgress {
    /// Whether nothing is owed any more.
    pub fn is_done(&self) -> bool {
        self.unerased.is_empty() && self.shown.is_empty()
    }
}

async fn erase_callers(connection: &mut PgConnection, found: &ErasureTarget) -> Result<Removed, Error> {
    let contacts: Vec<_> = found.contacts.iter().map(|contact| contact.0).collect();
    let org = found.org.map(|org| org.0);
    let (spellings, names) = (&found.spellings, &found.names);
    let rows = sqlx::query_file!("queries/erasures/callers.sql", &contacts, spellings, names, org);
    Ok(rows.fetch_all(connection).await?.into_iter().map(|row| (row.place, row.removed)).collect())
}

fn counts(removed: &Value) -> Removed {
    let places = removed.as_object().into_iter().flatten();
    places.filter_map(|(place, rows)| Some((place.clone(), rows.as_i64()?))).collect()
}
