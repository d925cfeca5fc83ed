//! Every org rebuilt by `prewarm rebuild --all`, beside a REFRESH of one materialized view of all leads, and reads meanwhile.

use std::time::{Duration, Instant};

use anyhow::ensure;

use super::{Bench, reads::CONTACTS};
use crate::{
    latency::{Latencies, Percentiles, median},
    load::{self, Load},
    machine, proc,
    progress::say,
    stack::{LEADS, http_addr},
    table::{Goal, Line, Value},
    target::Target,
};

/// All processes share both cores, since the row measures how well they do.
const CORES: [usize; 2] = [machine::SERVERS, machine::GENERATOR];
/// The rate of reads during the rebuild.
const READS_A_SECOND: f64 = 1_000.0;
const ORGS: u32 = 200;
const CALLS_PER_CONTACT: i32 = 5;

/// The time of one run, and the processor time of each server.
#[derive(Clone, Copy)]
struct Run {
    seconds: f64,
    postgres_cpu: f64,
    our_cpu: f64,
}

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<Vec<Line>> {
    let reader = bench.stack.org(CONTACTS).await?;
    say(format_args!("seeding {ORGS} orgs of {CONTACTS} contacts"));
    for _ in 0..ORGS {
        bench.stack.seed(CONTACTS, CALLS_PER_CONTACT).await?;
    }
    bench.stack.execute(include_str!("../../queries/vacuum.sql")).await?;
    bench.stack.execute(include_str!("../../queries/leads_view.sql")).await?;
    bench.stack.allow(&CORES)?;
    let (mut first, mut again, mut refresh) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..bench.rounds {
        bench.stack.execute(include_str!("../../queries/forget.sql")).await?;
        first.push(rebuild(bench, "2").await?);
        again.push(rebuild(bench, "2").await?);
        refresh.push(refreshed(bench).await?);
    }
    bench.stack.served_newest(&reader).await?;
    let headers = [("accept-encoding", "gzip"), ("authorization", reader.authorization.as_str())];
    let node = bench.stack.node();
    let target = Target::reading("reads", node, http_addr(node), LEADS, &headers).await?;
    let readers = read(bench, &target.load).await?;
    let seconds = |runs: &[Run]| Value::Number(median(runs.iter().map(|run| run.seconds)));
    let cpu = |runs: &[Run]| {
        let each = |part: fn(&Run) -> f64| median(runs.iter().map(part));
        Value::Several(vec![each(|run| run.postgres_cpu), each(|run| run.our_cpu)])
    };
    let peer = Value::Number(median(refresh.into_iter()));
    Ok(vec![
        Line::new("200 orgs, 120,000 contacts, 600,000 calls, built the first time, s", seconds(&first))
            .beside("REFRESH", peer.clone())
            .goal(Goal::AtMost(5.0)),
        Line::new("CPU of that, Postgres / ours, s", cpu(&first)),
        Line::new("the same again, with all that is held compared, s", seconds(&again))
            .beside("REFRESH", peer)
            .goal(Goal::AtMost(5.0)),
        Line::new("CPU of that, Postgres / ours, s", cpu(&again)),
        meanwhile("two orgs at once", &readers.beside_two, &readers.alone),
        meanwhile("one org at a time", &readers.beside_one, &readers.alone),
    ])
}

fn meanwhile(how: &str, beside: &[Percentiles], alone: &[Percentiles]) -> Line {
    let name = format!("1,000 reads a second beside {how}: p50 / p99 / p99.9, ms");
    Line::new(name, Value::Percentiles(Percentiles::median(beside)))
        .beside("without", Value::Percentiles(Percentiles::median(alone)))
        .goal(Goal::RatioAtMost(2.0))
}

async fn rebuild(bench: &Bench, at_once: &str) -> anyhow::Result<Run> {
    let postgres = bench.stack.postgres_pid()?;
    let (before, ours) = (proc::cpu_with_ended(postgres)?, proc::cpu_of_ended_children()?);
    let started = Instant::now();
    bench.stack.run(&["rebuild", "--all", "--restart", "--concurrency", at_once], &CORES).await?;
    let seconds = started.elapsed().as_secs_f64();
    // The time of an ending session is briefly in no counter.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let run = Run {
        seconds,
        postgres_cpu: proc::cpu_with_ended(postgres)?.saturating_sub(before).as_secs_f64(),
        our_cpu: proc::cpu_of_ended_children()?.saturating_sub(ours).as_secs_f64(),
    };
    say(format_args!("  rebuilt in {:.2} s, CPU {:.2} + {:.2} s", run.seconds, run.postgres_cpu, run.our_cpu));
    Ok(run)
}

async fn refreshed(bench: &Bench) -> anyhow::Result<f64> {
    let started = Instant::now();
    bench.stack.execute("refresh materialized view public.bench_leads").await?;
    say(format_args!("  REFRESH in {:.2} s", started.elapsed().as_secs_f64()));
    Ok(started.elapsed().as_secs_f64())
}

/// The latencies of readers.
#[derive(Default)]
struct Readers {
    alone: Vec<Percentiles>,
    beside_two: Vec<Percentiles>,
    beside_one: Vec<Percentiles>,
}

/// Measures the same load without a rebuild, beside two orgs at once, and beside one org at a time.
async fn read(bench: &Bench, load: &Load) -> anyhow::Result<Readers> {
    let mut readers = Readers::default();
    for _ in 0..bench.rounds {
        let latencies = load::open(load, READS_A_SECOND, bench.run).await?;
        readers.alone.push(latencies.percentiles());
        readers.beside_two.push(read_beside(bench, load, "2").await?);
        readers.beside_one.push(read_beside(bench, load, "1").await?);
    }
    Ok(readers)
}

async fn read_beside(bench: &Bench, load: &Load, at_once: &str) -> anyhow::Result<Percentiles> {
    let (latencies, run) = tokio::join!(load::open(load, READS_A_SECOND, bench.run), rebuild(bench, at_once));
    let (latencies, run): (Latencies, Run) = (latencies?, run?);
    ensure!(run.seconds > bench.run.as_secs_f64() / 2.0, "the rebuild ended long before the load: --seconds less");
    let percentiles = latencies.percentiles();
    say(format_args!("  p99 {:.3} ms beside a rebuild of {:.1} s", percentiles.p99, run.seconds));
    tokio::time::sleep(Duration::from_secs(1)).await;
    Ok(percentiles)
}
