//! `rebuild(org)`: one snapshot → models → blobs → compare-and-set. Called by the jobs, and by the api for an org that
//! has no blob anywhere.

use readmodel::{
    blob::{Blob, Format, PackError, Rejected},
    edition::Edition,
    ids::OrgId,
    model::Model,
    time::{Clock, Timestamp},
    version::Version,
};
use store::{
    Store,
    redis::{Announce, Put, Redis},
    snapshot::{Committed, Extent, Snapshot},
};

/// How a rebuild ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A new version with at least one model's bytes changed.
    Changed(Published),
    /// A new version with the same bytes.
    Unchanged(Published),
    /// Another rebuild of the org committed first. The marks are still there, so the org is still owed.
    Superseded,
    /// The org is gone; so is all that was made for it.
    Gone,
}

impl Outcome {
    /// The name in metrics: an org that is gone has changed.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Changed(_) | Self::Gone => "changed",
            Self::Unchanged(_) => "unchanged",
            Self::Superseded => "superseded",
        }
    }
}

/// What was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The version.
    pub version: Version,
    /// The models whose bytes it changed.
    pub changed: Vec<Model>,
    /// When the oldest change in it was committed, where Postgres tracks that (`track_commit_timestamp`).
    pub changed_at: Option<Timestamp>,
    /// The instant of its snapshot.
    pub as_of: Timestamp,
    /// The org's time zone, where no zone has that name: its days are those of UTC.
    pub unknown_zone: Option<String>,
}

/// Why a rebuild failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A database.
    #[error("rebuild")]
    Store(#[from] store::Error),
    /// The models could not be written as JSON.
    #[error("canonical json")]
    Json(#[from] serde_json::Error),
    /// The models could not be packed.
    #[error("pack")]
    Pack(#[from] PackError),
    /// What was packed does not come back: the org stays in the format that it has.
    #[error("packed blobs cannot be read")]
    Unreadable(#[from] Rejected),
}

/// Brings all models of an org up to date and publishes them.
///
/// Safe to run twice, at once and late: of two overlapping rebuilds one is [`Outcome::Superseded`], and an older
/// snapshot loses every compare-and-set. Killed at any point, it leaves the org owed.
pub async fn rebuild(store: &Store, clock: Clock, org: OrgId) -> Result<Outcome, Error> {
    rebuild_to(store, clock, org, Extent::Touched).await
}

/// The same, with everything made anew from the source: for when what is held is not to be believed.
pub async fn rebuild_anew(store: &Store, clock: Clock, org: OrgId) -> Result<Outcome, Error> {
    rebuild_to(store, clock, org, Extent::Everything).await
}

async fn rebuild_to(store: &Store, clock: Clock, org: OrgId, extent: Extent) -> Result<Outcome, Error> {
    match build(store, clock, org, extent).await {
        Err(Error::Store(store::Error::Superseded(_))) => Ok(Outcome::Superseded),
        ended => ended,
    }
}

async fn build(store: &Store, clock: Clock, org: OrgId, extent: Extent) -> Result<Outcome, Error> {
    let mut snapshot = store.snapshot(org, clock, extent).await?;
    if !snapshot.known {
        return forget(store, snapshot).await;
    }
    let base = snapshot.base;
    let unknown_zone = snapshot.unknown_zone.take();
    let (edition, older) = match pack(&mut snapshot, store.format).await {
        Ok(packed) => packed,
        Err(error) => {
            snapshot.roll_back().await;
            return Err(error);
        }
    };
    let committed = snapshot.commit(&edition, &older).await?;
    publish(store, &edition, &older, base, &committed.changed).await?;
    let Committed { changed, changed_at } = committed;
    let unchanged = changed.is_empty();
    let published = Published { version: edition.version, changed, changed_at, as_of: edition.as_of, unknown_zone };
    Ok(if unchanged { Outcome::Unchanged(published) } else { Outcome::Changed(published) })
}

/// The edition in a node's own format, and in each older one that another node reads.
async fn pack(snapshot: &mut Snapshot, format: Format) -> Result<(Edition, Vec<Edition>), Error> {
    let (models, next_change_at) = snapshot.models().await?;
    let identities = models.canonical()?;
    let Snapshot { org, version, as_of, oldest, swaps, .. } = *snapshot;
    let edition = |format| {
        Edition::of(org, format, version, as_of, next_change_at, |model| {
            let blob = Blob::pack(org, model, format, version, identities.of(model))?;
            // The first of a format: nobody sees it before it has been read once.
            if swaps && Blob::decode(org, model, format, &blob.encode())? != blob {
                return Err(Error::Unreadable(Rejected::Damaged));
            }
            Ok(blob)
        })
    };
    let older = (oldest.0..format.0).map(|older| edition(Format(older))).collect::<Result<_, Error>>()?;
    Ok((edition(format)?, older))
}

/// Announces a committed version. That Redis cannot be reached is no failure: its nodes read from Postgres, which
/// announces the version instead.
async fn publish(
    store: &Store,
    edition: &Edition,
    older: &[Edition],
    base: Version,
    changed: &[Model],
) -> Result<(), Error> {
    let announced = match &store.redis {
        None => false,
        Some(redis) => match put(redis, edition, older, base, changed).await {
            Ok(Put::Stored | Put::Refused) => true,
            Err(error) => {
                tracing::warn!(org = %edition.org, error = &error as &dyn std::error::Error, "redis did not take the blobs");
                false
            }
        },
    };
    Ok(store.mark_published(edition.org, edition.version, !announced).await?)
}

/// The older formats first: the announcement is for all nodes.
async fn put(
    redis: &Redis,
    edition: &Edition,
    older: &[Edition],
    base: Version,
    changed: &[Model],
) -> Result<Put, store::Error> {
    for older in older {
        redis.put(older, base, &Model::ALL, Announce::No).await?;
    }
    redis.put(edition, base, changed, Announce::Yes).await
}

async fn forget(store: &Store, snapshot: Snapshot) -> Result<Outcome, Error> {
    let org = snapshot.org;
    if snapshot.forget().await?
        && let Some(redis) = &store.redis
        && let Err(error) = redis.forget(org).await
    {
        tracing::warn!(%org, error = &error as &dyn std::error::Error, "redis did not forget the org");
    }
    Ok(Outcome::Gone)
}
