//! Each second, as a part of the sweep: removes data deleted from the source from all that was derived of it, in
//! Postgres and then in Redis. While Redis is down, the erasure stays owed.

use store::{Error, Store, blobs::Held, erasures::ShownErasure};

use crate::{Context, JobError};

pub(crate) async fn run(context: &Context) -> Result<(), JobError> {
    erase(&context.store).await.map_err(JobError::retry)
}

/// Takes every owed erasure as far as it can go now.
pub async fn erase(store: &Store) -> Result<(), Error> {
    store.erase_owed().await?;
    for shown in store.erasures_shown().await? {
        match replace_copies(store, &shown).await {
            Ok(true) => store.note_erased(&shown).await?,
            Ok(false) => {}
            // The erasure stays owed. Other orgs' erasures may still succeed.
            Err(error) => {
                tracing::warn!(org = %shown.org, error = &error as &dyn std::error::Error, "an erasure failed, and stays owed");
            }
        }
    }
    Ok(())
}

/// Replaces old copies; returns whether neither Postgres nor Redis holds an edition from before the erasure. Redis
/// keeps the newest edition rather than none, so that a slow writer cannot bring an older one back.
async fn replace_copies(store: &Store, shown: &ShownErasure) -> Result<bool, Error> {
    if !shown.is_gone && !shown.is_current {
        return Ok(false);
    }
    // Its maker may have died before it was announced, and a node goes on showing the one before.
    store.announce(shown.org, shown.version).await?;
    let Some(redis) = &store.redis else { return Ok(true) };
    let Some(installation) = store.installation().await? else { return Ok(false) };
    if shown.is_gone {
        redis.forget(installation, shown.org).await?;
        return Ok(true);
    }
    match store.edition(shown.org).await? {
        Held::Edition(edition) if edition.version >= shown.version => {
            redis.replace(&edition, None).await?;
        }
        Held::Edition(_) | Held::Unusable(_) => return Ok(false),
        Held::Nothing => redis.forget(installation, shown.org).await?,
    }
    Ok(true)
}
