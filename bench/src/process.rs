//! A server under measurement, ours or a peer.

use std::{
    fs::File,
    net::SocketAddr,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use testkit::process::{self, Place, tail};

use crate::{http, proc};

/// Time limit of a stop. Our processes drain for up to eight seconds.
const STOP: Duration = Duration::from_secs(10);
/// Time limit of a start. A peer first loads a hundred thousand contacts.
const START: Duration = Duration::from_secs(180);
const PAUSE: Duration = Duration::from_millis(20);
const LOG: &str = "log";
/// The number of log lines shown of a failed server.
const TAIL_LINES: usize = 10;

/// A running server with its own address and directory. Stopped when dropped.
#[derive(Debug)]
pub(crate) struct Process {
    name: &'static str,
    running: process::Process,
    pub(crate) place: Place,
}

impl Process {
    /// Starts a server on the core of the calling thread.
    pub(crate) fn start(place: Place, name: &'static str, command: &mut Command) -> anyhow::Result<Self> {
        let log = File::create(place.dir().join(LOG))?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let running = process::Process::spawn(command).with_context(|| format!("cannot start {name}"))?;
        Ok(Self { name, running, place })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.running.pid()
    }

    pub(crate) fn addr(&self, port: u16) -> SocketAddr {
        self.place.addr(port)
    }

    /// Processor time used by the server and its descendants.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        proc::cpu(self.pid()).with_context(|| self.failed())
    }

    /// Waits until a GET returns 200.
    pub(crate) async fn ready(&mut self, addr: SocketAddr, path: &str, headers: &[(&str, &str)]) -> anyhow::Result<()> {
        let started = Instant::now();
        loop {
            let outcome = http::fetch(addr, path, headers).await;
            if outcome.as_ref().is_ok_and(|answer| answer.status == 200) {
                return Ok(());
            }
            let ended = self.running.ended()?.is_some();
            if ended || started.elapsed() > START {
                let said = outcome.map(|answer| String::from_utf8_lossy(&answer.body).into_owned());
                let why = said.unwrap_or_else(|error| format!("{error:#}"));
                anyhow::bail!("{}: {addr}{path}: {why}", self.failed());
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn failed(&self) -> String {
        let log = self.place.read(LOG);
        format!("{} failed; its log ends with\n{}\n", self.name, tail(&log, TAIL_LINES).join("\n"))
    }

    fn stop(&mut self) -> std::io::Result<()> {
        let told = Instant::now();
        while self.running.ended()?.is_none() && told.elapsed() < STOP {
            self.running.terminate();
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A server that does not stop is killed.
        let _ = self.stop();
    }
}
