//! The programs that Prewarm is compared with.

mod ivm;
mod nginx;
mod node;

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context as _;

pub(crate) use ivm::Ivm;
pub(crate) use nginx::Nginx;
pub(crate) use node::Node;

/// The folder of the peers' files.
fn files() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers")
}

/// The peers' names and versions.
pub(crate) fn versions() -> anyhow::Result<String> {
    Ok(format!("{}; {}", nginx::version()?, node::version()?))
}

/// A program's version, from standard output or standard error.
fn says(program: impl AsRef<Path>, argument: &str) -> anyhow::Result<String> {
    let program = program.as_ref();
    let output = Command::new(program).arg(argument).output();
    let output = output.with_context(|| format!("{} is missing: run scripts/setup bench", program.display()))?;
    let text = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    Ok(String::from_utf8(text)?.trim().to_owned())
}
