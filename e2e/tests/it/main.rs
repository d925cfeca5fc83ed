//! The whole system from outside: its promises, and whether they hold when processes and servers are killed.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod alerts;
mod api_killed;
mod assistants;
mod attach;
mod backfill;
mod call_ends;
mod calls_list;
mod chromium;
mod clock;
mod coalescing;
mod coherence;
mod console;
mod deltas;
mod demo;
mod door;
mod erasure;
mod fairness;
mod foreign_writers;
mod formats;
mod hostile_neighbour;
mod intake;
mod ladder;
mod let_in;
mod lifecycle;
mod listener;
mod logging;
mod operators;
mod organization;
mod outages;
mod poolers;
mod privacy;
mod prometheus;
mod reads;
mod rebuilds;
mod receipts;
mod reconciliation;
mod signed;
mod stampede;
mod stream;
mod their_redis;
mod tls;
mod unbuildable;
mod worker_cut_off;
mod worker_killed;
