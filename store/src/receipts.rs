//! Whether an org's newest version includes a write.

use readmodel::{
    ids::OrgId,
    version::{Receipt, Version},
};

use crate::{Error, Store};

/// What is known of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inclusion {
    /// The newest version includes it: this one.
    At(Version),
    /// It still waits for a rebuild.
    NotYet,
    /// It is of another epoch: nobody can say.
    OtherEpoch,
}

impl Store {
    /// Whether an org's newest version includes the write of a receipt.
    pub async fn inclusion(&self, org: OrgId, receipt: Receipt) -> Result<Inclusion, Error> {
        let row = sqlx::query_file!("queries/receipts/inclusion.sql", org.0, receipt.xid.to_string())
            .fetch_one(&self.pg)
            .await?;
        Ok(match (row.epoch == receipt.epoch, row.waiting) {
            (false, _) => Inclusion::OtherEpoch,
            (true, true) => Inclusion::NotYet,
            (true, false) => Inclusion::At(match (row.version_epoch, row.version_n) {
                (Some(epoch), Some(n)) => Version { epoch, n },
                _ => Version::NONE,
            }),
        })
    }
}
