//! Ends servers of a temporary directory whose owner was killed, since no other process would take them over.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use nix::unistd::Pid;

use crate::Error;

/// Reads until its input ends, which it does when the owner dies; then kills the server, whose pid is `$0`, with its
/// children, and removes the directory `$1`.
const SCRIPT: &str = r#"read -r _; kill -9 "$0" $(cat "/proc/$0/task/$0/children"); rm -rf "$1""#;

/// A shell that outlives this process if that is killed. Dropping this ends it.
#[derive(Debug)]
pub(crate) struct Guard(Child);

impl Guard {
    /// Guards the server `pid`, whose files are in `dir`.
    pub(crate) fn new(pid: Pid, dir: &Path) -> Result<Self, Error> {
        let mut shell = Command::new("sh");
        shell.args(["-c", SCRIPT, &pid.to_string()]).arg(dir);
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // Out of reach of Ctrl-C, which may be what kills this process.
        shell.process_group(0).spawn().map(Self).map_err(Error::io("run", Path::new("sh")))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Errors mean that it is gone already. Its input stays open until then.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
