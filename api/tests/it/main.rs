//! The api against real servers and real keys.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod auth;
mod numbers;
