//! Logs go to standard error, as text on a terminal and as JSON elsewhere. They hold ids, never what people said or
//! their names.
//!
//! No serving thread waits for the reader of standard error. Lines wait in a bounded queue, and one thread writes them;
//! lines that do not fit are dropped and counted.

mod chain;
mod json;
mod sink;

use std::{io::IsTerminal, panic::PanicHookInfo, time::Duration};

use tracing_subscriber::{EnvFilter, fmt, prelude::*};

pub use chain::chain;
use sink::Sink;

/// The default of `PREWARM_LOG`. Redis' client would write a line at every attempt to reach a node that is down.
const DEFAULT_FILTER: &str = "info,sqlx=warn,hyper=warn,apalis=warn,apalis_core=warn,redis=off";

/// A panic and the end of the process wait for the queued lines to be written, up to this limit.
const FLUSH_TIMEOUT: Duration = Duration::from_millis(500);

/// Starts logging, once a process. `filter` is `PREWARM_LOG`, in the syntax of `RUST_LOG`.
pub fn init(filter: Option<&str>) {
    let filter = EnvFilter::new(filter.unwrap_or(DEFAULT_FILTER));
    let registry = tracing_subscriber::registry().with(filter);
    let sink = Sink::start(std::io::stderr());
    if std::io::stderr().is_terminal() {
        registry.with(fmt::layer().with_writer(sink).with_target(false)).init();
    } else {
        registry.with(fmt::layer().event_format(json::Lines).with_writer(sink)).init();
    }
    std::panic::set_hook(Box::new(log_panic));
}

/// Writes the last line of the process, after all lines logged before it, but without waiting for a stuck reader.
#[expect(clippy::print_stderr, reason = "the last line of a command that logs nothing")]
pub fn print_last(line: &str) {
    match sink::started() {
        Some(sink) => {
            sink.take(format!("{line}\n").as_bytes());
            sink.flush(FLUSH_TIMEOUT);
        }
        None => eprintln!("{line}"),
    }
}

/// Waits until all logged lines are written, but not for a stuck reader.
pub fn flush() {
    if let Some(sink) = sink::started() {
        sink.flush(FLUSH_TIMEOUT);
    }
}

/// Logs a panic. The default hook writes to standard error directly, and would hang with a stuck reader.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let at = panic.location().map(ToString::to_string).unwrap_or_default();
    let backtrace = std::backtrace::Backtrace::capture();
    tracing::error!(
        thread = thread.name().unwrap_or("unnamed"),
        at,
        backtrace = match backtrace.status() {
            std::backtrace::BacktraceStatus::Captured => Some(tracing::field::display(&backtrace)),
            _ => None,
        },
        "panicked: {}",
        panic.payload_as_str().unwrap_or("no message")
    );
    flush();
}
