//! Rebuilds compared with an oracle, with moving clocks and in races.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails here")]

mod clock;
mod drift;
mod fleet;
mod formats;
mod harness;
mod installation;
mod memo;
mod odd_values;
mod oracle;
mod oversized;
mod plans;
mod races;
mod sealed;
mod sessions;
mod shapes;
