//! Logs: to standard error, human on a terminal and JSON elsewhere. They hold ids, never what people said or are called.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, fmt, prelude::*};

/// What is logged unless `PREWARM_LOG` says otherwise.
const DEFAULT: &str = "info,sqlx=warn,hyper=warn,apalis=warn,apalis_core=warn";

/// Starts logging; once a process. `filter` is `PREWARM_LOG`, in the syntax of `RUST_LOG`.
pub fn init(filter: Option<&str>) {
    let filter = EnvFilter::new(filter.unwrap_or(DEFAULT));
    let registry = tracing_subscriber::registry().with(filter);
    if std::io::stderr().is_terminal() {
        registry.with(fmt::layer().with_writer(std::io::stderr).with_target(false)).init();
    } else {
        registry.with(fmt::layer().json().with_writer(std::io::stderr)).init();
    }
}
