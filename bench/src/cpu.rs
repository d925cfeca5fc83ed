//! Processor time of the servers, by kind.

use std::{ops::Sub, time::Duration};

/// The processor time that each kind of server has used.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cpu {
    /// All processes of Postgres, including ended ones.
    pub(crate) postgres: Duration,
    pub(crate) worker: Duration,
    pub(crate) nodes: Duration,
}

impl Sub for Cpu {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            postgres: self.postgres.saturating_sub(before.postgres),
            worker: self.worker.saturating_sub(before.worker),
            nodes: self.nodes.saturating_sub(before.nodes),
        }
    }
}
