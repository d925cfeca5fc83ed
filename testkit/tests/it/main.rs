//! Tests of the harness against real servers, and of the source tree against the house rules.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod history;
mod tidy;
