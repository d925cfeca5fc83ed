//! Blobs in Postgres.

use std::collections::HashMap;

use readmodel::{
    blob::Blob,
    edition::{Edition, Head, Incomplete},
    ids::{Installation, OrgId},
    model::Model,
    version::Version,
};

use crate::{Error, Store, instant::PgTime};

/// An org's edition in Postgres or Redis, as read and checked.
#[derive(Debug)]
pub enum Held {
    /// All blobs are there and valid.
    Edition(Box<Edition>),
    /// At least one blob is damaged, missing, or of another org.
    Unusable(Unusable),
    /// The org has no blobs.
    Nothing,
}

/// An edition that this process cannot use. Another process may be able to.
#[derive(Debug)]
pub struct Unusable {
    /// The version that it claims to be.
    pub version: Version,
    /// Why the first bad blob is unusable.
    pub reason: Incomplete,
    /// The unusable blobs, with the digests that Postgres keeps beside them.
    blobs: Vec<(Model, Vec<u8>)>,
}

impl Unusable {
    pub(crate) const fn new(version: Version, reason: Incomplete) -> Self {
        Self { version, reason, blobs: Vec::new() }
    }
}

/// A row of `prewarm.blobs`.
struct Stored {
    digest: Vec<u8>,
    bytes: Vec<u8>,
}

impl Store {
    /// The newest edition of an org; nothing if an earlier release made it.
    pub async fn edition(&self, org: OrgId) -> Result<Held, Error> {
        let rows = sqlx::query_file!("queries/blobs/read.sql", org.0, self.format.0).fetch_all(&self.pg).await?;
        let Some(head) = rows.first() else { return Ok(Held::Nothing) };
        let version = Version { epoch: head.epoch, n: head.n };
        let (as_of, next_change_at) = (head.as_of.into(), head.next_change_at.map(Into::into));
        let head = Head { installation: Installation(head.installation), org, version, as_of, next_change_at };
        let stored: HashMap<_, _> =
            rows.into_iter().map(|row| (row.model, Stored { digest: row.digest, bytes: row.bytes })).collect();
        let bytes = |model: Model| stored.get(model.name()).map(|stored| stored.bytes.as_slice());
        Ok(match Edition::decode(head, None, bytes) {
            Ok(edition) => Held::Edition(Box::new(edition)),
            Err(reason) => {
                Held::Unusable(Unusable { blobs: unreadable(org, stored), ..Unusable::new(version, reason) })
            }
        })
    }

    /// Makes the org owed, so that its unusable blobs are written again. They stay until then, since a process with
    /// wider limits, or one that did not read a damaged copy, may still use them.
    pub async fn distrust(&self, org: OrgId, unusable: &Unusable) -> Result<(), Error> {
        let (models, digests): (Vec<_>, Vec<_>) =
            unusable.blobs.iter().map(|(model, digest)| (model.name().to_owned(), digest.clone())).unzip();
        sqlx::query_file!("queries/blobs/distrust.sql", org.0, &models, &digests, Model::STORED.len() as i64)
            .execute(&self.pg)
            .await?;
        Ok(())
    }
}

fn unreadable(org: OrgId, mut stored: HashMap<String, Stored>) -> Vec<(Model, Vec<u8>)> {
    let unreadable = Model::STORED.into_iter().filter_map(|model| {
        let Stored { digest, bytes } = stored.remove(model.name())?;
        Blob::decode(None, org, model, &bytes).is_err().then_some((model, digest))
    });
    unreadable.collect()
}
