//! Durable webhooks a second: ours over HTTP and in batches, beside one transaction with NOTIFY each, by pgbench on the same
//! tables.

use std::time::{Duration, Instant};

use anyhow::ensure;
use rand::RngExt as _;
use readmodel::ids::OrgId;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::Bench;
use crate::{
    call::Reporter,
    generator,
    http::Connection,
    latency::{Latencies, Percentiles, median},
    pgbench,
    progress::say,
    stack::{Stack, phone},
    table::{Goal, Line, Value},
};

const CONNECTIONS: [usize; 3] = [1, 32, 128];
/// The same number as in the peer's script.
const ORGS: u128 = 100;
const CONTACTS: u32 = 60;
const CALLS: i32 = 3;

/// The result of one run, or the median of several.
#[derive(Clone, Copy)]
struct Sample {
    per_second: f64,
    latency: Percentiles,
}

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<Vec<Line>> {
    sqlx::raw_sql(include_str!("../../peers/notify.sql")).execute(bench.stack.store.sessions()).await?;
    say(format_args!("seeding {ORGS} orgs of {CONTACTS} contacts"));
    for number in 1..=ORGS {
        bench.stack.seed_as(org(number), CONTACTS, CALLS).await?;
    }
    bench.stack.build().await?;
    let (mut ours, mut peers) = ([const { Vec::new() }; CONNECTIONS.len()], [const { Vec::new() }; CONNECTIONS.len()]);
    for round in 0..bench.rounds {
        say(format_args!(" round {} of {}", round + 1, bench.rounds));
        for ((connections, ours), peers) in CONNECTIONS.into_iter().zip(&mut ours).zip(&mut peers) {
            ours.push(post(&bench.stack, connections, bench.run).await?);
            peers.push(notify(&bench.stack, connections, bench.run).await?);
            ours.push(post(&bench.stack, connections, bench.run).await?);
        }
    }
    bench.stack.build().await?;
    let medians = ours.iter().zip(&peers).map(|(ours, peers)| (Sample::median(ours), Sample::median(peers)));
    Ok(CONNECTIONS
        .into_iter()
        .zip(medians)
        .flat_map(|(connections, (ours, peer))| compare(connections, ours, peer))
        .collect())
}

fn compare(connections: usize, ours: Sample, peer: Sample) -> Vec<Line> {
    const PEER: &str = "with NOTIFY";
    let plural = if connections == 1 { "" } else { "s" };
    let name = |what: &str| format!("{connections} connection{plural}: {what}");
    let rate = Line::new(name("webhooks a second"), Value::Number(ours.per_second))
        .beside(PEER, Value::Number(peer.per_second));
    // One connection leaves nothing to batch, so it has no goal.
    let rate = if connections == 1 { rate } else { rate.goal(Goal::RatioAtLeast(3.0)) };
    let latency = Line::new(name("p50 / p99 / p99.9, ms"), Value::Percentiles(ours.latency))
        .beside(PEER, Value::Percentiles(peer.latency));
    vec![rate, latency]
}

impl Sample {
    fn median(of: &[Self]) -> Self {
        let latencies: Vec<_> = of.iter().map(|sample| sample.latency).collect();
        Self { per_second: median(of.iter().map(|sample| sample.per_second)), latency: Percentiles::median(&latencies) }
    }
}

/// The id of an org from its number, as in the peer's script.
fn org(number: u128) -> OrgId {
    let digits = format!("{number:012}");
    let last = digits.bytes().fold(0, |id, digit| id << 4 | u128::from(digit - b'0'));
    OrgId(Uuid::from_u128(0x0000_0000_0000_4000_8000_0000_0000_0000 | last))
}

/// Posts in a closed loop: each connection sends the next call as soon as the last one is answered.
async fn post(stack: &Stack, connections: usize, time: Duration) -> anyhow::Result<Sample> {
    let reporter = stack.reporter();
    let sample = generator::run(move || async move {
        let started = Instant::now();
        let mut posting = JoinSet::new();
        for _ in 0..connections {
            posting.spawn(post_on(reporter.clone(), started + time));
        }
        let (mut answers, mut merged) = (0, Latencies::default());
        while let Some(posted) = posting.join_next().await {
            let (count, latencies) = posted??;
            answers += count;
            merged.add(latencies);
        }
        Ok(Sample { per_second: f64::from(answers) / started.elapsed().as_secs_f64(), latency: merged.percentiles() })
    })
    .await?;
    say(format_args!("  {connections}: {:.0}/s, p99 {:.2} ms", sample.per_second, sample.latency.p99));
    Ok(sample)
}

async fn post_on(reporter: Reporter, end: Instant) -> anyhow::Result<(u32, Latencies)> {
    let mut connection = Connection::open(reporter.addr).await?;
    let (mut answers, mut latencies) = (0, Latencies::default());
    while Instant::now() < end {
        let (number, contact) = (rand::rng().random_range(1..=ORGS), rand::rng().random_range(1..=CONTACTS));
        let request = reporter.request(org(number), &phone(contact));
        let posted = Instant::now();
        let status = connection.outline(&request).await?.status;
        ensure!(status == 200, "a webhook was answered with {status}");
        latencies.record(posted.elapsed());
        answers += 1;
    }
    Ok((answers, latencies))
}

async fn notify(stack: &Stack, connections: usize, time: Duration) -> anyhow::Result<Sample> {
    let script = include_str!("../../peers/notify.pgbench");
    let pgbench::Outcome { per_second, latency, .. } = pgbench::run(stack, script, connections, time).await?;
    say(format_args!("  {connections} with NOTIFY: {per_second:.0}/s, p99 {:.2} ms", latency.p99));
    Ok(Sample { per_second, latency })
}
