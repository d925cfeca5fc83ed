//! The one binary: every process of Prewarm, and the tools around it.

mod cli;
mod dead;
mod demo;
mod erase;
mod probe;
mod process;
mod rebuild;
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
    // Bad usage ends here, with status 2.
    let cli = Cli::parse();
    match run(cli) {
        Ok(()) => {
            logging::flush();
            ExitCode::SUCCESS
        }
        Err(error) => {
            // One line, from what was attempted down to the cause.
            logging::last_word(&format!("prewarm: {}", logging::chain(&*error)));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    // The one crypto provider of the process. A second call, by a test's own set-up, finds it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(cli.run())
}
