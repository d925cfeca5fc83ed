//! The worker on a real Postgres, fault by fault.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod assistants;
mod backfill;
mod board;
mod clock;
mod coalesce;
mod crash;
mod crons;
mod dead_letters;
mod ends;
mod harness;
mod health;
mod heartbeat;
mod outage;
mod poison;
mod stop;
mod strays;
mod upkeep;
mod wake;
mod whole;
