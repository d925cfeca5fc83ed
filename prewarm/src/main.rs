//! The binary: all processes of Prewarm, and its commands.

mod attach;
mod cli;
mod confirm;
mod dead;
mod demo;
mod detach;
mod erase;
mod probe;
mod process;
mod rebuild;
mod roles;
mod seed;
mod settings;
mod token;
mod up;
mod vapi;

use std::process::ExitCode;

use clap::Parser;
use monitoring::logging;

use crate::cli::Cli;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Bad usage exits here, with status 2.
    let cli = Cli::parse();
    match run(cli) {
        Ok(()) => {
            logging::flush();
            ExitCode::SUCCESS
        }
        Err(error) => {
            // One line, from the attempted action to its cause.
            logging::print_last(&format!("prewarm: {}", logging::chain(&*error)));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    // The process' crypto provider. If a test has installed it already, this fails and changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(cli.run())
}
