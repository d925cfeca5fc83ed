//! Runs a command with `PREWARM_TEST_POSTGRES` set to a throwaway Postgres, stops the server afterwards and exits with the
//! command's code. `scripts/with-servers` builds and runs it.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use embedded::{DataDir, Durability, Postgres};
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    let program = arguments.next().context("usage: with_servers COMMAND [ARGUMENTS]")?;
    // The command gets these signals from the terminal, too; the server is ended after it.
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);

    let postgres = Postgres::start(&DataDir::temporary()?, Durability::Throwaway).await?;
    let mut command = Command::new(program);
    command.args(arguments).env("PREWARM_TEST_POSTGRES", postgres.url("postgres")).kill_on_drop(true);
    let mut child = command.spawn().context("cannot run the command")?;
    let status = loop {
        tokio::select! {
            status = child.wait() => break status?,
            _ = interrupt.recv() => {}
            _ = terminate.recv() => child.start_kill()?,
        }
    };
    postgres.stop().await?;
    Ok(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)))
}
