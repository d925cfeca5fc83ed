//! A thousand open streams beside nchan: the memory of each, and the time for an event to reach all of them.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use futures_util::StreamExt as _;
use readmodel::version::Version;
use tokio::{sync::mpsc, task::JoinSet, time::timeout};

use super::{Bench, reads::CONTACTS};
use crate::{
    events::{Event, Events},
    generator,
    http::{self, Connection},
    latency::{Latencies, Percentiles},
    peers::Nginx,
    proc,
    stack::{Org, http_addr},
    table::{Goal, Line, Value},
};

const CLIENTS: usize = 1_000;
/// Streams opened first, so that one-time costs of a server do not count.
const WARM_UP: usize = 10;
const EVENTS_A_ROUND: u32 = 10;
/// The pause between two events, in which one reaches every client.
const BETWEEN: Duration = Duration::from_millis(200);
const ARRIVES: Duration = Duration::from_secs(10);
/// The channels of version announcements, `<org> <version>`. The pattern fits any installation, since this Redis has one.
const CHANNELS: &str = "prewarm:*:versions";
/// The number of a contact that every org has.
const PHONE: &str = "+15550000001";

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<Vec<Line>> {
    let events = EVENTS_A_ROUND * bench.rounds;
    let nginx = Nginx::fanning_out().await?;
    let (addr, pid) = (nginx.addr(), nginx.process.pid());
    let nchan = generator::run(move || of_nchan(addr, pid, events)).await?;
    drop(nginx);

    let org = bench.stack.org(CONTACTS).await?;
    let node = bench.stack.another_node().await?;
    bench.stack.start_worker().await?;
    let reporter = bench.stack.reporter();
    let ours = Ours {
        streams: http_addr(&node),
        pid: node.pid(),
        intake: http_addr(bench.stack.node()),
        webhooks: (0..events).map(|_| reporter.request(org.id, PHONE)).collect(),
        redis: redis::Client::open(bench.stack.redis.url())?,
        org,
    };
    let ours = generator::run(|| ours.measure()).await?;
    bench.stack.stop_worker().await?;
    Ok(lines(ours.as_ref(), &nchan))
}

fn lines(ours: Option<&Measured>, nchan: &Measured) -> Vec<Line> {
    let latency = |of: &Measured| Value::Percentiles(of.latency);
    let kilobytes = |of: &Measured| Value::Number(of.bytes_each / 1e3);
    let or_not = |value: Option<Value>| value.unwrap_or(Value::NotOffered);
    vec![
        Line::new("an event at 1,000 clients: p50 / p99 / p99.9, ms", or_not(ours.map(latency)))
            .beside("nchan", latency(nchan))
            .goal(Goal::Below(20.0)),
        Line::new("a client's memory, kB", or_not(ours.map(kilobytes)))
            .beside("nchan", kilobytes(nchan))
            .goal(Goal::AtMost(24.0)),
    ]
}

/// The result of a thousand streams.
struct Measured {
    latency: Percentiles,
    bytes_each: f64,
}

/// Measures from the announcement in Redis to the clients.
struct Ours {
    streams: SocketAddr,
    pid: u32,
    intake: SocketAddr,
    webhooks: Vec<Vec<u8>>,
    redis: redis::Client,
    org: Org,
}

impl Ours {
    async fn measure(self) -> anyhow::Result<Option<Measured>> {
        let headers = [("accept", "text/event-stream"), ("authorization", self.org.authorization.as_str())];
        let request = http::get(self.streams, "/api/analytics/stream", &headers);
        let Some(mut crowd) = Crowd::gather(self.streams, &request, self.pid).await? else { return Ok(None) };
        let mut announced = self.announcements().await?;
        let mut intake = Connection::open(self.intake).await?;
        for webhook in &self.webhooks {
            let status = intake.answer(webhook).await?.status;
            ensure!(status == 200, "the webhook was answered with {status}");
            let next = timeout(ARRIVES, announced.recv()).await.context("no version was announced")?;
            let (version, at) = next.context("Redis closed the connection")?;
            crowd.heard(at, |event| event.id.parse::<Version>().is_ok_and(|seen| seen >= version)).await?;
        }
        Ok(Some(crowd.measured()))
    }

    /// The org's versions with their announcement times.
    async fn announcements(&self) -> anyhow::Result<mpsc::UnboundedReceiver<(Version, Instant)>> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut subscription = self.redis.get_async_pubsub().await?;
        subscription.psubscribe(CHANNELS).await?;
        let org = self.org.id.to_string();
        tokio::spawn(async move {
            let mut messages = subscription.into_on_message();
            while let Some(message) = messages.next().await {
                let at = Instant::now();
                let text: String = message.get_payload().unwrap_or_default();
                let version = text.strip_prefix(&org).and_then(|rest| rest.trim_start().parse().ok());
                if version.is_some_and(|version| sender.send((version, at)).is_err()) {
                    return;
                }
            }
        });
        Ok(receiver)
    }
}

/// Measures from the publication to the subscribers.
async fn of_nchan(addr: SocketAddr, pid: u32, events: u32) -> anyhow::Result<Measured> {
    let request = http::get(addr, "/subscribe", &[("accept", "text/event-stream")]);
    let mut crowd = Crowd::gather(addr, &request, pid).await?.context("nchan has no streams")?;
    let mut publisher = Connection::open(addr).await?;
    for number in 0..events {
        let text = format!("event {number}");
        let request = http::post(addr, "/publish", &[("content-type", "text/plain")], &text);
        let at = Instant::now();
        let status = publisher.answer(&request).await?.status;
        ensure!((200..300).contains(&status), "nchan answered a publication with {status}");
        crowd.heard(at, |event| event.data == text).await?;
    }
    Ok(crowd.measured())
}

/// The clients of one server.
struct Crowd {
    /// The client, event and time of each arrival.
    arrivals: mpsc::UnboundedReceiver<(usize, Event, Instant)>,
    /// The clients' tasks, cancelled with the crowd.
    _clients: JoinSet<()>,
    bytes_each: f64,
    latencies: Latencies,
}

impl Crowd {
    /// Opens the streams; `None` if the server has none.
    async fn gather(addr: SocketAddr, request: &[u8], pid: u32) -> anyhow::Result<Option<Self>> {
        let (sender, arrivals) = mpsc::unbounded_channel();
        let (mut clients, mut before) = (JoinSet::new(), 0);
        for client in 0..CLIENTS {
            if client == WARM_UP {
                before = settled_bytes(pid).await?;
            }
            let Some(events) = Events::open(addr, request).await? else { return Ok(None) };
            clients.spawn(listen(events, client, sender.clone()));
        }
        let grown = settled_bytes(pid).await?.saturating_sub(before);
        let bytes_each = grown as f64 / (CLIENTS - WARM_UP) as f64;
        Ok(Some(Self { arrivals, _clients: clients, bytes_each, latencies: Latencies::default() }))
    }

    /// Waits until every client has an event, and records each latency since an instant.
    async fn heard(&mut self, since: Instant, is_it: impl Fn(&Event) -> bool) -> anyhow::Result<()> {
        let mut waiting = [true; CLIENTS];
        let mut left = CLIENTS;
        while left > 0 {
            let arrival = timeout(ARRIVES, self.arrivals.recv()).await;
            let arrival = arrival.with_context(|| format!("{left} of {CLIENTS} clients did not get an event"))?;
            let (client, event, at) = arrival.context("every stream has ended")?;
            if waiting[client] && is_it(&event) {
                waiting[client] = false;
                left -= 1;
                self.latencies.record(at.saturating_duration_since(since));
            }
        }
        tokio::time::sleep(BETWEEN).await;
        Ok(())
    }

    fn measured(self) -> Measured {
        Measured { latency: self.latencies.percentiles(), bytes_each: self.bytes_each }
    }
}

/// The memory of a server at rest.
async fn settled_bytes(pid: u32) -> anyhow::Result<u64> {
    tokio::time::sleep(BETWEEN).await;
    proc::resident_bytes(pid)
}

async fn listen(mut events: Events, client: usize, arrivals: mpsc::UnboundedSender<(usize, Event, Instant)>) {
    // A broken stream shows as a missing event.
    while let Ok(event) = events.next().await {
        if arrivals.send((client, event, Instant::now())).is_err() {
            return;
        }
    }
}
