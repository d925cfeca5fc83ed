//! A node's memory per org.

use anyhow::ensure;

use super::Bench;
use crate::{
    proc,
    process::Process,
    progress::say,
    stack::{LEADS, Org, read},
    table::{Line, Value},
};

const ORGS: usize = 500;
/// Orgs read first, so that one-time costs of a node do not count.
const WARM_UP: usize = 20;
const CONTACTS: u32 = 60;
const CALLS: i32 = 3;

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<Vec<Line>> {
    say(format_args!("seeding {} orgs of {CONTACTS} contacts", ORGS + WARM_UP));
    let mut orgs = Vec::new();
    for _ in 0..ORGS + WARM_UP {
        orgs.push(bench.stack.seed(CONTACTS, CALLS).await?);
    }
    bench.stack.build().await?;
    let node = bench.stack.another_node().await?;
    let (warm_up, measured) = orgs.split_at(WARM_UP);
    read_each(&node, warm_up).await?;
    let before = proc::resident_bytes(node.pid())?;
    read_each(&node, measured).await?;
    let grown = proc::resident_bytes(node.pid())?.saturating_sub(before);
    ensure!(grown > 0, "{ORGS} orgs took no memory");
    let kilobytes = grown as f64 / ORGS as f64 / 1e3;
    Ok(vec![Line::new(format!("an org of {CONTACTS} contacts, all panels, kB"), Value::Number(kilobytes))])
}

/// Reads each org once.
async fn read_each(node: &Process, orgs: &[Org]) -> anyhow::Result<()> {
    for org in orgs {
        read(node, org, LEADS, &[("accept-encoding", "zstd")]).await?;
    }
    Ok(())
}
