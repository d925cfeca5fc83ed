//! Runs the jobs. apalis gives the workers, their layers, the monitor and the board; the queue under them is
//! `store::queue`, joined to apalis in [`backend`](self) because its stock Postgres backend loses wake-ups and strands
//! jobs. What is owed is in the ledger: any worker may be killed at any instruction.

mod backend;
mod backlog;
mod bell;
mod board;
mod config;
mod deadlines;
mod engine;
mod name;
pub mod schedule;
mod watchdog;

pub use board::board_router;
pub use config::{Config, ConfigError, DEFAULT_EVENT_RETENTION, Limits};
pub use engine::{Handler, run_handler};

use jobs::{AssistantSync, Context, JobError};
use monitoring::health::Health;
use readmodel::time::Clock;
use store::Store;
use tokio_util::sync::CancellationToken;

/// Works until `shutdown`, then stops within [`Config::shutdown`]: nothing new is claimed, running jobs end, and what is
/// still held goes back to the queue. A database that is away, or whose schema is not ours, is waited for; `health` says
/// so.
///
/// Without `assistants` these are left to other workers.
pub async fn run(
    config: Config,
    store: Store,
    assistants: Option<AssistantSync>,
    health: Health,
    shutdown: CancellationToken,
) -> Result<(), ConfigError> {
    let config = Config { prewarm: config.prewarm.filter(|_| assistants.is_some()), ..config };
    let context =
        Context { store: store.clone(), clock: Clock::Database, assistants, event_retention: config.event_retention };
    run_handler(config, store, schedule::CRONS, health, shutdown, context).await
}

impl Handler for Context {
    async fn run(&self, args: Vec<u8>) -> Result<(), JobError> {
        jobs::run(self, &args).await
    }
}
