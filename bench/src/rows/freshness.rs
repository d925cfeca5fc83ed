//! The time from a commit to the event on an open stream, for webhooks and for rows of other programs.

use std::{
    net::SocketAddr,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, ensure};
use monitoring::names::FRESHNESS_SECONDS;
use readmodel::{ids::OrgId, version::Receipt};
use serde_json::Value as Json;
use sqlx::PgConnection;
use tokio::{sync::mpsc, task::JoinSet, time::timeout};

use super::{Bench, reads::CONTACTS};
use crate::{
    call::Reporter,
    events::Events,
    generator,
    http::{self, Connection},
    latency::Latencies,
    machine,
    stack::{CALLS_PER_CONTACT, Org, Stack, http_addr, phone},
    table::{Goal, Line, Value},
};

const ORGS: usize = 10;
const EVENTS_A_ROUND: usize = 100;
const BETWEEN: Duration = Duration::from_millis(120);
const ARRIVES: Duration = Duration::from_secs(10);

const CALL: &str = include_str!("../../queries/call.sql");
const COMMITTED: &str = include_str!("../../queries/committed.sql");

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<Vec<Line>> {
    let mut orgs = Vec::new();
    for _ in 0..ORGS {
        orgs.push(bench.stack.seed(CONTACTS, CALLS_PER_CONTACT).await?);
    }
    bench.stack.build().await?;
    bench.stack.start_worker().await?;
    // The load is small and there is no peer, so both cores are used.
    bench.stack.allow(&[machine::SERVERS, machine::GENERATOR])?;
    let mut reported = Kind::default();
    let mut inserted = Kind::default();
    for _ in 0..bench.rounds {
        let reporter = bench.stack.reporter();
        let connection = Connection::open(reporter.addr).await?;
        reported.measure(&bench.stack, &orgs, Writer::Vapi(reporter, connection)).await?;
        inserted.measure(&bench.stack, &orgs, Writer::Foreign(bench.stack.session().await?)).await?;
    }
    bench.stack.stop_worker().await?;
    Ok([reported.lines("a webhook", 6.0, Some(30.0)), inserted.lines("a foreign INSERT", 50.0, None)].concat())
}

/// The events of one kind.
#[derive(Default)]
struct Kind {
    latencies: Latencies,
    /// The worker's own mean, from the commit to the blob in Redis.
    published_seconds: f64,
    published: f64,
}

impl Kind {
    async fn measure(&mut self, stack: &Stack, orgs: &[Org], writer: Writer) -> anyhow::Result<()> {
        let before = published(stack).await?;
        let watched = Watched { addr: http_addr(&stack.nodes()[1]), orgs: orgs.to_vec() };
        let heard = generator::run(move || watched.hear(writer)).await?;
        let transactions: Vec<&str> = heard.iter().map(|(transaction, _)| transaction.as_str()).collect();
        let committed =
            sqlx::query_scalar::<_, i64>(COMMITTED).bind(&transactions).fetch_all(stack.store.sessions()).await?;
        for ((_, arrived), committed) in heard.iter().zip(committed) {
            self.latencies.record(arrived.saturating_sub(Duration::from_micros(committed.try_into()?)));
        }
        let after = published(stack).await?;
        self.published_seconds += after.0 - before.0;
        self.published += after.1 - before.1;
        Ok(())
    }

    fn lines(self, what: &str, p50: f64, p99: Option<f64>) -> Vec<Line> {
        let latency = self.latencies.percentiles();
        let whole = Line::new(format!("{what}: p50 / p99 / p99.9, ms"), Value::Percentiles(latency));
        vec![
            Line::new(format!("{what}: p50, ms"), Value::Number(latency.p50)).goal(Goal::AtMost(p50)),
            p99.map(Goal::AtMost).into_iter().fold(whole, Line::goal),
            Line::new(
                format!("{what}: until the blobs are published, mean, ms"),
                Value::Number(1e3 * self.published_seconds / self.published),
            ),
        ]
    }
}

/// The sum and count of the worker's measurements so far.
async fn published(stack: &Stack) -> anyhow::Result<(f64, f64)> {
    let worker = stack.worker()?;
    let sum = stack.counted(worker, &format!("{FRESHNESS_SECONDS}_sum")).await?;
    Ok((sum, stack.counted(worker, &format!("{FRESHNESS_SECONDS}_count")).await?))
}

/// The source of the events.
enum Writer {
    Vapi(Reporter, Connection),
    Foreign(PgConnection),
}

impl Writer {
    /// Writes a call and returns its transaction id.
    async fn write(&mut self, org: OrgId, phone: &str) -> anyhow::Result<String> {
        match self {
            Self::Vapi(reporter, connection) => {
                let answer = connection.answer(&reporter.request(org, phone)).await?;
                ensure!(answer.status == 200, "a webhook was answered with {}", answer.status);
                let answer: Json = serde_json::from_slice(&answer.body)?;
                let receipt = answer.get("receipt").and_then(Json::as_str).context("no receipt")?;
                Ok(receipt.parse::<Receipt>().map_err(anyhow::Error::msg)?.xid.to_string())
            }
            Self::Foreign(session) => Ok(sqlx::query_scalar(CALL).bind(org.0).bind(phone).fetch_one(session).await?),
        }
    }
}

/// Orgs with one open stream each.
struct Watched {
    addr: SocketAddr,
    orgs: Vec<Org>,
}

/// The time since the epoch, by the clock that Postgres also uses.
#[expect(
    clippy::disallowed_methods,
    reason = "compared with the instants of commits, which Postgres takes of this clock"
)]
fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

impl Watched {
    /// Writes events one after another to different orgs. Returns the transactions and the arrival times of their events.
    async fn hear(self, mut writer: Writer) -> anyhow::Result<Vec<(String, Duration)>> {
        let (sender, mut arrivals) = mpsc::unbounded_channel();
        let mut clients = JoinSet::new();
        for (index, org) in self.orgs.iter().enumerate() {
            let headers = [("accept", "text/event-stream"), ("authorization", org.authorization.as_str())];
            let request = http::get(self.addr, "/api/analytics/stream", &headers);
            let mut events = Events::open(self.addr, &request).await?.context("the node has no streams")?;
            // A stream first sends the current version.
            timeout(ARRIVES, events.next()).await.context("a stream says nothing")??;
            let sender = sender.clone();
            clients.spawn(async move { while events.next().await.is_ok() && sender.send((index, now())).is_ok() {} });
        }
        let mut heard = Vec::new();
        let mut due = Instant::now();
        for number in 0..EVENTS_A_ROUND {
            let index = number % self.orgs.len();
            while arrivals.try_recv().is_ok() {}
            let contact = 1 + u32::try_from(number * 7)? % CONTACTS;
            let transaction = writer.write(self.orgs[index].id, &phone(contact)).await?;
            heard.push((transaction, of(index, &mut arrivals).await?));
            due += BETWEEN;
            tokio::time::sleep_until(due.into()).await;
        }
        Ok(heard)
    }
}

/// The arrival of the next event on an org's stream.
async fn of(index: usize, arrivals: &mut mpsc::UnboundedReceiver<(usize, Duration)>) -> anyhow::Result<Duration> {
    loop {
        let arrival = timeout(ARRIVES, arrivals.recv()).await.context("no version was announced")?;
        let (from, at) = arrival.context("every stream has ended")?;
        if from == index {
            return Ok(at);
        }
    }
}
