//! Progress, on standard error.

use std::fmt::Display;

/// Prints a line of progress.
#[expect(clippy::print_stderr, reason = "the command line's own word")]
pub(crate) fn say(what: impl Display) {
    eprintln!("bench: {what}");
}
