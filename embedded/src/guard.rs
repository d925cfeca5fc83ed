//! An end for servers of a temporary directory whose owner was killed: nobody would ever take them over.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use nix::unistd::Pid;

use crate::Error;

/// Reads until its input ends, as it does when we are gone; then kills the server, whose pid is `$0`, with its
/// children, and removes the directory `$1`.
const SCRIPT: &str = r#"read -r _; kill -9 "$0" $(cat "/proc/$0/task/$0/children"); rm -rf "$1""#;

/// A shell that outlives us if we are killed. Dropping this ends it.
#[derive(Debug)]
pub(crate) struct Guard(Child);

impl Guard {
    /// Watches over the server `pid`, which has its files in `dir`.
    pub(crate) fn new(pid: Pid, dir: &Path) -> Result<Self, Error> {
        let mut shell = Command::new("sh");
        shell.args(["-c", SCRIPT, &pid.to_string()]).arg(dir);
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // Beyond the reach of Ctrl-C, which may be what kills us.
        shell.process_group(0).spawn().map(Self).map_err(Error::io("run", Path::new("sh")))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // It can only be gone already. Its input stays open until it is.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
