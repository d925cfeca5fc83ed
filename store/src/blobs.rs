//! The blobs in Postgres.

use std::collections::HashMap;

use readmodel::{
    blob::Blob,
    edition::{Edition, Incomplete},
    ids::{Installation, OrgId},
    model::Model,
    version::Version,
};

use crate::{Error, Store, instant::PgTime};

/// What a store holds of an org.
#[derive(Debug)]
pub enum Held {
    /// A whole edition, every byte checked.
    Edition(Box<Edition>),
    /// Something that is not one: damaged, incomplete, or of another org.
    Unusable(Unusable),
    /// Nothing.
    Nothing,
}

/// What a store holds that this process cannot use. Another process may be able to.
#[derive(Debug)]
pub struct Unusable {
    /// The version that it is said to be.
    pub version: Version,
    /// The fault of the first bad blob.
    pub reason: Incomplete,
    /// The blobs that are not usable, with the digests beside them in Postgres.
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
    /// The newest edition of an org, as Postgres has it; nothing where an earlier release made it.
    pub async fn edition(&self, org: OrgId) -> Result<Held, Error> {
        let rows = sqlx::query_file!("queries/blobs/read.sql", org.0, self.format.0).fetch_all(&self.pg).await?;
        let Some(head) = rows.first() else { return Ok(Held::Nothing) };
        let (installation, version) = (Installation(head.installation), Version { epoch: head.epoch, n: head.n });
        let (as_of, next_change_at) = (head.as_of.into(), head.next_change_at.map(Into::into));
        let stored: HashMap<_, _> =
            rows.into_iter().map(|row| (row.model, Stored { digest: row.digest, bytes: row.bytes })).collect();
        let bytes = |model: Model| stored.get(model.name()).map(|stored| stored.bytes.as_slice());
        Ok(match Edition::decode(installation, None, org, version, as_of, next_change_at, bytes) {
            Ok(edition) => Held::Edition(Box::new(edition)),
            Err(reason) => {
                Held::Unusable(Unusable { blobs: unreadable(org, stored), ..Unusable::new(version, reason) })
            }
        })
    }

    /// Has blobs made again that this process cannot use. They stay until then, since another process may read them: one
    /// whose limits are wider, or whose copy of the row was not the damaged one.
    pub async fn distrust(&self, org: OrgId, unusable: &Unusable) -> Result<(), Error> {
        let (models, digests): (Vec<_>, Vec<_>) =
            unusable.blobs.iter().map(|(model, digest)| (model.name().to_owned(), digest.clone())).unzip();
        sqlx::query_file!("queries/blobs/distrust.sql", org.0, &models, &digests, Model::ALL.len() as i64)
            .execute(&self.pg)
            .await?;
        Ok(())
    }
}

fn unreadable(org: OrgId, mut stored: HashMap<String, Stored>) -> Vec<(Model, Vec<u8>)> {
    let unreadable = Model::ALL.into_iter().filter_map(|model| {
        let Stored { digest, bytes } = stored.remove(model.name())?;
        Blob::decode(None, org, model, &bytes).is_err().then_some((model, digest))
    });
    unreadable.collect()
}
