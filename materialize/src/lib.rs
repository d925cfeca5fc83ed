//! `rebuild(org)`: one snapshot → models → blobs → compare-and-set. Called by the jobs, and by the api for an org that
//! has no blob anywhere.

mod memo;

use std::time::Instant;

use readmodel::{
    blob::PackError,
    edition::{Edition, Head},
    ids::OrgId,
    model::Model,
    time::{Clock, Timestamp},
    version::Version,
};
use store::{
    Store,
    blobs::Held,
    redis::{Announce, Base, Put, Redis},
    snapshot::{Committed, Extent, Snapshot},
};

pub use memo::Memo;
use memo::Remembered;

/// The end of a rebuild.
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

/// A version that was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The version.
    pub version: Version,
    /// The models with a blob whose bytes it changed.
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
    /// A model could not be packed: the org keeps the edition that it has, and stays owed.
    #[error("pack")]
    Pack(#[from] PackError),
    /// Other rebuilds of the org were faster, each time.
    #[error("superseded {TRIES} times")]
    Overtaken,
}

impl Error {
    /// It is about Postgres, or the way there, and not about the org.
    pub fn is_outage(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_outage())
    }

    /// The model whose body was too large to pack, if that is why.
    pub const fn oversized(&self) -> Option<Model> {
        match self {
            Self::Pack(PackError::TooLarge { model, .. }) => Some(*model),
            _ => None,
        }
    }
}

/// Brings all models of an org up to date and publishes them.
///
/// Safe to run twice, at once and late: of two overlapping rebuilds one is [`Outcome::Superseded`], and an older
/// snapshot loses every compare-and-set. Killed before its commit, it leaves the org owed by its marks; killed after it, by the
/// lease under which its caller runs it ([`persist`]).
pub async fn rebuild(store: &Store, clock: Clock, org: OrgId) -> Result<Outcome, Error> {
    rebuild_to(store, None, clock, org, Extent::Touched).await
}

/// The same, by what the process remembers of the version that it builds upon, if it made that: what cannot have changed since
/// is neither read, nor packed, nor sent.
pub async fn rebuild_by(store: &Store, memo: &Memo, clock: Clock, org: OrgId) -> Result<Outcome, Error> {
    rebuild_to(store, Some(memo), clock, org, Extent::Touched).await
}

/// The same, with everything made anew from the source: for when what is held is not to be believed.
pub async fn rebuild_anew(store: &Store, clock: Clock, org: OrgId) -> Result<Outcome, Error> {
    rebuild_to(store, None, clock, org, Extent::Everything).await
}

/// The times that a rebuild under a lease begins again.
const TRIES: usize = 3;

/// Runs a rebuild under the org's lease until it is not superseded. The faster one may have died before it published its
/// version, and only the lease says so: it may be closed once a later version is published.
pub async fn persist<F>(mut attempt: impl FnMut() -> F) -> Result<Outcome, Error>
where
    F: Future<Output = Result<Outcome, Error>>,
{
    for _ in 0..TRIES {
        match attempt().await? {
            Outcome::Superseded => {}
            outcome => return Ok(outcome),
        }
    }
    Err(Error::Overtaken)
}

async fn rebuild_to(
    store: &Store,
    memo: Option<&Memo>,
    clock: Clock,
    org: OrgId,
    extent: Extent,
) -> Result<Outcome, Error> {
    match build(store, memo, clock, org, extent).await {
        Err(Error::Store(store::Error::Superseded)) => Ok(Outcome::Superseded),
        ended => ended,
    }
}

async fn build(store: &Store, memo: Option<&Memo>, clock: Clock, org: OrgId, extent: Extent) -> Result<Outcome, Error> {
    let mut snapshot = store.snapshot(org, clock, extent).await?;
    if !snapshot.known {
        return forget(store, memo, snapshot).await;
    }
    let base = snapshot.base;
    let unknown_zone = snapshot.unknown_zone.take();
    let made = match make(&mut snapshot, memo).await {
        Ok(made) => made,
        Err(error) => {
            snapshot.roll_back().await;
            return Err(error);
        }
    };
    let edition = &made.edition;
    let committed = snapshot.commit(edition).await?;
    publish(store, edition, base, &committed.changed).await?;
    let Committed { changed, changed_at } = committed;
    let unchanged = changed.is_empty();
    let published = Published { version: edition.version, changed, changed_at, as_of: edition.as_of, unknown_zone };
    if let Some(memo) = memo {
        memo.put(made);
    }
    Ok(if unchanged { Outcome::Unchanged(published) } else { Outcome::Changed(published) })
}

/// Makes the next version: upon the one before, where it is remembered and all that has changed since is known.
async fn make(snapshot: &mut Snapshot, memo: Option<&Memo>) -> Result<Remembered, Error> {
    let Snapshot { installation, org, version, as_of, base, .. } = *snapshot;
    // A clock that has gone back since may show hours again that the chart has left out.
    let may_build = snapshot.is_listed() && base.as_of.is_none_or(|before| before <= as_of);
    let before = memo.filter(|_| may_build).and_then(|memo| memo.get(installation, org, base));
    let before = before.as_deref();
    let (models, rows, next_change_at) = snapshot.models(before.map(|before| &before.rows)).await?;
    let identities = models.canonical(before.map(|before| &before.identities))?;
    let head = Head { installation, org, version, as_of, next_change_at };
    let edition = Edition::pack(head, &identities, before.map(|before| (&before.identities, &before.edition)))?;
    let read_at = before.map_or_else(Instant::now, |before| before.read_at);
    Ok(Remembered { rows, identities, edition, read_at })
}

/// Announces a committed version. That Redis cannot be reached is no failure: its nodes read from Postgres, which
/// announces the version instead.
async fn publish(store: &Store, edition: &Edition, base: Base, changed: &[Model]) -> Result<(), Error> {
    let put = match &store.redis {
        None => None,
        Some(redis) => redis.put(edition, base, changed, Announce::Yes).await.inspect_err(log_put).ok(),
    };
    if put == Some(Put::Stored) {
        return Ok(());
    }
    // Redis may refuse because a newer version has been announced meanwhile, or because of a version that never was.
    let is_newest = store.announce(edition.org, edition.version).await?;
    if is_newest
        && put == Some(Put::Refused)
        && let Some(redis) = &store.redis
    {
        replace_false_version(redis, edition).await;
    }
    Ok(())
}

/// Redis holds a version that Postgres, which has just said that this one is the newest, did not make.
async fn replace_false_version(redis: &Redis, edition: &Edition) {
    let held = match redis.edition(edition.installation, edition.org).await {
        Ok(Held::Edition(held)) => held.version,
        Ok(Held::Unusable(held)) => held.version,
        Ok(Held::Nothing) | Err(_) => return,
    };
    if let Err(error) = redis.replace(edition, Some(held)).await {
        log_put(&error);
    }
}

/// Redis itself logs once what it refuses.
fn log_put(error: &store::Error) {
    tracing::debug!(error = error as &dyn std::error::Error, "redis did not take the blobs");
}

async fn forget(store: &Store, memo: Option<&Memo>, snapshot: Snapshot) -> Result<Outcome, Error> {
    let (installation, org) = (snapshot.installation, snapshot.org);
    if let Some(memo) = memo {
        memo.forget(org);
    }
    if snapshot.forget().await?
        && let Some(redis) = &store.redis
        && let Err(error) = redis.forget(installation, org).await
    {
        tracing::warn!(%org, error = &error as &dyn std::error::Error, "redis did not forget the org");
    }
    Ok(Outcome::Gone)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn persist_begins_again_when_another_was_faster_and_gives_up_in_the_end() {
        let tries = Cell::new(0);
        let attempt = |superseded: usize| {
            tries.set(tries.get() + 1);
            let outcome = if tries.get() > superseded { Outcome::Gone } else { Outcome::Superseded };
            async move { Ok(outcome) }
        };
        assert_eq!(persist(|| attempt(TRIES - 1)).await.unwrap(), Outcome::Gone);
        assert_eq!(tries.replace(0), TRIES);
        assert!(matches!(persist(|| attempt(TRIES)).await, Err(Error::Overtaken)));
        assert_eq!(tries.get(), TRIES);
    }
}
