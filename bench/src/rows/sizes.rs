//! The same read at different sizes of orgs, which must not matter.

use super::Bench;
use crate::{
    stack::{LEADS, http_addr},
    table::{Goal, Line, Value},
    target::{Target, alternate},
};

const SMALLEST: (u32, &str) = (60, "60 contacts");
const CONTACTS: [(u32, &str); 3] = [SMALLEST, (600, "600 contacts"), (100_000, "100,000 contacts")];

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<Vec<Line>> {
    let mut orgs = Vec::new();
    for (contacts, name) in CONTACTS {
        orgs.push((name, bench.stack.org(contacts).await?));
    }
    let node = bench.stack.node();
    let mut targets = Vec::new();
    for (name, org) in &orgs {
        let headers = [("accept-encoding", "gzip"), ("authorization", org.authorization.as_str())];
        targets.push(Target::reading(*name, node, http_addr(node), LEADS, &headers).await?);
    }
    let samples = alternate(&targets, bench.rounds, bench.run).await?;
    let smallest = Value::Percentiles(samples[0].latency);
    let lines = CONTACTS.iter().zip(&samples).map(|((contacts, name), sample)| {
        let row = format!("{name}: p50 / p99 / p99.9 at half load, ms");
        let line = Line::new(row, Value::Percentiles(sample.latency)).goal(Goal::Below(1.0));
        if *contacts == SMALLEST.0 { line } else { line.beside(SMALLEST.1, smallest.clone()) }
    });
    Ok(lines.collect())
}
