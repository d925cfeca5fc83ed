//! `prewarm roles`: the SQL that makes a role for each process.

use clap::Args;
use store::roles;

use crate::attach::{print, read};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The map of the tables that they may read: a TOML file, or `standalone` or `clinic`
    #[arg(long, value_name = "FILE", default_value = "standalone")]
    map: String,
}

impl Arguments {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        print(&roles::script(&read(&self.map)?));
        Ok(())
    }
}
