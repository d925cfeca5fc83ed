//! The page in a browser: dashboard/tests/figures.ts with the measured binary and its own servers.

use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use serde_json::Value as Json;

use super::Bench;
use crate::{
    machine,
    stack::program,
    table::{Goal, Line, Value},
};

const DASHBOARD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../dashboard");
const ARGUMENTS: [&str; 4] = ["--import", "./tests/typescript.mjs", "tests/figures.ts", "--json"];

pub(super) async fn measure(_: &mut Bench) -> anyhow::Result<Vec<Line>> {
    let figures = tokio::task::spawn_blocking(figures).await??;
    let number = |name: &str| figures.get(name).and_then(Json::as_f64).with_context(|| format!("no figure {name}"));
    let line = |row: &str, name: &str, goal| anyhow::Ok(Line::new(row, Value::Number(number(name)?)).goal(goal));
    let phases = [number("html")?, number("data")?, number("loaded")?];
    Ok(vec![
        line("cold page to first data painted, ms", "painted", Goal::Below(300.0))?
            .beside("the same as HTML without a script", Value::Number(number("floor")?)),
        Line::new("of that: page / data / script received, ms", Value::Several(phases.into())),
        line("script, gzip, bytes", "gzip", Goal::AtMost(25_000.0))?,
        line("a change on screen after its commit, p50, ms", "p50", Goal::Below(50.0))?,
        line("a change on screen after its commit, p99, ms", "p99", Goal::Below(150.0))?,
        line("a refresh after one call: leads, bytes", "leads", Goal::AtMost(150.0))?,
        line("a refresh after one call: all panels, bytes", "all", Goal::AtMost(320.0))?,
        line("click to \"connecting\", ms", "connecting", Goal::Below(150.0))?,
        line("the end of a test call on screen after Vapi's word, ms", "ended", Goal::AtMost(3_000.0))?,
        Line::new("an hour of an open tab with 12 calls, bytes", Value::Number(number("ours")?))
            .beside("polling each 30 s, never revalidating", Value::Number(number("always")?))
            .goal(Goal::RatioAtMost(0.01)),
        Line::new(
            "of that: a call, of which the answer's head is most / all heartbeats, bytes",
            Value::Several([number("change")?, number("beats")?].into()),
        ),
        Line::new("the same, beside a page that revalidates", Value::Number(number("ours")?))
            .beside("polling each 30 s", Value::Number(number("polling")?)),
    ])
}

/// Runs the script. Browser and servers share both cores, as on a developer's machine.
fn figures() -> anyhow::Result<Json> {
    // Applies to this thread and the processes it starts.
    machine::allow(0, &[machine::SERVERS, machine::GENERATOR])?;
    let mut command = Command::new("node");
    command.args(ARGUMENTS).current_dir(DASHBOARD).env("PREWARM_BIN", program()?).stderr(Stdio::inherit());
    let output = command.output().context("cannot start node")?;
    ensure!(output.status.success(), "the page could not be measured: run scripts/setup bench");
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(text.lines().last().unwrap_or_default()).context("the figures of the page")
}
