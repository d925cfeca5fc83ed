//! Ten thousand concurrent readers of an org that was never built, over two nodes.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::ensure;
use monitoring::names::REBUILDS_TOTAL;
use tokio::{
    sync::{Barrier, Semaphore},
    task::JoinSet,
};

use super::{Bench, reads::CONTACTS};
use crate::{
    generator,
    http::{self, Connection},
    latency::median,
    progress::say,
    stack::{CALLS_PER_CONTACT, LEADS, Org, http_addr},
    table::{Goal, Line, Value},
};

const READERS: usize = 10_000;
/// Concurrent connection attempts. The backlog of a listener is shorter than ten thousand.
const CONNECTING: usize = 100;

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<Vec<Line>> {
    let (mut builds, mut seconds) = (Vec::new(), Vec::new());
    for _ in 0..bench.rounds {
        let org = bench.stack.seed(CONTACTS, CALLS_PER_CONTACT).await?;
        let nodes = bench.stack.nodes();
        let headers = [("accept-encoding", "gzip"), ("authorization", org.authorization.as_str())];
        let requests = nodes.iter().map(|node| (http_addr(node), http::get(http_addr(node), LEADS, &headers).into()));
        let requests = requests.collect::<Vec<_>>();
        let before = counted(bench).await?;
        let served = generator::run(|| stampede(requests)).await?;
        // A failed build has no version, and a build that a node did not count has one.
        builds.push((counted(bench).await? - before).max(versions(bench, &org).await?));
        seconds.push(served.as_secs_f64());
        say(format_args!("  all served after {served:?}"));
    }
    let most = builds.iter().copied().fold(0.0, f64::max);
    Ok(vec![
        Line::new("builds for 10,000 readers over two nodes, the most of any round", Value::Number(most))
            .goal(Goal::Exactly(1.0)),
        Line::new("until all 10,000 are served, s", Value::Number(median(seconds.into_iter()))),
    ])
}

/// The rebuilds that the nodes have counted. No worker runs meanwhile.
async fn counted(bench: &Bench) -> anyhow::Result<f64> {
    let mut total = 0.0;
    for node in bench.stack.nodes() {
        total += bench.stack.counted(node, REBUILDS_TOTAL).await?;
    }
    Ok(total)
}

/// The number of an org's versions, which is the number of its committed rebuilds.
async fn versions(bench: &Bench, org: &Org) -> anyhow::Result<f64> {
    let newest = bench.stack.store.newest_versions(&[org.id]).await?.versions;
    Ok(newest.first().map_or(0.0, |(_, version, _)| version.n as f64))
}

/// Connects all readers, then sends all requests. Returns the time until the last response.
async fn stampede(requests: Vec<(SocketAddr, Arc<[u8]>)>) -> anyhow::Result<Duration> {
    let (all_connected, connecting) = (Arc::new(Barrier::new(READERS + 1)), Arc::new(Semaphore::new(CONNECTING)));
    let mut readers = JoinSet::new();
    for (addr, request) in requests.iter().cycle().take(READERS).cloned() {
        let (all_connected, connecting) = (all_connected.clone(), connecting.clone());
        readers.spawn(async move {
            let permit = connecting.acquire().await;
            let connection = Connection::open(addr).await;
            drop(permit);
            all_connected.wait().await;
            connection?.outline(&request).await
        });
    }
    all_connected.wait().await;
    let started = Instant::now();
    while let Some(reader) = readers.join_next().await {
        let status = reader??.status;
        ensure!(status == 200, "a reader was answered with {status}");
    }
    Ok(started.elapsed())
}
