//! The blobs in Postgres.

use std::collections::HashMap;

use readmodel::{
    edition::{Edition, Incomplete},
    ids::OrgId,
    version::Version,
};

use crate::{Error, Store, instant::PgTime};

/// What a store holds of an org.
#[derive(Debug)]
pub enum Held {
    /// A whole edition, every byte checked.
    Edition(Box<Edition>),
    /// Something that is not one: damaged, of another org, or of another format.
    Unusable(Incomplete),
    /// Nothing.
    Nothing,
}

impl Store {
    /// The newest edition of an org, as Postgres has it.
    pub async fn edition(&self, org: OrgId) -> Result<Held, Error> {
        let rows =
            sqlx::query_file!("queries/blobs/read.sql", org.0, i32::from(self.format.0)).fetch_all(&self.pg).await?;
        let Some(head) = rows.first() else { return Ok(Held::Nothing) };
        let version = Version { epoch: head.epoch, n: head.n };
        let (as_of, next_change_at) = (head.as_of, head.next_change_at);
        let bytes: HashMap<&str, &[u8]> = rows.iter().map(|row| (row.model.as_str(), row.bytes.as_slice())).collect();
        let edition =
            Edition::decode(org, self.format, version, as_of.into(), next_change_at.map(Into::into), |model| {
                bytes.get(model.name()).copied()
            });
        Ok(match edition {
            Ok(edition) => Held::Edition(Box::new(edition)),
            Err(reason) => Held::Unusable(reason),
        })
    }

    /// Removes blobs that are unusable, so that the org counts as not built. A rebuild alone would leave them: it writes
    /// only what differs from what is said to be there.
    pub async fn discard(&self, org: OrgId) -> Result<(), Error> {
        sqlx::query_file!("queries/blobs/discard.sql", org.0).execute(&self.pg).await?;
        Ok(())
    }
}
