//! The effect of a hostile tenant on others: the latency of their reads and lists, the truth of the labels, and the memory
//! that the node keeps afterwards.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use serde_json::Value as Json;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::Bench;
use crate::{
    call::Reporter,
    generator::{self, Beside},
    hostile::Hostility,
    http::{self, Answer, Connection},
    latency::{Latencies, Percentiles},
    proc,
    process::Process,
    progress::say,
    stack::{LEADS, Org, http_addr, phone},
    table::{Goal, Line, Value},
};

const OTHERS: usize = 19;
const CONTACTS: u32 = 200;
const CALLS: i32 = 6;
/// Contacts of the hostile org, which has 300,000 calls.
const HOSTILE_CONTACTS: u32 = 50_000;
/// The pause between two reads of an org's panels, two of its lists, and two reports of any org.
const READS: Duration = Duration::from_millis(50);
const LISTS: Duration = Duration::from_millis(500);
const REPORTS: Duration = Duration::from_millis(250);
/// How long a reader that is behind may continue after a run.
const GRACE: Duration = Duration::from_secs(10);
/// The pause after a hostile load, in which its bodies time out.
const REST: Duration = Duration::from_secs(12);
/// The time before counting, in which sessions plan their statements and each org is read once.
const WARM_UP: Duration = Duration::from_secs(3);
/// The time limit of a client.
const PATIENCE: Duration = Duration::from_secs(15);
const PULSE: &str = "/api/analytics/dashboard-pulse";
const LIST: &str = "/api/calls-dashboard?page=2";

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<Vec<Line>> {
    say(format_args!("seeding {} orgs, one of {HOSTILE_CONTACTS} contacts", OTHERS + 1));
    let mut others = Vec::new();
    for _ in 0..OTHERS {
        others.push(bench.stack.seed(CONTACTS, CALLS).await?);
    }
    let hostile = bench.stack.seed(HOSTILE_CONTACTS, CALLS).await?;
    bench.stack.build().await?;
    bench.stack.start_worker().await?;
    let node = bench.stack.node_with(&SETTINGS).await?;
    let reporter = Reporter { addr: http_addr(&node), ..bench.stack.reporter() };
    let town = Town::new(&node, reporter, others, hostile, bench.run);
    let rounds = bench.rounds;
    let lines = generator::run(move || town.soak(rounds)).await?;
    drop(node);
    bench.stack.stop_worker().await?;
    Ok(lines)
}

/// Settings: only signed webhooks are accepted, and streams have their default limits.
const SETTINGS: [(&str, &str); 3] =
    [("VAPI_WEBHOOK_HMAC", "sha256"), ("PREWARM_STREAMS_PER_ORG", "512"), ("PREWARM_STREAMS_PER_TOKEN", "64")];

/// Nineteen orgs and a hostile one.
struct Town {
    addr: SocketAddr,
    pid: u32,
    reporter: Reporter,
    others: Vec<Org>,
    hostile: Org,
    run: Duration,
}

/// The responses to the other orgs, run by run.
#[derive(Default)]
struct Met {
    reads: Vec<Percentiles>,
    lists: Vec<Percentiles>,
    /// Responses other than 200, and missing ones.
    refused: u64,
    /// Responses that lack a call without saying so.
    unlabelled: u64,
    /// Responses labelled stale.
    labelled: u64,
}

impl Met {
    fn add(&mut self, other: Self) {
        self.reads.extend(other.reads);
        self.lists.extend(other.lists);
        self.refused += other.refused;
        self.unlabelled += other.unlabelled;
        self.labelled += other.labelled;
    }
}

impl Town {
    fn new(node: &Process, reporter: Reporter, others: Vec<Org>, hostile: Org, run: Duration) -> Self {
        Self { addr: http_addr(node), pid: node.pid(), reporter, others, hostile, run }
    }

    async fn soak(self, rounds: u32) -> anyhow::Result<Vec<Line>> {
        let mut calls = Calls::known(&self).await?;
        let (mut quiet, mut beside) = (Met::default(), Hostility::ALL.map(|hostility| (hostility, Met::default())));
        let (mut before, mut after_rounds) = (None, Vec::new());
        self.run(None, WARM_UP, &mut calls).await?;
        for round in 1..=rounds {
            say(format_args!(" round {round} of {rounds}"));
            quiet.add(self.run(None, self.run, &mut calls).await?);
            if before.is_none() {
                before = Some(proc::resident_bytes(self.pid)?);
            }
            for (hostility, met) in &mut beside {
                met.add(self.run(Some(*hostility), self.run, &mut calls).await?);
            }
            after_rounds.push(proc::resident_bytes(self.pid)?);
        }
        tokio::time::sleep(REST).await;
        let memory =
            Memory { before: before.unwrap_or_default(), after_rounds, at_rest: proc::resident_bytes(self.pid)? };
        Ok(lines(quiet, beside, &memory))
    }

    /// Runs all orgs at once for a time.
    async fn run(&self, hostility: Option<Hostility>, time: Duration, calls: &mut Calls) -> anyhow::Result<Met> {
        let begin = |hostility: Hostility| {
            let (addr, org) = (self.addr, self.hostile.clone());
            Beside::run(move || hostility.begin(addr, &org))
        };
        let hostile = hostility.map(begin).transpose()?;
        let end = Instant::now() + time;
        let reads = self.all(LEADS, READS, end);
        let lists = self.all(LIST, LISTS, end);
        let (reads, lists, reports) = tokio::join!(reads, lists, calls.report(self, end));
        drop(hostile);
        let (unlabelled, labelled, unheard) = reports?;
        let refused = reads.1 + lists.1 + unheard;
        let (reads, lists) = (reads.0.percentiles(), lists.0.percentiles());
        let met = Met { reads: vec![reads], lists: vec![lists], refused, unlabelled, labelled };
        let name = hostility.map_or("alone", Hostility::name);
        let megabytes = proc::resident_bytes(self.pid)? / 1_000_000;
        say(format_args!(
            "  {name}: {refused} refused, {unlabelled} unlabelled, {labelled} labelled, {megabytes} MB; {}",
            Value::Percentiles(reads)
        ));
        Ok(met)
    }

    /// Has every other org read a path at a steady rate. Latency counts from when a read was due.
    async fn all(&self, path: &str, between: Duration, end: Instant) -> (Latencies, u64) {
        let count = u32::try_from(self.others.len()).unwrap_or(1);
        let readers = self.others.iter().zip(0..).map(|(org, number)| async move {
            let mut asker = Asker::of(self.addr);
            let request = http::get(self.addr, path, &[("authorization", &org.authorization)]);
            let (mut latencies, mut refused) = (Latencies::default(), 0);
            let mut due = Instant::now() + between * number / count;
            while due < end && end.elapsed() < GRACE {
                tokio::time::sleep_until(due.into()).await;
                let answered = asker.ask(&request).await.is_some_and(|answer| answer.status == 200);
                latencies.record(due.elapsed());
                refused += u64::from(!answered);
                due += between;
            }
            (latencies, refused)
        });
        let mut all = (Latencies::default(), 0);
        for (latencies, refused) in futures_util::future::join_all(readers).await {
            all.0.add(latencies);
            all.1 += refused;
        }
        all
    }
}

/// The number of reported calls of each org.
struct Calls(Vec<u64>);

impl Calls {
    async fn known(town: &Town) -> anyhow::Result<Self> {
        let mut calls = Vec::new();
        for org in &town.others {
            let answer = http::fetch(town.addr, PULSE, &[("authorization", &org.authorization)]).await?;
            calls.push(total(&answer).context("no pulse")?);
        }
        Ok(Self(calls))
    }

    /// Reports calls of the orgs in turn and checks that each panel has them. Returns how many panels lack a call without a
    /// label, how many are labelled, and how many requests failed.
    async fn report(&mut self, town: &Town, end: Instant) -> anyhow::Result<(u64, u64, u64)> {
        let (mut unlabelled, mut labelled, mut refused) = (0, 0, 0);
        let (mut asker, mut pace) = (Asker::of(town.addr), interval(REPORTS));
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for number in (0..town.others.len()).cycle() {
            pace.tick().await;
            if Instant::now() >= end {
                break;
            }
            let org = &town.others[number];
            let taken = asker.ask(&town.reporter.signed(org.id, &phone(1))).await;
            let Some(taken) = taken.filter(|answer| answer.status == 200) else {
                refused += 1;
                continue;
            };
            self.0[number] += 1;
            let receipt: Json = serde_json::from_slice(&taken.body)?;
            let receipt = receipt["receipt"].as_str().context("no receipt")?;
            let headers = [("authorization", org.authorization.as_str()), ("prewarm-wait-for", receipt)];
            match asker.ask(&http::get(town.addr, PULSE, &headers)).await.filter(|answer| answer.status == 200) {
                None => refused += 1,
                Some(answer) if answer.header("prewarm-stale").is_some() => labelled += 1,
                Some(answer) => unlabelled += u64::from(total(&answer).is_none_or(|calls| calls < self.0[number])),
            }
        }
        ensure!(self.0.iter().sum::<u64>() > 0, "no call was reported");
        Ok((unlabelled, labelled, refused))
    }
}

fn total(answer: &Answer) -> Option<u64> {
    let pulse: Json = serde_json::from_slice(&answer.body).ok()?;
    pulse["total_calls"].as_u64()
}

/// A client that reconnects when its connection breaks.
struct Asker {
    addr: SocketAddr,
    connection: Option<Connection>,
}

impl Asker {
    fn of(addr: SocketAddr) -> Self {
        Self { addr, connection: None }
    }

    /// The response, if it arrives in time.
    async fn ask(&mut self, request: &[u8]) -> Option<Answer> {
        let asked = async {
            let mut connection = match self.connection.take() {
                Some(connection) => connection,
                None => Connection::open(self.addr).await.ok()?,
            };
            let answer = connection.answer(request).await.ok()?;
            if answer.header("connection") != Some("close") {
                self.connection = Some(connection);
            }
            Some(answer)
        };
        timeout(PATIENCE, asked).await.ok()?
    }
}

/// The node's memory in bytes.
struct Memory {
    before: u64,
    after_rounds: Vec<u64>,
    at_rest: u64,
}

fn lines(quiet: Met, beside: [(Hostility, Met); 4], memory: &Memory) -> Vec<Line> {
    let (reads, lists) = (Percentiles::median(&quiet.reads), Percentiles::median(&quiet.lists));
    let (mut lines, mut refused, mut unlabelled) = (Vec::new(), quiet.refused, quiet.unlabelled);
    for (hostility, met) in beside {
        refused += met.refused;
        unlabelled += met.unlabelled;
        for (what, ours, alone) in [("reads", met.reads, reads), ("lists", met.lists, lists)] {
            let row = format!("{what} beside {}: p50 / p99 / p99.9, ms", hostility.name());
            let line = Line::new(row, Value::Percentiles(Percentiles::median(&ours)));
            lines.push(line.beside("alone", Value::Percentiles(alone)).goal(Goal::RatioAtMost(2.0)));
        }
    }
    let megabytes = |bytes: &u64| *bytes as f64 / 1e6;
    let after = |round: Option<&u64>| round.map_or(f64::NAN, megabytes);
    let none = |row: &str, count: u64| Line::new(row, Value::Number(count as f64)).goal(Goal::Exactly(0.0));
    lines.extend([
        none("answers that lack a call and do not say so", unlabelled),
        none("reads and webhooks that were refused", refused),
        Line::new("memory of the node after the last round, MB", Value::Number(after(memory.after_rounds.last())))
            .beside("the first", Value::Number(after(memory.after_rounds.first())))
            .goal(Goal::RatioAtMost(1.1)),
        Line::new("memory of the node once all is over, MB", Value::Number(megabytes(&memory.at_rest)))
            .beside("before the first hostility", Value::Number(megabytes(&memory.before)))
            .goal(Goal::RatioAtMost(1.5)),
    ]);
    lines
}
