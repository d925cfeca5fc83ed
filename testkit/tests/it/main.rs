//! Tests of the harness against real servers, and of the tree against the rules of the house.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod history;
mod tidy;
