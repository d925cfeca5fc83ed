//! Assistant requests, beside the bare query by pgbench.

use std::time::{Duration, Instant};

use anyhow::ensure;
use rand::RngExt as _;
use tokio::task::JoinSet;

use super::Bench;
use crate::{
    call::Reporter,
    generator,
    http::Connection,
    latency::{Latencies, Percentiles},
    pgbench,
    progress::say,
    table::{Goal, Line, Value},
};

/// Concurrent callers; each sends its next request as soon as the last is answered.
const CALLERS: usize = 8;
/// The same number as in the peer's script.
const NUMBERS: u32 = 1000;
const ORGS: &str = include_str!("../../queries/numbers.sql");
/// The acceptable p99 in ms, a fraction of the 7.5 s after which Vapi drops the call.
const LIMIT: f64 = 5.0;

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<Vec<Line>> {
    sqlx::raw_sql(ORGS).execute(bench.stack.store.sessions()).await?;
    let (mut ours, mut peers) = (Vec::new(), Vec::new());
    for round in 0..bench.rounds {
        say(format_args!(" round {} of {}", round + 1, bench.rounds));
        ours.push(ask(bench.stack.reporter(), bench.run).await?);
        let script = include_str!("../../peers/assistant.pgbench");
        let peer = pgbench::run(&bench.stack, script, CALLERS, bench.run).await?;
        say(format_args!("  by query: p99 {:.2} ms", peer.latency.p99));
        peers.push(peer.latency);
    }
    let (ours, peer) = (Percentiles::median(&ours), Percentiles::median(&peers));
    let all =
        Line::new("p50 / p99 / p99.9, ms", Value::Percentiles(ours)).beside("bare query", Value::Percentiles(peer));
    Ok(vec![all, Line::new("p99, ms", Value::Number(ours.p99)).goal(Goal::Below(LIMIT))])
}

async fn ask(reporter: Reporter, time: Duration) -> anyhow::Result<Percentiles> {
    let latencies = generator::run(move || async move {
        let end = Instant::now() + time;
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            callers.spawn(ask_on(reporter.clone(), end));
        }
        let mut merged = Latencies::default();
        while let Some(asked) = callers.join_next().await {
            merged.add(asked??);
        }
        Ok(merged.percentiles())
    })
    .await?;
    say(format_args!("  p99 {:.2} ms", latencies.p99));
    Ok(latencies)
}

async fn ask_on(reporter: Reporter, end: Instant) -> anyhow::Result<Latencies> {
    let mut connection = Connection::open(reporter.addr).await?;
    let mut latencies = Latencies::default();
    while Instant::now() < end {
        let number = rand::rng().random_range(1..=NUMBERS);
        let request = reporter.assistant_request(&format!("number-{number}"));
        let asked = Instant::now();
        let status = connection.outline(&request).await?.status;
        ensure!(status == 200, "an assistant request was answered with {status}");
        latencies.record(asked.elapsed());
    }
    Ok(latencies)
}
