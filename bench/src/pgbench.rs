//! pgbench, which is part of Postgres: statements of other programs, from the generator's core.

use std::{fs, process::Command, time::Duration};

use anyhow::{Context as _, ensure};

use testkit::process::Place;

use crate::{
    generator,
    latency::{Latencies, Percentiles},
    stack::Stack,
};

/// The result of a script.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    pub(crate) transactions: u64,
    pub(crate) per_second: f64,
    pub(crate) latency: Percentiles,
}

/// Runs a script repeatedly on `clients` connections.
pub(crate) async fn run(stack: &Stack, script: &str, clients: usize, time: Duration) -> anyhow::Result<Outcome> {
    let place = Place::new()?;
    let file = place.dir().join("script");
    fs::write(&file, script)?;
    let mut command = stack.postgres_program("pgbench");
    command.args(["--no-vacuum", "--protocol=prepared", "--log", "--log-prefix=transactions", "--file"]).arg(&file);
    command.args([format!("--client={clients}"), format!("--time={}", time.as_secs())]);
    command.arg(stack.database_url()).current_dir(place.dir());
    let transactions = generator::run(move || async move { finish(&mut command) }).await?;
    let latencies = logged(&place)?;
    Ok(Outcome { transactions, per_second: transactions as f64 / time.as_secs_f64(), latency: latencies.percentiles() })
}

/// Runs pgbench and returns its number of transactions.
fn finish(command: &mut Command) -> anyhow::Result<u64> {
    let output = command.output().context("pgbench, which comes with Postgres")?;
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "pgbench: {errors}");
    let value = |name: &str| {
        said.lines().find_map(|line| line.strip_prefix(name)?.trim().split([' ', '/']).next()?.parse().ok())
    };
    ensure!(value("number of failed transactions:") == Some(0), "pgbench: {said}{errors}");
    value("number of transactions actually processed:").with_context(|| format!("pgbench said {said}"))
}

/// Parses the log, which has a line per transaction: client, number, microseconds, and more.
fn logged(place: &Place) -> anyhow::Result<Latencies> {
    let mut latencies = Latencies::default();
    for entry in fs::read_dir(place.dir())?.flatten() {
        if entry.file_name().to_string_lossy().starts_with("transactions.") {
            let text = fs::read_to_string(entry.path())?;
            let microseconds = text.lines().filter_map(|line| line.split(' ').nth(2)?.parse().ok());
            microseconds.for_each(|microseconds| latencies.record(Duration::from_micros(microseconds)));
        }
    }
    Ok(latencies)
}
