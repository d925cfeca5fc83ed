//! The transaction of a rebuild: one REPEATABLE READ snapshot that all models are read from and all blobs are written
//! by. Of two that overlap, the one that comes second gets [`Error::Superseded`] and leaves nothing behind.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use readmodel::{
    activity::Activity,
    blob::Blob,
    calls::Calls,
    edition::Edition,
    ids::{ContactId, Installation, OrgId},
    model::{Format, Model, Models},
    time::{Calendar, Clock, Timestamp},
    version::Version,
};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    Error, Store, activity, calls,
    installation::renew_or_go_without,
    instant::PgTime,
    leads, maintenance, marks, orgs, pulse,
    redis::Base,
    rows::{Rows, Touched},
    sessions::WarmSession,
};

/// The part of the tables under the models that a rebuild makes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// The rows that marks name.
    Touched,
    /// Everything, from the source alone.
    Everything,
}

/// An open snapshot of one org.
#[derive(Debug)]
pub struct Snapshot {
    session: WarmSession,
    /// By the process' own clock: the database's may jump meanwhile, and what a rebuild took decides how long its org rests.
    began: Instant,
    /// The database that it is of.
    pub installation: Installation,
    /// The org.
    pub org: OrgId,
    /// The instant that the models are true for.
    pub as_of: Timestamp,
    /// The version that the org is at; [`Version::NONE`] before the first.
    pub base: Base,
    /// The version that this snapshot makes.
    pub version: Version,
    /// Whether the org exists.
    pub known: bool,
    /// The org's time zone, where no zone has that name: its days are those of UTC.
    pub unknown_zone: Option<String>,
    format: Format,
    calendar: Calendar,
    touched: Option<Touched>,
}

/// The effect of a committed snapshot.
#[derive(Debug)]
pub struct Committed {
    /// The models with a blob whose bytes differ from the version before.
    pub changed: Vec<Model>,
    /// When the oldest change that it took in was committed, where Postgres tracks that.
    pub changed_at: Option<Timestamp>,
}

/// A rebuild that touches so many leads is told in the log. Imports are listed up to a hundred rows a statement, so mostly it is
/// one number that many contacts share: each of its calls changes all of their leads.
const MANY_LEADS: i32 = 1_000;

/// Between two lines about that in a process' log: each event of such an org would write one.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// The commit of a rebuild is waited for, whatever the session's default: a version may be announced only once it is
/// on disk.
const BEGIN: &str = "begin isolation level repeatable read; set local synchronous_commit = on";

impl Store {
    /// Opens a snapshot of an org, and brings what its models are read from up to date. Its first statement fixes what it
    /// sees; a lease is taken before, never inside. Nothing is made from a copy of a database before it has been taken into
    /// use: its versions would be those that the original makes.
    pub async fn snapshot(&self, org: OrgId, clock: Clock, extent: Extent) -> Result<Snapshot, Error> {
        if let Some(snapshot) = self.snapshot_of_original(org, clock, extent).await? {
            return Ok(snapshot);
        }
        renew_or_go_without(self).await;
        self.snapshot_of_original(org, clock, extent).await?.ok_or(Error::Copy)
    }

    /// `None`: the database is a copy.
    async fn snapshot_of_original(&self, org: OrgId, clock: Clock, extent: Extent) -> Result<Option<Snapshot>, Error> {
        let mut session = self.warm.begin(BEGIN).await?;
        let began = Instant::now();
        match open(&mut session, org, clock, extent).await {
            Ok(Some(opened)) if opened.is_original => Ok(Some(self.opened(session, began, org, opened))),
            Ok(_) => {
                session.roll_back().await;
                Ok(None)
            }
            Err(error) => {
                session.roll_back().await;
                Err(error.of_rebuild())
            }
        }
    }

    fn opened(&self, session: WarmSession, began: Instant, org: OrgId, mut opened: Opened) -> Snapshot {
        let touched = opened.touched();
        let base = opened.base();
        let calendar = Calendar::of(opened.timezone.as_deref());
        Snapshot {
            session,
            began,
            installation: Installation(opened.installation),
            org,
            as_of: opened.as_of.into(),
            base,
            version: base.version.next(opened.epoch),
            format: self.format,
            known: opened.known,
            unknown_zone: opened.timezone.filter(|_| !calendar.is_known()),
            calendar,
            touched,
        }
    }
}

/// The row of a snapshot's first statement.
struct Opened {
    as_of: PgTime,
    installation: Uuid,
    epoch: i64,
    is_original: bool,
    known: bool,
    timezone: Option<String>,
    base_epoch: Option<i64>,
    base_n: Option<i64>,
    base_as_of: Option<PgTime>,
    leads: Option<i32>,
    is_listed: bool,
    contacts: Option<Vec<Uuid>>,
    instants: Option<Vec<PgTime>>,
    appointments: bool,
    first: Option<i64>,
    is_hot: bool,
}

impl Opened {
    fn base(&self) -> Base {
        let version = match (self.base_epoch, self.base_n) {
            (Some(epoch), Some(n)) => Version { epoch, n },
            _ => Version::NONE,
        };
        Base { version, as_of: self.base_as_of.map(Into::into) }
    }

    fn touched(&mut self) -> Option<Touched> {
        let (contacts, instants) = self.contacts.take().zip(self.instants.take()).filter(|_| self.is_listed)?;
        Some(Touched {
            contacts: contacts.into_iter().map(ContactId).collect(),
            instants: instants.into_iter().map(Timestamp::from).collect(),
            appointments: self.appointments,
            first: self.first,
            is_hot: self.is_hot,
        })
    }
}

/// `None`: the database has no installation.
async fn open(session: &mut PgConnection, org: OrgId, clock: Clock, extent: Extent) -> Result<Option<Opened>, Error> {
    let pinned = clock.pinned().map(PgTime);
    let touched = extent == Extent::Touched;
    let opened = sqlx::query_file_as!(Opened, "queries/snapshot/open.sql", org.0, pinned as Option<PgTime>, touched)
        .fetch_optional(&mut *session)
        .await?;
    let Some(opened) = opened else { return Ok(None) };
    if extent == Extent::Everything && opened.known {
        maintenance::maintain_anew(session, org, opened.as_of.into()).await?;
    }
    tracing::debug!(%org, leads = opened.leads, "maintained");
    if let Some(leads) = opened.leads.filter(|leads| *leads >= MANY_LEADS) {
        tell_of_many_leads(org, leads);
    }
    Ok(Some(opened))
}

fn tell_of_many_leads(org: OrgId, leads: i32) {
    static TOLD: Mutex<Option<Instant>> = Mutex::new(None);
    let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    if told.is_none_or(|at| at.elapsed() > TOLD_EVERY) {
        *told = Some(Instant::now());
        tracing::info!(%org, leads, "a rebuild touched many leads: contacts that share a number make each of its calls dear");
    }
}

impl Snapshot {
    /// All models of the snapshot, given the rows of the version that it builds upon if they are known, and the first instant
    /// at which a model would differ by time alone.
    pub async fn models(&mut self, before: Option<&Rows>) -> Result<(Models, Rows, Option<Timestamp>), Error> {
        let Self { session, org, as_of, touched, .. } = self;
        let (org, as_of) = (*org, *as_of);
        let before = before.zip(touched.as_ref());
        let (leads, shown) = leads::top(session, org, before.map(|(rows, touched)| (&rows.leads, touched))).await?;
        let chart = before.map(|(rows, touched)| (rows.hours.as_slice(), touched));
        let (pulse, hours, pulse_deadline) = pulse::read(session, org, as_of, &self.calendar, chart).await?;
        let newest = calls::newest(session, org, before.map(|(rows, touched)| (&rows.newest, touched))).await?;
        let rows = activity::read(session, org, before.map(|(rows, touched)| (&rows.activity, touched))).await?;
        let both = newest.of_both();
        let next_change_at = [shown.deadline, pulse_deadline].into_iter().flatten().min();
        let models = Models {
            activity: Activity::of(&both, rows.leads.clone(), rows.appointments.clone()),
            calls: Calls::first(both.into_iter().cloned(), pulse.total_calls),
            calls_inbound: Calls::first(newest.inbound.iter().cloned(), pulse.inbound_calls),
            calls_outbound: Calls::first(newest.outbound.iter().cloned(), pulse.outbound_calls),
            leads,
            pulse,
        };
        Ok((models, Rows { leads: shown, hours, activity: rows, newest }, next_change_at))
    }

    /// Whether all that has changed since the version before is known. What is kept of that version may be built upon.
    pub const fn is_listed(&self) -> bool {
        self.touched.is_some()
    }

    /// Writes an edition, removes the marks that the snapshot saw, and commits.
    pub async fn commit(mut self, edition: &Edition) -> Result<Committed, Error> {
        match self.write(edition).await {
            Ok(committed) => {
                self.session.commit().await?;
                Ok(committed)
            }
            Err(error) => {
                self.roll_back().await;
                Err(error)
            }
        }
    }

    async fn write(&mut self, edition: &Edition) -> Result<Committed, Error> {
        // Blobs of the version before are there already.
        let blobs: Vec<&Blob> = edition.blobs().iter().filter(|blob| blob.version == edition.version).collect();
        let models: Vec<String> = blobs.iter().map(|blob| blob.model.name().to_owned()).collect();
        let digests: Vec<Vec<u8>> = blobs.iter().map(|blob| blob.digest.0.to_vec()).collect();
        let bytes: Vec<Vec<u8>> = blobs.iter().map(|blob| blob.encode(edition.installation)).collect();
        let row = sqlx::query_file!(
            "queries/snapshot/commit.sql",
            edition.org.0,
            edition.version.epoch,
            edition.version.n,
            PgTime(edition.as_of) as _,
            edition.next_change_at.map(PgTime) as Option<PgTime>,
            self.base.version.epoch,
            self.base.version.n,
            self.format.0,
            &models,
            &digests,
            &bytes,
            self.began.elapsed().as_secs_f64()
        )
        .fetch_one(&mut *self.session)
        .await?;
        if !row.advanced {
            return Err(Error::Superseded);
        }
        let changed = row.written.iter().filter_map(|model| Model::by_name(model)).collect();
        Ok(Committed { changed, changed_at: row.changed_at.map(Timestamp::from) })
    }

    /// Removes all that was made for an org that is gone, and commits; tells whether there was anything.
    pub async fn forget(mut self) -> Result<bool, Error> {
        let connection = &mut *self.session;
        let existed = orgs::forget(connection, self.org).await?;
        marks::remove(connection, self.org).await?;
        self.session.commit().await?;
        Ok(existed)
    }

    /// Leaves everything as it was.
    pub async fn roll_back(self) {
        self.session.roll_back().await;
    }
}
