//! The same read of orgs of very different size: it must not matter.

use super::Bench;
use crate::{
    stack::{LEADS, http_addr},
    table::{Goal, Line, Value},
    target::{Target, alternate},
};

const CONTACTS: [u32; 3] = [60, 600, 100_000];

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<Vec<Line>> {
    let mut orgs = Vec::new();
    for contacts in CONTACTS {
        orgs.push(bench.stack.org(contacts).await?);
    }
    let node = bench.stack.node();
    let mut targets = Vec::new();
    for (contacts, org) in CONTACTS.iter().zip(&orgs) {
        let headers = [("accept-encoding", "gzip"), ("authorization", org.authorization.as_str())];
        let name = format!("{contacts} contacts");
        targets.push(Target::reading(name, node, http_addr(node), LEADS, &headers).await?);
    }
    let samples = alternate(&targets, bench.rounds, bench.run).await?;
    let smallest = Value::Percentiles(samples[0].latency);
    let line = |contacts: u32, latency| {
        Line::new(format!("{contacts} contacts: p50 / p99 / p99.9 at half load, ms"), Value::Percentiles(latency))
            .goal(Goal::Below(1.0))
    };
    let lines = CONTACTS.iter().zip(&samples).enumerate().map(|(index, (contacts, sample))| {
        let line = line(*contacts, sample.latency);
        if index == 0 { line } else { line.beside("60 contacts", smallest.clone()) }
    });
    Ok(lines.collect())
}
