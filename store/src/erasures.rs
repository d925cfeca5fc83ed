//! Erasures: what was deleted from the source is removed from all that was made of it, and does not come back.
//!
//! A deletion makes its erasure owed in the same transaction, by a trigger, and buries names of what was deleted, as keyed
//! hashes: whatever is told later of what they stand for is not taken.

use std::{collections::BTreeMap, time::Duration};

use readmodel::{
    ids::{ContactId, OrgId},
    phone::PhoneNumber,
    time::Timestamp,
    version::Version,
};
use serde_json::Value;
use sqlx::PgConnection;

use crate::{Error, Store, events::KEYS_KEPT, instant::PgTime};

/// Calls of which one transaction removes what is known.
const CALLS: i32 = 100;
/// Erasures that are looked at in one go.
const LOOKS: i64 = 1000;
/// How long it is known what an erasure has removed.
const KEPT: Duration = Duration::from_hours(24);

/// An org of which an older edition may show what is erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Which.
    pub org: OrgId,
    /// The latest erasure that is meant.
    id: i64,
    /// There is no such org any more.
    pub is_gone: bool,
    /// The newest version was made after the erasure.
    pub is_current: bool,
    /// The newest version.
    pub version: Version,
}

/// Rows by place.
pub type Removed = BTreeMap<String, i64>;

/// What somebody asks to be erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// An org with all it has.
    Org(OrgId),
    /// A contact, and who it is in its calls.
    Contact(ContactId),
    /// The people behind a phone number, in all orgs.
    Phone(PhoneNumber),
}

/// What a request to erase is about, looked up before it is done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    contacts: Vec<ContactId>,
    spellings: Vec<String>,
    names: Vec<String>,
    org: Option<OrgId>,
    is_org: bool,
    /// What the source has of it.
    pub rows: Removed,
}

/// A request that is committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requested {
    xid: String,
    /// What was removed from the source.
    pub removed: Removed,
}

/// How far a request has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// What was removed from what was made of the source.
    pub removed: Removed,
    /// Orgs of which Postgres still holds something.
    pub unerased: Vec<OrgId>,
    /// Orgs of which an edition, here or in Redis, still shows something.
    pub shown: Vec<OrgId>,
}

/// Erasures that are owed.
impl Store {
    /// Removes from Postgres what is owed; returns whether there was anything. A kill in between leaves the rest.
    pub async fn erase_owed(&self) -> Result<bool, Error> {
        let owed = sqlx::query_file_scalar!("queries/erasures/owed.sql", LOOKS).fetch_all(&self.pg).await?;
        for id in &owed {
            while self.erase_some(*id).await? == Some(false) {}
        }
        Ok(!owed.is_empty())
    }

    async fn erase_some(&self, id: i64) -> Result<Option<bool>, Error> {
        Ok(sqlx::query_file_scalar!("queries/erasures/erase.sql", id, CALLS).fetch_one(&self.pg).await?)
    }

    /// Orgs of which an older edition may show what is erased.
    pub async fn erasures_shown(&self) -> Result<Vec<Shown>, Error> {
        let rows = sqlx::query_file!("queries/erasures/shown.sql", LOOKS).fetch_all(&self.pg).await?;
        let shown = rows.into_iter().map(|row| Shown {
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

    /// No copy shows it any more.
    pub async fn note_erased(&self, shown: &Shown) -> Result<(), Error> {
        sqlx::query_file!("queries/erasures/done.sql", shown.org.0, shown.id).execute(&self.pg).await?;
        Ok(())
    }

    /// Forgets erasures that were done, and tombstones that are older than any message that may still come.
    pub async fn prune_erasures(&self) -> Result<(), Error> {
        let (done, buried) = (KEPT.as_secs_f64(), KEYS_KEPT.as_secs_f64());
        sqlx::query_file!("queries/erasures/prune.sql", done, buried).execute(&self.pg).await?;
        Ok(())
    }
}

/// What older versions may show.
impl Store {
    /// Whether a version that was made at an instant may show what has been erased since. In doubt it may.
    pub async fn hides(&self, org: OrgId, made_at: Timestamp) -> Result<bool, Error> {
        let kept = KEPT.as_secs_f64();
        let hides = sqlx::query_file_scalar!("queries/erasures/hides.sql", org.0, PgTime(made_at) as _, kept);
        Ok(hides.fetch_one(&self.pg).await?)
    }
}

/// The erasures that are owed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backlog {
    /// How many; counting ends at some thousands.
    pub erasures: i64,
    /// Seconds since the oldest was requested; 0 without any.
    pub oldest_seconds: f64,
}

impl Store {
    /// Counts the erasures that are owed.
    pub async fn erasure_backlog(&self) -> Result<Backlog, Error> {
        Ok(sqlx::query_file_as!(Backlog, "queries/erasures/backlog.sql").fetch_one(&self.pg).await?)
    }
}

/// Requests.
impl Store {
    /// What there is of a subject. None: there is no such org, or contact.
    pub async fn find_to_erase(&self, subject: &Subject) -> Result<Option<Found>, Error> {
        match subject {
            Subject::Org(org) => self.find_org(*org).await,
            Subject::Contact(contact) => self.find_contact(*contact).await,
            Subject::Phone(number) => Ok(Some(self.find_callers(number).await?)),
        }
    }

    async fn find_org(&self, org: OrgId) -> Result<Option<Found>, Error> {
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
            Found { org: Some(org), is_org: true, rows, ..Found::default() }
        }))
    }

    /// A number that another contact of the org has too says nothing of this one.
    async fn find_contact(&self, contact: ContactId) -> Result<Option<Found>, Error> {
        let row = sqlx::query_file!("queries/erasures/find_contact.sql", contact.0).fetch_optional(&self.pg).await?;
        let Some(row) = row else { return Ok(None) };
        let number = row.phone.as_deref().filter(|_| !row.is_shared).map(PhoneNumber::parse);
        let key = number.as_ref().and_then(PhoneNumber::key);
        Ok(Some(Found {
            contacts: vec![contact],
            spellings: number.as_ref().map(PhoneNumber::spellings).unwrap_or_default(),
            names: key.into_iter().map(|key| format!("phone {} {key}", row.org_id)).collect(),
            org: Some(OrgId(row.org_id)),
            is_org: false,
            rows: [("contacts".to_owned(), 1)].into(),
        }))
    }

    async fn find_callers(&self, number: &PhoneNumber) -> Result<Found, Error> {
        let spellings = number.spellings();
        let rows = sqlx::query_file!("queries/erasures/find_callers.sql", &spellings).fetch_all(&self.pg).await?;
        Ok(Found {
            rows: [("contacts".to_owned(), i64::try_from(rows.len()).unwrap_or(i64::MAX))].into(),
            contacts: rows.iter().map(|row| ContactId(row.id)).collect(),
            spellings,
            names: number.key().into_iter().map(|key| format!("phone * {key}")).collect(),
            org: None,
            is_org: false,
        })
    }

    /// Deletes from the source what was found, and makes the rest owed.
    pub async fn request_erasure(&self, found: &Found) -> Result<Requested, Error> {
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
        Ok(Requested { xid, removed })
    }

    /// How far a request has come.
    pub async fn erasure_progress(&self, requested: &Requested) -> Result<Progress, Error> {
        let rows = sqlx::query_file!("queries/erasures/of_transaction.sql", requested.xid).fetch_all(&self.pg).await?;
        let mut progress = Progress::default();
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

impl Progress {
    /// Whether nothing is owed any more.
    pub fn is_done(&self) -> bool {
        self.unerased.is_empty() && self.shown.is_empty()
    }
}

async fn erase_callers(connection: &mut PgConnection, found: &Found) -> Result<Removed, Error> {
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
