//! `make bench`: measures Prewarm beside its peers, in turn, on pinned cores, and prints one table.
//!
//! A row is a file in `rows/`. The servers run on one core and the load generator on another. Each server is a separate
//! process, whose processor time and memory are read from `/proc`.

mod announcements;
mod call;
mod cpu;
mod events;
mod generator;
mod hostile;
mod http;
mod latency;
mod load;
mod machine;
mod peers;
mod pgbench;
mod proc;
mod process;
mod progress;
mod report;
mod rows;
mod stack;
mod table;
mod target;

use std::{process::ExitCode, time::Duration};

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    progress::say,
    rows::Bench,
    stack::Stack,
    table::{Table, render},
};

/// Measures Prewarm beside nginx, nchan and a Node server, and prints one table.
///
/// A missed goal is reported and does not fail the run.
#[derive(Debug, Parser)]
#[command(after_help = format!("Rows:\n{}", list()))]
struct Arguments {
    /// Measure even if the machine is busy
    #[arg(long)]
    force: bool,
    /// Rounds of each measurement; the tables show medians
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Seconds under load in each run
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// Rows to measure, comma-separated [default: all]
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// List the rows
    #[arg(long)]
    list: bool,
    /// Write the tables to PERFORMANCE.md
    #[arg(long)]
    write: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = if arguments.list { Ok(list()) } else { run(&arguments) };
    match outcome {
        Ok(text) => {
            print(&text);
            ExitCode::SUCCESS
        }
        Err(error) => {
            say(format_args!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "the command's output")]
fn print(text: &str) {
    print!("{text}");
}

fn list() -> String {
    rows::ALL.iter().map(|row| format!("  {:12} {}\n", row.name, row.about)).collect()
}

/// Measures on one thread on the servers' core, which every started server inherits.
fn run(arguments: &Arguments) -> anyhow::Result<String> {
    machine::allow_files()?;
    machine::pin(machine::SERVERS)?;
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            measured = measure(arguments) => measured,
            _ = terminate.recv() => Err(anyhow::anyhow!("terminated")),
            _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
        }
    })
}

async fn measure(arguments: &Arguments) -> anyhow::Result<String> {
    let rows = rows::chosen(&arguments.only)?;
    if !arguments.force {
        machine::quiet().await?;
    }
    let header = header(arguments)?;
    let run = Duration::from_secs(arguments.seconds);
    let mut tables = Vec::new();
    for row in rows {
        say(format_args!("{}: {}", row.name, row.about));
        // Each row gets new servers: data of an earlier row would slow it down.
        let mut bench = Bench { stack: Stack::start().await?, rounds: arguments.rounds, run };
        tables.push(Table { name: row.name, lines: (row.measure)(&mut bench).await? });
    }
    if arguments.write {
        // The header describes all tables, so it is only written if all were measured in this run.
        let whole = arguments.only.is_empty().then(|| ("machine", header.clone()));
        let texts = tables.iter().map(|table| (table.name, table.to_string()));
        report::write(&texts.chain(whole).collect::<Vec<_>>())?;
    }
    Ok(format!("{header}\n{}", render(tables.iter().flat_map(|table| &table.lines))))
}

/// The machine, the peers' versions and the method, as a list.
fn header(arguments: &Arguments) -> anyhow::Result<String> {
    let mut lines = machine::describe()?;
    lines.push(peers::versions()?);
    lines.push(format!("load average {} before", machine::load_average()?));
    lines.push(format!(
        "rounds: {}, of {} s a run; servers on one core, load from another",
        arguments.rounds, arguments.seconds
    ));
    Ok(lines.iter().map(|line| format!("- {line}\n")).collect())
}
