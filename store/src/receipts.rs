//! Whether an org's newest version includes a write.

use readmodel::{
    ids::OrgId,
    version::{Receipt, Version},
};

use crate::{Error, Store};

/// Whether a write is in the newest version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inclusion {
    /// It is in this version, the newest.
    At(Version),
    /// It waits for a rebuild.
    NotYet,
    /// The receipt is of another epoch, so this cannot be known.
    OtherEpoch,
}

impl Store {
    /// Whether an org's newest version includes the write of a receipt.
    pub async fn inclusion(&self, org: OrgId, receipt: Receipt) -> Result<Inclusion, Error> {
        let row = sqlx::query_file!("queries/receipts/inclusion.sql", org.0, receipt.xid.to_string())
            .fetch_one(&self.pg)
            .await?;
        Ok(match (row.epoch, row.waiting) {
            (Some(epoch), false) if epoch == receipt.epoch => {
                Inclusion::At(row.n.map_or(Version::NONE, |n| Version { epoch, n }))
            }
            (Some(epoch), true) if epoch == receipt.epoch => Inclusion::NotYet,
            _ => Inclusion::OtherEpoch,
        })
    }
}
