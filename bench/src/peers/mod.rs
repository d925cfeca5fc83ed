//! Whom we measure ourselves by.

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

/// Where the peers' own files are.
fn files() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers")
}

/// The peers' names and versions.
pub(crate) fn versions() -> anyhow::Result<String> {
    Ok(format!("{}; {}", nginx::version()?, node::version()?))
}

/// What a program says of its version, on whichever output.
fn says(program: impl AsRef<Path>, argument: &str) -> anyhow::Result<String> {
    let program = program.as_ref();
    let output = Command::new(program).arg(argument).output();
    let output = output.with_context(|| format!("{} is missing: run scripts/setup bench", program.display()))?;
    let text = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    Ok(String::from_utf8(text)?.trim().to_owned())
}
