//! The measurements: one file a row. A new one is added to the list, and gets its place in PERFORMANCE.md.

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

/// What the rows are measured on, and how long.
pub(crate) struct Bench {
    pub(crate) stack: Stack,
    pub(crate) rounds: u32,
    /// Of each run under load.
    pub(crate) run: Duration,
}

/// Lines that are measured together.
pub(crate) struct Row {
    /// For `--only`, and in PERFORMANCE.md.
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) measure: for<'a> fn(&'a mut Bench) -> LocalBoxFuture<'a, anyhow::Result<Vec<Line>>>,
}

/// Every row, in the order in which they are measured.
pub(crate) const ALL: &[Row] = &[
    Row {
        name: "stalls",
        about: "what the machine takes away while both cores are busy",
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
    Row {
        name: "memory",
        about: "memory of an org that a node holds",
        measure: |bench| Box::pin(memory::measure(bench)),
    },
    Row {
        name: "streams",
        about: "1,000 open streams beside nchan: memory, and the time of an event",
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
        about: "19 orgs beside one that is hostile in four ways; --seconds times --rounds is a fifth of it",
        measure: |bench| Box::pin(tenants::measure(bench)),
    },
    Row {
        name: "rebuilds",
        about: "every org rebuilt, beside REFRESH, and what readers notice",
        measure: |bench| Box::pin(rebuilds::measure(bench)),
    },
    Row {
        name: "maintenance",
        about: "what one call event costs at 500 to 100,000 contacts, beside REFRESH, the plan's view and pg_ivm",
        measure: |bench| Box::pin(maintenance::measure(bench)),
    },
    Row {
        name: "shapes",
        about: "what one call event costs in orgs whose data is skewed, beside a plain one; and a first import",
        measure: |bench| Box::pin(shapes::measure(bench)),
    },
    Row {
        name: "triggers",
        about: "what our triggers add to another program's INSERT and UPDATE, by pgbench",
        measure: |bench| Box::pin(triggers::measure(bench)),
    },
    Row {
        name: "intake",
        about: "durable webhooks a second, beside a transaction with NOTIFY for each",
        measure: |bench| Box::pin(intake::measure(bench)),
    },
    Row {
        name: "assistants",
        about: "who takes a call, answered from the mapping, beside the bare query",
        measure: |bench| Box::pin(assistants::measure(bench)),
    },
    Row {
        name: "console",
        about: "an agent saved and a test call asked for, while Vapi takes 500 ms",
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
        about: "10,000 orgs with ten calls each in a minute, and the time until all are right",
        measure: |bench| Box::pin(burst::measure(bench)),
    },
];

/// The rows of these names, or all.
pub(crate) fn chosen(only: &[String]) -> anyhow::Result<Vec<&'static Row>> {
    for name in only {
        anyhow::ensure!(ALL.iter().any(|row| row.name == name), "there is no row {name}: see --list");
    }
    Ok(ALL.iter().filter(|row| only.is_empty() || only.iter().any(|name| name == row.name)).collect())
}
