//! What it costs a node to hold an org.

use anyhow::ensure;

use super::Bench;
use crate::{
    proc,
    stack::{LEADS, Org, read},
    table::{Line, Value},
};

const ORGS: usize = 500;
/// Read first, so that what a node needs but once is not counted.
const WARM_UP: usize = 20;
const CONTACTS: u32 = 60;
const CALLS: i32 = 3;

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<Vec<Line>> {
    crate::progress::say(format_args!("seeding {} orgs of {CONTACTS} contacts", ORGS + WARM_UP));
    let mut orgs = Vec::new();
    for _ in 0..ORGS + WARM_UP {
        orgs.push(bench.stack.seed(CONTACTS, CALLS).await?);
    }
    bench.stack.build().await?;
    let node = bench.stack.another_node().await?;
    let (warm_up, measured) = orgs.split_at(WARM_UP);
    read_each(&node, warm_up).await?;
    let before = proc::resident_bytes(node.pid())?;
    let stored_bytes = read_each(&node, measured).await?;
    let grown = proc::resident_bytes(node.pid())?.saturating_sub(before);
    ensure!(grown > 0, "{ORGS} orgs took no memory");
    let kilobytes = |bytes: f64| Value::Number(bytes / 1e3 / ORGS as f64);
    Ok(vec![
        Line::new(format!("an org of {CONTACTS} contacts in a node, all panels, kB"), kilobytes(grown as f64))
            .beside("its leads as zstd", kilobytes(stored_bytes as f64)),
    ])
}

/// Reads each org once; the bytes that came.
async fn read_each(node: &crate::process::Process, orgs: &[Org]) -> anyhow::Result<usize> {
    let mut bytes = 0;
    for org in orgs {
        bytes += read(node, org, LEADS, &[("accept-encoding", "zstd")]).await?.body.len();
    }
    Ok(bytes)
}
