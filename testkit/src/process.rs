//! A process started by a test or a benchmark, with its addresses and its directory.

use std::{
    fs, io,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    process::{Child, Command, ExitStatus},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tempfile::TempDir;
use uuid::Uuid;

const HTTP_PORT: u16 = 8080;
const ADMIN_PORT: u16 = 9100;
const QUEUE_UI_PORT: u16 = 9101;

/// A private address in 127/8 and a private directory for a process, so that ports never collide, not even with those of
/// clients.
#[derive(Debug)]
pub struct Place {
    address: Ipv4Addr,
    dir: TempDir,
}

impl Place {
    /// A new place.
    ///
    /// # Errors
    /// The directory cannot be created.
    pub fn new() -> io::Result<Self> {
        let [a, b, c, ..] = *Uuid::new_v4().as_bytes();
        let dir = tempfile::Builder::new().prefix("prewarm-").tempdir()?;
        Ok(Self { address: Ipv4Addr::new(127, a.max(1), b, c.clamp(1, 254)), dir })
    }

    /// The address of a port.
    pub fn addr(&self, port: u16) -> SocketAddr {
        SocketAddr::from((self.address, port))
    }

    /// The address of a `prewarm` for dashboards and webhooks.
    pub fn http_addr(&self) -> SocketAddr {
        self.addr(HTTP_PORT)
    }

    /// The address of a `prewarm` for operators.
    pub fn admin_addr(&self) -> SocketAddr {
        self.addr(ADMIN_PORT)
    }

    /// The address of a `prewarm` for the queue's board.
    pub fn queue_ui_addr(&self) -> SocketAddr {
        self.addr(QUEUE_UI_PORT)
    }

    /// The variables that make a `prewarm` listen here.
    pub fn addresses(&self) -> [(&'static str, String); 3] {
        [
            ("PREWARM_HTTP_ADDR", self.http_addr().to_string()),
            ("PREWARM_ADMIN_ADDR", self.admin_addr().to_string()),
            ("PREWARM_QUEUE_UI_ADDR", self.queue_ui_addr().to_string()),
        ]
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The text of a file of the directory; empty if there is none.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.dir.path().join(name)).unwrap_or_default()
    }
}

/// The last lines of a log.
pub fn tail(log: &str, lines: usize) -> Vec<&str> {
    let all: Vec<_> = log.lines().collect();
    all[all.len().saturating_sub(lines)..].to_vec()
}

/// A child process that is killed when dropped.
#[derive(Debug)]
pub struct Process(Child);

impl Process {
    /// Starts the process.
    ///
    /// # Errors
    /// The process cannot be started.
    pub fn spawn(command: &mut Command) -> io::Result<Self> {
        command.spawn().map(Self)
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.0.id()
    }

    /// The exit status, if the process has ended.
    ///
    /// # Errors
    /// The system cannot tell.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.0.try_wait()
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        // The process may have ended already.
        let _ = kill(Pid::from_raw(self.pid().cast_signed()), Signal::SIGTERM);
    }
}

impl Drop for Process {
    /// Kills the process.
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
