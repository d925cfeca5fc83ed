//! The measurements, one file per row. A new one is added to the list and gets markers in PERFORMANCE.md.

mod assistants;
mod burst;
mod bytes;
mod console;
mod fairness;
mod freshness;
mod intake;
mod maintenance;
mod memory;
mod page;
mod reads;
mod rebuilds;
mod shapes;
mod sizes;
mod stalls;
mod stampede;
mod streams;
mod tenants;
mod triggers;

use std::time::Duration;

use futures_util::future::LocalBoxFuture;

use crate::{stack::Stack, table::Line};

/// The servers and durations of a measurement.
pub(crate) struct Bench {
    pub(crate) stack: Stack,
    pub(crate) rounds: u32,
    /// The duration of each run under load.
    pub(crate) run: Duration,
}

/// A measurement: lines that are measured together.
pub(crate) struct Row {
    /// The name for `--only` and in PERFORMANCE.md.
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) measure: for<'a> fn(&'a mut Bench) -> LocalBoxFuture<'a, anyhow::Result<Vec<Line>>>,
}

/// Every row, in the order in which they are measured.
pub(crate) const ALL: &[Row] = &[
    Row {
        name: "stalls",
        about: "the time that the machine itself takes away while both cores are busy",
        measure: |bench| Box::pin(stalls::measure(bench)),
    },
    Row {
        name: "reads",
        about: "reads of an org of 600 contacts, beside nginx and Node",
        measure: |bench| Box::pin(reads::measure(bench)),
    },
    Row {
        name: "sizes",
        about: "the same read at 60 to 100,000 contacts",
        measure: |bench| Box::pin(sizes::measure(bench)),
    },
    Row {
        name: "bytes",
        about: "bytes of each panel by coding, and after one call",
        measure: |bench| Box::pin(bytes::measure(bench)),
    },
    Row { name: "memory", about: "a node's memory per org", measure: |bench| Box::pin(memory::measure(bench)) },
    Row {
        name: "streams",
        about: "1,000 open streams beside nchan: memory, and the latency of an event",
        measure: |bench| Box::pin(streams::measure(bench)),
    },
    Row {
        name: "stampede",
        about: "10,000 readers of an org that was never built",
        measure: |bench| Box::pin(stampede::measure(bench)),
    },
    Row {
        name: "fairness",
        about: "freshness of small orgs beside a large one",
        measure: |bench| Box::pin(fairness::measure(bench)),
    },
    Row {
        name: "tenants",
        about: "19 orgs beside a tenant that is hostile in four ways; takes five times --seconds times --rounds",
        measure: |bench| Box::pin(tenants::measure(bench)),
    },
    Row {
        name: "rebuilds",
        about: "every org rebuilt, beside REFRESH, and reads meanwhile",
        measure: |bench| Box::pin(rebuilds::measure(bench)),
    },
    Row {
        name: "maintenance",
        about: "the cost of one call event at 500 to 100,000 contacts, beside REFRESH, a plain view and pg_ivm",
        measure: |bench| Box::pin(maintenance::measure(bench)),
    },
    Row {
        name: "shapes",
        about: "the cost of one call event in orgs with skewed data, beside a plain one; and a first import",
        measure: |bench| Box::pin(shapes::measure(bench)),
    },
    Row {
        name: "triggers",
        about: "the cost of our triggers to another program's INSERT and UPDATE, by pgbench",
        measure: |bench| Box::pin(triggers::measure(bench)),
    },
    Row {
        name: "intake",
        about: "durable webhooks a second, beside one transaction with NOTIFY each",
        measure: |bench| Box::pin(intake::measure(bench)),
    },
    Row {
        name: "assistants",
        about: "assistant requests, beside the bare query",
        measure: |bench| Box::pin(assistants::measure(bench)),
    },
    Row {
        name: "console",
        about: "a saved agent and a test call while Vapi takes 500 ms",
        measure: |bench| Box::pin(console::measure(bench)),
    },
    Row {
        name: "freshness",
        about: "from a commit to the event on an open stream",
        measure: |bench| Box::pin(freshness::measure(bench)),
    },
    Row {
        name: "page",
        about: "the page in a browser: first data, a live change, bytes, a click",
        measure: |bench| Box::pin(page::measure(bench)),
    },
    Row {
        name: "burst",
        about: "10,000 orgs with ten calls each in a minute, and the time until all panels are right",
        measure: |bench| Box::pin(burst::measure(bench)),
    },
];

/// The rows with these names, or all.
pub(crate) fn chosen(only: &[String]) -> anyhow::Result<Vec<&'static Row>> {
    for name in only {
        anyhow::ensure!(ALL.iter().any(|row| row.name == name), "there is no row {name}: see --list");
    }
    Ok(ALL.iter().filter(|row| only.is_empty() || only.iter().any(|name| name == row.name)).collect())
}
