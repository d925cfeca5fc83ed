//! Logs: to standard error, human on a terminal and JSON elsewhere. They hold ids, never what people said or are called.
//!
//! No thread that serves ever waits for the reader of standard error. Lines wait in a queue of bounded size, and one thread
//! writes them; those that find no room are dropped and counted.

mod chain;
mod json;
mod sink;

use std::{io::IsTerminal, panic::PanicHookInfo, time::Duration};

use tracing_subscriber::{EnvFilter, fmt, prelude::*};

pub use chain::chain;
use sink::Sink;

/// The default of `PREWARM_LOG`.
const DEFAULT: &str = "info,sqlx=warn,hyper=warn,apalis=warn,apalis_core=warn";

/// How long the end of the process, or a panic, waits for the lines before it to be read.
const FLUSH: Duration = Duration::from_millis(500);

/// Starts logging; once a process. `filter` is `PREWARM_LOG`, in the syntax of `RUST_LOG`.
pub fn init(filter: Option<&str>) {
    let filter = EnvFilter::new(filter.unwrap_or(DEFAULT));
    let registry = tracing_subscriber::registry().with(filter);
    let sink = Sink::start(std::io::stderr());
    if std::io::stderr().is_terminal() {
        registry.with(fmt::layer().with_writer(sink).with_target(false)).init();
    } else {
        registry.with(fmt::layer().event_format(json::Lines).with_writer(sink)).init();
    }
    std::panic::set_hook(Box::new(tell_panic));
}

/// Writes the process' last word. Waits for what was logged before it, though not for a reader who does not read.
#[expect(clippy::print_stderr, reason = "the last word of a command that logs nothing")]
pub fn last_word(line: &str) {
    match sink::started() {
        Some(sink) => {
            sink.take(format!("{line}\n").as_bytes());
            sink.flush(FLUSH);
        }
        None => eprintln!("{line}"),
    }
}

/// Waits until everything that was logged is written, but not for a reader who does not read.
pub fn flush() {
    if let Some(sink) = sink::started() {
        sink.flush(FLUSH);
    }
}

/// Logs a panic. The default hook writes to standard error itself, and would hang with it.
fn tell_panic(panic: &PanicHookInfo<'_>) {
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
        panic.payload_as_str().unwrap_or("no words")
    );
    flush();
}
