//! Whether an org's newest version includes a write.

use readmodel::{
    ids::OrgId,
    version::{Receipt, Version},
};

use crate::{Error, Store};

/// The state of a write.
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
        Ok(match (row.epoch, row.waiting) {
            (Some(epoch), false) if epoch == receipt.epoch => {
                Inclusion::At(row.n.map_or(Version::NONE, |n| Version { epoch, n }))
            }
            (Some(epoch), true) if epoch == receipt.epoch => Inclusion::NotYet,
            _ => Inclusion::OtherEpoch,
        })
    }
}
