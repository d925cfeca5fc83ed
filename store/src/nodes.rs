//! Processes, and the formats of blobs that they read.

use crate::{Error, Store};

/// A process that lives, for as long as it says so.
#[derive(Clone, Debug)]
pub struct Node {
    /// No other's.
    pub name: String,
    /// Whether it rebuilds.
    pub works: bool,
}

impl Store {
    /// Says that a node of this store's format lives. True while a worker of a newer format does: that one makes blobs of
    /// both, and who makes only the older stands by.
    pub async fn beat(&self, node: &Node) -> Result<bool, Error> {
        let format = i32::from(self.format.0);
        Ok(sqlx::query_file_scalar!("queries/nodes/beat.sql", node.name, node.works, format)
            .fetch_one(&self.pg)
            .await?)
    }

    /// Says that a node ends.
    pub async fn leave(&self, node: &Node) -> Result<(), Error> {
        sqlx::query_file!("queries/nodes/leave.sql", node.name).execute(&self.pg).await?;
        Ok(())
    }
}
