//! Ten thousand orgs with ten calls each within a minute, and the time from the last call until every panel is right.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use rand::{RngExt as _, seq::SliceRandom as _};
use readmodel::{ids::OrgId, time::Timestamp, version::Version};
use testkit::{history::read_world, oracle};
use tokio::task::JoinSet;

use super::Bench;
use crate::{
    call::Reporter,
    generator,
    http::Connection,
    latency::{Latencies, Percentiles},
    machine,
    progress::say,
    stack::{LEADS, Org, Stack, phone, read},
    table::{Goal, Line, Value},
};

const ORGS: usize = 10_000;
const EVENTS: usize = 10;
const CONTACTS: u32 = 12;
const CALLS: i32 = 3;
const SPREAD: Duration = Duration::from_secs(60);
const CONNECTIONS: usize = 64;
/// The number of orgs whose panels are compared with the oracle.
const SAMPLE: usize = 200;
const DASHBOARD: &str = "/api/analytics/dashboard";

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<Vec<Line>> {
    let orgs = seed(&mut bench.stack).await?;
    bench.stack.start_worker().await?;
    bench.stack.settled().await?;
    bench.stack.allow(&[machine::SERVERS, machine::GENERATOR])?;
    let stack = &bench.stack;
    let before = newest(stack, &orgs).await?;
    let (cpu, reports) = (stack.cpu()?, Arc::new(Reports::of(&orgs, stack.reporter())));
    let posted = generator::run(|| post(reports)).await?;
    let last = Instant::now();
    stack.settled().await?;
    let converged = last.elapsed();
    let cpu = stack.cpu()? - cpu;
    say(format_args!("  all posted after {:?}, all built {converged:?} later", posted.elapsed));

    let after = newest(stack, &orgs).await?;
    let rebuilds: Vec<f64> = orgs.iter().map(|org| (n(&after, org) - n(&before, org)) as f64).collect();
    let wrong = wrong(stack, orgs, &after).await?;
    bench.stack.stop_worker().await?;
    let seconds = |time: Duration| time.as_secs_f64();
    Ok(vec![
        Line::new("100,000 calls are taken, s", Value::Number(seconds(posted.elapsed))),
        Line::new("a webhook: p50 / p99 / p99.9 from when it was due, ms", Value::Percentiles(posted.latency)),
        Line::new("from the last until all are right, s", Value::Number(seconds(converged))).goal(Goal::AtMost(60.0)),
        Line::new("rebuilds an org, mean", Value::Number(rebuilds.iter().sum::<f64>() / ORGS as f64))
            .goal(Goal::AtMost(4.0)),
        Line::new("rebuilds of an org, most", Value::Number(rebuilds.iter().copied().fold(0.0, f64::max))),
        Line::new(format!("old versions of {ORGS} orgs, and wrong panels of {SAMPLE}"), Value::Number(wrong as f64))
            .goal(Goal::Exactly(0.0)),
        Line::new(
            "CPU: Postgres / worker / nodes, s",
            Value::Several(vec![seconds(cpu.postgres), seconds(cpu.worker), seconds(cpu.nodes)]),
        ),
    ])
}

async fn seed(stack: &mut Stack) -> anyhow::Result<Vec<Org>> {
    say(format_args!("seeding {ORGS} orgs of {CONTACTS} contacts"));
    let mut orgs = Vec::new();
    for _ in 0..ORGS {
        orgs.push(stack.seed(CONTACTS, CALLS).await?);
    }
    stack.build().await?;
    Ok(orgs)
}

/// The posts in order, each with the instant when it is due.
struct Reports {
    due: Vec<(Duration, OrgId)>,
    reporter: Reporter,
    next: AtomicUsize,
}

/// The outcome of the posts.
struct Posted {
    elapsed: Duration,
    latency: Percentiles,
}

impl Reports {
    fn of(orgs: &[Org], reporter: Reporter) -> Self {
        let mut random = rand::rng();
        let calls = orgs.iter().flat_map(|org| std::iter::repeat_n(org.id, EVENTS));
        let mut due: Vec<_> = calls.map(|org| (SPREAD.mul_f64(random.random_range(0.0..1.0)), org)).collect();
        due.sort_unstable_by_key(|(at, _)| *at);
        Self { due, reporter, next: AtomicUsize::new(0) }
    }
}

/// Posts in an open loop: each report as soon as it is due and a connection is free. Latency counts from when it was due.
async fn post(reports: Arc<Reports>) -> anyhow::Result<Posted> {
    let started = Instant::now();
    let mut posting = JoinSet::new();
    for _ in 0..CONNECTIONS {
        posting.spawn(post_on(reports.clone(), started));
    }
    let mut latencies = Latencies::default();
    while let Some(posted) = posting.join_next().await {
        latencies.add(posted??);
    }
    Ok(Posted { elapsed: started.elapsed(), latency: latencies.percentiles() })
}

async fn post_on(reports: Arc<Reports>, started: Instant) -> anyhow::Result<Latencies> {
    let mut connection = Connection::open(reports.reporter.addr).await?;
    let mut latencies = Latencies::default();
    while let Some((at, org)) = reports.due.get(reports.next.fetch_add(1, Ordering::Relaxed)) {
        let due = started + *at;
        tokio::time::sleep_until(due.into()).await;
        let caller = phone(rand::rng().random_range(1..=CONTACTS));
        let status = connection.outline(&reports.reporter.request(*org, &caller)).await?.status;
        ensure!(status == 200, "a webhook was answered with {status}");
        latencies.record(due.elapsed());
    }
    Ok(latencies)
}

async fn newest(stack: &Stack, orgs: &[Org]) -> anyhow::Result<HashMap<OrgId, Version>> {
    let ids: Vec<OrgId> = orgs.iter().map(|org| org.id).collect();
    let newest = stack.store.newest_versions(&ids).await?.versions;
    Ok(newest.into_iter().map(|(org, version, _)| (org, version)).collect())
}

fn n(versions: &HashMap<OrgId, Version>, org: &Org) -> i64 {
    versions.get(&org.id).map_or(0, |version| version.n)
}

/// The number of orgs served with an old version, plus the panels in the sample that differ from the oracle.
async fn wrong(stack: &Stack, mut orgs: Vec<Org>, newest: &HashMap<OrgId, Version>) -> anyhow::Result<usize> {
    let mut wrong = 0;
    for org in &orgs {
        let answer = read(stack.node(), org, LEADS, &[]).await?;
        let served: Option<Version> = answer.header("prewarm-version").and_then(|version| version.parse().ok());
        let newest = newest.get(&org.id).context("an org has no version")?;
        wrong += usize::from(served.is_none_or(|served| served < *newest));
    }
    orgs.shuffle(&mut rand::rng());
    orgs.truncate(SAMPLE);
    let ids: Vec<OrgId> = orgs.iter().map(|org| org.id).collect();
    let world = read_world(&mut stack.session().await?, &ids).await?;
    for org in &orgs {
        let answer = read(stack.node(), org, DASHBOARD, &[]).await?;
        let as_of: Option<Timestamp> = answer.header("prewarm-as-of").and_then(Timestamp::parse);
        let as_of = as_of.context("a panel without its instant")?.as_micros();
        wrong += usize::from(oracle::dashboard(&world, org.id, as_of) != answer.body);
    }
    Ok(wrong)
}
