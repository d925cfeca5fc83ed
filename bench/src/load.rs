//! Load: the same request repeated over persistent connections, with every response checked.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use tokio::task::JoinSet;

use crate::{
    generator,
    http::{Connection, Outline},
    latency::Latencies,
    proc,
};

/// Enough connections to keep a server's core busy.
const CONNECTIONS: u32 = 32;
/// The resolution of the runtime's timer.
const TIMER_GRAIN: Duration = Duration::from_millis(2);
/// An open loop that is further behind only measures its own queue.
const GRACE: Duration = Duration::from_secs(10);
/// The request, and the expected response.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    pub(crate) addr: SocketAddr,
    pub(crate) request: Arc<[u8]>,
    pub(crate) expected: Outline,
}

/// The result of a closed loop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    pub(crate) answers: u64,
    elapsed: Duration,
    generator_cpu: Duration,
}

impl Rate {
    pub(crate) fn per_second(&self) -> f64 {
        self.answers as f64 / self.elapsed.as_secs_f64()
    }

    /// The share of its core that the generator used. Near 1, the generator was the bottleneck.
    pub(crate) fn generator_share(&self) -> f64 {
        self.generator_cpu.as_secs_f64() / self.elapsed.as_secs_f64()
    }
}

/// Measures throughput: each connection sends its next request as soon as it has a response.
pub(crate) async fn closed(load: &Load, time: Duration) -> anyhow::Result<Rate> {
    let load = load.clone();
    generator::run(move || async move {
        let cpu = proc::cpu_of_this_thread();
        let started = Instant::now();
        let mut readers = JoinSet::new();
        for _ in 0..CONNECTIONS {
            readers.spawn(ask_on(load.clone(), started + time));
        }
        let mut answers = 0;
        while let Some(reader) = readers.join_next().await {
            answers += reader??;
        }
        let elapsed = started.elapsed();
        Ok(Rate { answers, elapsed, generator_cpu: proc::cpu_of_this_thread().saturating_sub(cpu) })
    })
    .await
}

async fn ask_on(load: Load, end: Instant) -> anyhow::Result<u64> {
    let mut connection = Connection::open(load.addr).await?;
    let mut answers = 0;
    while Instant::now() < end {
        ask(&mut connection, &load).await?;
        answers += 1;
    }
    Ok(answers)
}

/// Measures latency: requests fall due at a steady rate, whether or not responses keep up. Latency counts from when a
/// request was due, so a slow response shows in all requests behind it.
pub(crate) async fn open(load: &Load, per_second: f64, time: Duration) -> anyhow::Result<Latencies> {
    let load = load.clone();
    let between = Duration::from_secs_f64(1.0 / per_second);
    generator::run(move || async move {
        let started = Instant::now();
        let mut readers = JoinSet::new();
        for number in 0..CONNECTIONS {
            let first = started + between * number;
            readers.spawn(ask_when_due(load.clone(), first, between * CONNECTIONS, started + time));
        }
        let mut merged = Latencies::default();
        while let Some(reader) = readers.join_next().await {
            merged.add(reader??);
        }
        Ok(merged)
    })
    .await
}

async fn ask_when_due(load: Load, first: Instant, between: Duration, end: Instant) -> anyhow::Result<Latencies> {
    let mut latencies = Latencies::default();
    let mut connection = Connection::open(load.addr).await?;
    let mut due = first;
    while due < end {
        until(due).await;
        ask(&mut connection, &load).await?;
        latencies.record(due.elapsed());
        ensure!(end.elapsed() < GRACE, "the server does not keep up with half of what it did before");
        due += between;
    }
    Ok(latencies)
}

/// Sleeps until shortly before `due`, then spins and polls the sockets in each turn.
async fn until(due: Instant) {
    if let Some(far) = due.checked_duration_since(Instant::now() + TIMER_GRAIN) {
        tokio::time::sleep(far).await;
    }
    while Instant::now() < due {
        tokio::task::yield_now().await;
    }
}

async fn ask(connection: &mut Connection, load: &Load) -> anyhow::Result<()> {
    let outline = connection.outline(&load.request).await.with_context(|| format!("reading from {}", load.addr))?;
    ensure!(outline == load.expected, "{}: {outline:?} instead of {:?}", load.addr, load.expected);
    Ok(())
}
