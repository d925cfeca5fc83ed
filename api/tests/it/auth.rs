//! Access tokens, as their issuer and as an attacker would write them.
#![expect(clippy::expect_used, reason = "where the set-up of a test fails, the test fails")]

mod config;
mod door;
mod issuer;
mod keys;
mod publisher;
mod tokens;
mod verdicts;
