//! Whole-system tests: real `prewarm` processes on a real Postgres and a real Redis, tested from outside.
//!
//! [`Stack`] is the whole system; [`Process`] is one of its processes, which a test may kill.

#![expect(clippy::unwrap_used, reason = "a harness that cannot go on has failed its test")]

mod answer;
mod command;
mod condition;
mod events;
mod metrics;
mod panels;
mod pgbouncer;
mod process;
mod prometheus;
mod silent_line;
mod slow_line;
mod stack;
mod webhook;

pub use answer::Answer;
pub use command::{command, done};
pub use condition::{eventually, poll};
pub use events::{Event, Events, Next};
pub use metrics::Metrics;
pub use panels::{PANELS, Panel};
pub use pgbouncer::PgBouncer;
pub use process::{Environment, Process, program};
pub use prometheus::{Prometheus, monitoring_file, promtool};
pub use silent_line::SilentLine;
pub use slow_line::SlowLine;
pub use stack::{JWT_SECRET, Org, Stack, WEBHOOK_SECRET, token, token_for};
pub use webhook::{report, status_update};
