//! The running processes and the blob formats that they read.

use crate::{Error, Store};

/// A process that counts as running for as long as it sends heartbeats.
#[derive(Clone, Debug)]
pub struct Node {
    /// A name that no other process has.
    pub name: String,
    /// Whether it rebuilds.
    pub works: bool,
}

impl Store {
    /// Records that a node runs, with this store's format. Returns whether a worker of a newer format runs: it writes
    /// blobs of both formats, so a worker that only writes the older one stands by.
    pub async fn record_node(&self, node: &Node) -> Result<bool, Error> {
        let format = i32::from(self.format.0);
        Ok(sqlx::query_file_scalar!("queries/nodes/record.sql", node.name, node.works, format)
            .fetch_one(&self.pg)
            .await?)
    }

    /// Records that a node stops.
    pub async fn remove_node(&self, node: &Node) -> Result<(), Error> {
        sqlx::query_file!("queries/nodes/remove.sql", node.name).execute(&self.pg).await?;
        Ok(())
    }
}
