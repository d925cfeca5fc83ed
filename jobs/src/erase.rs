//! Each second, as a part of the sweep: what was deleted from the source is removed from all that was made of it, in Postgres
//! and then in Redis, for as long as it takes to reach it.

use store::{Error, Store, blobs::Held, erasures::Shown};

use crate::{Context, JobError};

pub(crate) async fn run(context: &Context) -> Result<(), JobError> {
    erase(&context.store).await.map_err(JobError::retry)
}

/// Does of all that is owed what can be done now.
pub async fn erase(store: &Store) -> Result<(), Error> {
    store.erase_owed().await?;
    for shown in store.erasures_shown().await? {
        match replace_copies(store, &shown).await {
            Ok(true) => store.note_erased(&shown).await?,
            Ok(false) => {}
            // The erasure stays owed. Those of other orgs may still succeed.
            Err(error) => {
                tracing::warn!(org = %shown.org, error = &error as &dyn std::error::Error, "an erasure is owed");
            }
        }
    }
    Ok(())
}

/// Whether neither Postgres nor Redis holds an edition from before the erasure. Redis keeps the newest one of several, so
/// that no slow writer brings back an older one.
async fn replace_copies(store: &Store, shown: &Shown) -> Result<bool, Error> {
    if !shown.is_gone && !shown.is_current {
        return Ok(false);
    }
    let Some(redis) = &store.redis else { return Ok(true) };
    let Some(installation) = store.installation().await? else { return Ok(false) };
    if shown.is_gone {
        redis.forget(installation, shown.org).await?;
        return Ok(true);
    }
    match store.edition(shown.org).await? {
        Held::Edition(edition) if edition.version >= shown.version => {
            redis.mend(&edition, None).await?;
        }
        Held::Edition(_) | Held::Unusable(_) => return Ok(false),
        Held::Nothing => redis.forget(installation, shown.org).await?,
    }
    Ok(true)
}
