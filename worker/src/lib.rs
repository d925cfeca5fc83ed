//! Runs the jobs. apalis provides workers, layers, the monitor and the board. The queue under them is `store::queue`, and
//! `backend.rs` joins the two. Owed work is recorded in the ledger, so any worker may be killed at any instruction.

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

use std::time::Duration;

use jobs::{AssistantSync, Context, JobError, Memo};
use monitoring::health::Health;
use readmodel::time::Clock;
use store::{Store, queue::Job};
use tokio_util::sync::CancellationToken;

/// The bytes of the versions that a process remembers.
const MEMO_BYTES: u64 = 64 << 20;

/// The longest that they are built upon without reading everything again.
const MEMO_TRUSTED: Duration = Duration::from_hours(1);

/// Works until `shutdown`, then stops within [`Config::shutdown`]: it claims nothing new, lets running jobs end, and gives
/// back the rest. It waits for a database that is away or has another schema, and says so in `health`.
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
    let context = Context {
        store: store.clone(),
        memo: Memo::new(MEMO_BYTES, MEMO_TRUSTED),
        clock: Clock::Database,
        assistants,
        event_retention: config.event_retention,
    };
    run_handler(config, store, schedule::CRONS, health, shutdown, context).await
}

impl Handler for Context {
    async fn run(&self, job: Job) -> Result<(), JobError> {
        jobs::run(self, &job).await
    }
}
