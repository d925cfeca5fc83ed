//! Access tokens as issuers and as attackers write them.
#![expect(clippy::expect_used, reason = "where the set-up of a test fails, the test fails")]

mod config;
mod door;
mod issuer;
mod keys;
mod publisher;
mod tokens;
mod verdicts;
