//! The transaction of a rebuild: one REPEATABLE READ snapshot that all models are read from and all blobs are written
//! by. Of two that overlap, the one that comes second gets [`Error::Superseded`] and leaves nothing behind.

use readmodel::{
    calls::Calls,
    edition::Edition,
    ids::OrgId,
    model::Model,
    models::Models,
    time::{Calendar, Clock, Timestamp},
    version::Version,
};
use sqlx::{Postgres, Transaction};

use crate::{Error, Store, activity, blobs, calls, instant::PgTime, leads, maintenance, marks, orgs, pulse, versions};

/// How much of what the models are read from a rebuild makes anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// What the marks say was touched.
    Touched,
    /// Everything, from the source alone.
    Everything,
}

/// An open snapshot of one org.
#[derive(Debug)]
pub struct Snapshot {
    transaction: Transaction<'static, Postgres>,
    /// Whose.
    pub org: OrgId,
    /// The instant that the models are true for.
    pub as_of: Timestamp,
    /// The version that the org is at.
    pub base: Version,
    /// The version that this snapshot makes.
    pub version: Version,
    /// Whether the org exists.
    pub known: bool,
    calendar: Calendar,
}

/// What a committed snapshot has done.
#[derive(Debug)]
pub struct Committed {
    /// The models whose bytes differ from the version before.
    pub changed: Vec<Model>,
    /// When the oldest change that it took in was committed, where Postgres tracks that.
    pub changed_at: Option<Timestamp>,
}

/// The commit of a rebuild is waited for, whatever the session's default: a version may be announced only once it is
/// on disk. A worker that freezes in between loses its snapshot, with what it has locked; and the rebuild of a large org
/// does not go on for minutes after its worker was killed.
const BEGIN: &str = "begin isolation level repeatable read; \
                     set local synchronous_commit = on; \
                     set local idle_in_transaction_session_timeout = '15s'; \
                     set local client_connection_check_interval = '1s'; \
                     set local statement_timeout = '5min'";

impl Store {
    /// Opens a snapshot of an org. Its first statement fixes what it sees; a lease is taken before, never inside.
    pub async fn snapshot(&self, org: OrgId, clock: Clock) -> Result<Snapshot, Error> {
        let mut transaction = self.pg.begin_with(BEGIN).await?;
        let pinned = clock.pinned().map(PgTime);
        let row = sqlx::query_file!("queries/snapshot/open.sql", org.0, pinned as Option<PgTime>)
            .fetch_one(&mut *transaction)
            .await?;
        let base = match (row.base_epoch, row.base_n) {
            (Some(epoch), Some(n)) => Version { epoch, n },
            _ => Version::NONE,
        };
        Ok(Snapshot {
            transaction,
            org,
            as_of: row.as_of.into(),
            base,
            version: base.next(row.epoch),
            known: row.known,
            calendar: Calendar::of(row.timezone.as_deref()),
        })
    }
}

impl Snapshot {
    /// All models of the snapshot, and the first instant at which one of them would differ by time alone.
    pub async fn models(&mut self, extent: Extent) -> Result<(Models, Option<Timestamp>), Error> {
        let Self { transaction, org, as_of, .. } = self;
        let (org, as_of) = (*org, *as_of);
        match extent {
            Extent::Touched => maintenance::maintain(transaction, org, as_of).await?,
            Extent::Everything => maintenance::maintain_anew(transaction, org, as_of).await?,
        }
        let (leads, leads_deadline) = leads::top(transaction, org).await?;
        let (pulse, pulse_deadline) = pulse::read(transaction, org, as_of, &self.calendar).await?;
        let newest = calls::newest(transaction, org).await?;
        let both = newest.of_both();
        let activity = activity::read(transaction, org, &both).await?;
        let next_change_at = [leads_deadline, pulse_deadline].into_iter().flatten().min();
        let models = Models {
            calls: Calls::first(both.into_iter().cloned(), pulse.total_calls),
            calls_inbound: Calls::first(newest.inbound, pulse.inbound_calls),
            calls_outbound: Calls::first(newest.outbound, pulse.outbound_calls),
            leads,
            pulse,
            activity,
        };
        Ok((models, next_change_at))
    }

    /// Writes an edition, removes the marks that the snapshot saw, and commits.
    pub async fn commit(mut self, edition: &Edition) -> Result<Committed, Error> {
        let connection = &mut *self.transaction;
        if !versions::advance(connection, self.base, edition).await? {
            return Err(Error::Superseded(sqlx::Error::RowNotFound));
        }
        let changed = blobs::write(connection, edition).await?;
        let removed = marks::remove(connection, self.org).await?;
        self.transaction.commit().await?;
        Ok(Committed { changed, changed_at: removed.changed_at })
    }

    /// Removes all that was made for an org that is gone, and commits; tells whether there was anything.
    pub async fn forget(mut self) -> Result<bool, Error> {
        let connection = &mut *self.transaction;
        let existed = orgs::forget(connection, self.org).await?;
        marks::remove(connection, self.org).await?;
        self.transaction.commit().await?;
        Ok(existed)
    }
}
