//! `prewarm detach`: takes everything away that Prewarm has made in a database.

use anyhow::{Context as _, ensure};
use clap::Args;
use monitoring::logging;
use store::attach;

use crate::{attach::print, confirm::confirm, settings::Settings};

const CONSEQUENCE: &str = "This drops the schema `prewarm` with all that is stored there, webhooks included.";

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
        ensure!(self.yes || confirm(CONSEQUENCE, "detach")?, "not confirmed; nothing was changed");
        attach::detach(url).await.context("cannot detach")?;
        print("Detached. The triggers and the schema `prewarm` are gone; your tables are as they were.\n");
        Ok(())
    }
}
