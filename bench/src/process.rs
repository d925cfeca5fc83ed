//! A server that is measured: a process of ours or of a peer.

use std::{
    fs::File,
    net::{Ipv4Addr, SocketAddr},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tempfile::TempDir;

use crate::{http, proc};

/// Ours drains for eight seconds at most.
const STOP: Duration = Duration::from_secs(10);
/// A peer reads in a hundred thousand contacts first.
const START: Duration = Duration::from_secs(180);
const PAUSE: Duration = Duration::from_millis(20);
/// What is shown of the log of a server that failed.
const TAIL_LINES: usize = 10;

/// A running server, with a directory of its own. Told to stop when dropped.
#[derive(Debug)]
pub(crate) struct Process {
    name: &'static str,
    child: Child,
    /// Its own in 127/8, so that it takes nobody's port.
    address: Ipv4Addr,
    dir: TempDir,
}

/// An address and a directory for a process that is not started yet.
pub(crate) struct Place {
    address: Ipv4Addr,
    dir: TempDir,
}

impl Place {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let [a, b, c] = rand::random::<[u8; 3]>();
        let dir = tempfile::Builder::new().prefix("prewarm-bench-").tempdir()?;
        Ok(Self { address: Ipv4Addr::new(127, a.max(1), b, c.clamp(1, 254)), dir })
    }

    pub(crate) fn addr(&self, port: u16) -> SocketAddr {
        SocketAddr::from((self.address, port))
    }

    pub(crate) fn dir(&self) -> &std::path::Path {
        self.dir.path()
    }

    /// Starts a server there, on the core of the calling thread.
    pub(crate) fn start(self, name: &'static str, command: &mut Command) -> anyhow::Result<Process> {
        let log = File::create(self.dir.path().join("log"))?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        Ok(Process { name, child, address: self.address, dir: self.dir })
    }
}

impl Process {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn addr(&self, port: u16) -> SocketAddr {
        SocketAddr::from((self.address, port))
    }

    /// Processor time that it has used, with all that it started.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        proc::cpu(self.pid()).with_context(|| self.failed())
    }

    /// Waits until a GET is answered with 200.
    pub(crate) async fn ready(&mut self, addr: SocketAddr, path: &str, headers: &[(&str, &str)]) -> anyhow::Result<()> {
        let started = Instant::now();
        loop {
            let outcome = http::fetch(addr, path, headers).await;
            if outcome.as_ref().is_ok_and(|answer| answer.status == 200) {
                return Ok(());
            }
            let ended = self.child.try_wait()?.is_some();
            if ended || started.elapsed() > START {
                let said = outcome.map(|answer| String::from_utf8_lossy(&answer.body).into_owned());
                let why = said.unwrap_or_else(|error| format!("{error:#}"));
                anyhow::bail!("{}: {addr}{path}: {why}", self.failed());
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn failed(&self) -> String {
        let log = std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let tail = &lines[lines.len().saturating_sub(TAIL_LINES)..];
        format!("{} failed; its log ends with\n{}\n", self.name, tail.join("\n"))
    }

    fn stop(&mut self) -> std::io::Result<()> {
        let told = Instant::now();
        while self.child.try_wait()?.is_none() {
            if told.elapsed() > STOP {
                self.child.kill()?;
                break;
            }
            // One that ended just now is seen in the next turn.
            let _ = kill(Pid::from_raw(self.pid().cast_signed()), Signal::SIGTERM);
            std::thread::sleep(PAUSE);
        }
        self.child.wait().map(|_| ())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // There is nobody to tell, and nothing to be done.
        let _ = self.stop();
    }
}
