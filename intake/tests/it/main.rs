//! The intake on a real Postgres.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod batches;
mod call;
mod callers;
mod erasure;
mod harness;
mod histories;
mod orders;
mod replay;
