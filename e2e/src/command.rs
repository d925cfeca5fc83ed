//! Commands of the binary.

use std::process::{Command, Output};

use crate::{Environment, program};

/// Runs `prewarm <arguments>` to its end.
#[must_use]
pub fn command(arguments: &[&str], environment: &Environment) -> Output {
    Command::new(program()).args(arguments).env_clear().envs(environment).output().unwrap()
}

/// Runs a command that must succeed, and returns its output.
pub fn done(arguments: &[&str], environment: &Environment) -> String {
    let output = command(arguments, environment);
    let (out, log) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr).into_owned());
    assert!(output.status.success(), "{arguments:?}: {out}{log}");
    out
}
