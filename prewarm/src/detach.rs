//! `prewarm detach`: takes everything away that Prewarm has made in a database.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use anyhow::{Context as _, ensure};
use clap::Args;
use monitoring::logging;
use store::attach;

use crate::{attach::print, settings::Settings};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Do not ask for confirmation
    #[arg(long)]
    yes: bool,
}

impl Arguments {
    pub(crate) async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        logging::init(settings.get("PREWARM_LOG"));
        let url = settings.reach_direct().await?;
        ensure!(self.yes || confirmed()?, "not confirmed; nothing was changed");
        attach::detach(url).await.context("cannot detach")?;
        print("Detached. The triggers and the schema `prewarm` are gone; your tables are as they were.\n");
        Ok(())
    }
}

/// Asks for confirmation, which needs a terminal.
#[expect(clippy::print_stderr, reason = "a question to the person who runs the command")]
fn confirmed() -> anyhow::Result<bool> {
    ensure!(std::io::stdin().is_terminal(), "there is no terminal to ask on; pass --yes to detach without asking");
    eprint!("This drops the schema `prewarm` with all that is stored there, webhooks included. Type yes: ");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim() == "yes")
}
