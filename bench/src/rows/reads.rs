//! Reads of the leads panel as browsers send them, beside nginx with the same bytes and the usual Node server.

use anyhow::ensure;
use serde_json::Value as Json;

use super::Bench;
use crate::{
    http,
    peers::{Nginx, Node},
    process::Process,
    stack::{LEADS, Org, http_addr, read},
    table::{Goal, Line, Value},
    target::{Sample, Target, alternate},
};

pub(crate) const CONTACTS: u32 = 600;
const GZIP: (&str, &str) = ("accept-encoding", "gzip");

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<Vec<Line>> {
    let org = bench.stack.org(CONTACTS).await?;
    let nginx = nginx_with(bench.stack.node(), &org).await?;
    let node = Node::start(&bench.stack, &org).await?;
    ensure_same_leads(bench.stack.node(), &node, &org).await?;
    let headers = [GZIP, ("authorization", org.authorization.as_str())];
    let servers = [
        ("ours", bench.stack.node(), http_addr(bench.stack.node())),
        ("nginx", &nginx.process, nginx.addr()),
        ("Node", &node.process, node.addr()),
    ];
    let mut lines = Vec::new();
    let (mut full, mut revalidated) = (Vec::new(), Vec::new());
    for (name, process, addr) in servers {
        full.push(Target::reading(name, process, addr, LEADS, &headers).await?);
        revalidated.push(Target::revalidating(name, process, addr, LEADS, &headers).await?);
    }
    for (status, targets, cpu_ratio) in [(200, full, 0.8), (304, revalidated, 1.2)] {
        let samples = alternate(&targets, bench.rounds, bench.run).await?;
        lines.extend(compare(status, &samples, cpu_ratio));
    }
    Ok(lines)
}

fn compare(status: u16, samples: &[Sample], cpu_ratio: f64) -> Vec<Line> {
    let [ours, nginx, node] = samples else { return Vec::new() };
    let line = |what: &str, peer, theirs: &Sample, value: fn(&Sample) -> Value| {
        Line::new(format!("{status}: {what}"), value(ours)).beside(peer, value(theirs))
    };
    let per_second = |sample: &Sample| Value::Number(sample.per_second);
    let latency = |sample: &Sample| Value::Percentiles(sample.latency);
    let cpu = |sample: &Sample| Value::Number(sample.cpu_us);
    const RATE: &str = "answers a second";
    const LATENCY: &str = "p50 / p99 / p99.9 at half of that, ms";
    const CPU: &str = "CPU an answer, µs";
    // A 304 leaves Node nothing to compress, so there is no goal.
    let rate_beside_node = line(RATE, "Node", node, per_second);
    let rate_beside_node =
        if status == 200 { rate_beside_node.goal(Goal::RatioAtLeast(100.0)) } else { rate_beside_node };
    vec![
        line(RATE, "nginx", nginx, per_second),
        rate_beside_node,
        line(LATENCY, "nginx", nginx, latency).goal(Goal::Below(1.0)),
        line(LATENCY, "Node", node, latency),
        line(CPU, "nginx", nginx, cpu).goal(Goal::RatioAtMost(cpu_ratio)),
        line(CPU, "Node", node, cpu),
    ]
}

/// An nginx with the bytes that the node serves now.
async fn nginx_with(ours: &Process, org: &Org) -> anyhow::Result<Nginx> {
    let (identity, gzip) = (read(ours, org, LEADS, &[]).await?, read(ours, org, LEADS, &[GZIP]).await?);
    let nginx = Nginx::serving(&[("leads.json", &identity.body), ("leads.json.gz", &gzip.body)], LEADS).await?;
    let served = http::fetch(nginx.addr(), LEADS, &[GZIP]).await?;
    ensure!(served.body == gzip.body, "nginx does not serve the same bytes");
    Ok(nginx)
}

/// Checks that both return as many leads. The bytes differ.
async fn ensure_same_leads(ours: &Process, node: &Node, org: &Org) -> anyhow::Result<()> {
    let authorization = [("authorization", org.authorization.as_str())];
    let theirs = http::fetch(node.addr(), LEADS, &authorization).await?;
    let ours = read(ours, org, LEADS, &[]).await?;
    let count = |body: &[u8]| -> anyhow::Result<Option<usize>> {
        let json: Json = serde_json::from_slice(body)?;
        Ok(json.get("leads").and_then(Json::as_array).map(Vec::len))
    };
    let (ours, theirs) = (count(&ours.body)?, count(&theirs.body)?);
    ensure!(ours.is_some() && ours == theirs, "Node shows {theirs:?} leads where ours shows {ours:?}");
    Ok(())
}
