//! A process that a test or a benchmark starts: where it listens, where it writes, and how it ends.

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

/// An address in 127/8 and a directory, which a process has to itself: no two ever get in each other's way, nor does a
/// client's own port.
#[derive(Debug)]
pub struct Place {
    address: Ipv4Addr,
    dir: TempDir,
}

impl Place {
    /// A place that nobody has.
    ///
    /// # Errors
    /// There is no room for a directory.
    pub fn new() -> io::Result<Self> {
        let [a, b, c, ..] = *Uuid::new_v4().as_bytes();
        let dir = tempfile::Builder::new().prefix("prewarm-").tempdir()?;
        Ok(Self { address: Ipv4Addr::new(127, a.max(1), b, c.clamp(1, 254)), dir })
    }

    /// A port of it.
    pub fn addr(&self, port: u16) -> SocketAddr {
        SocketAddr::from((self.address, port))
    }

    /// Where a `prewarm` takes dashboards and webhooks.
    pub fn http_addr(&self) -> SocketAddr {
        self.addr(HTTP_PORT)
    }

    /// Where a `prewarm` tells its operators how it is.
    pub fn admin_addr(&self) -> SocketAddr {
        self.addr(ADMIN_PORT)
    }

    /// Where a `prewarm` shows its queue.
    pub fn queue_ui_addr(&self) -> SocketAddr {
        self.addr(QUEUE_UI_PORT)
    }

    /// The variables by which a `prewarm` listens here.
    pub fn addresses(&self) -> [(&'static str, String); 3] {
        [
            ("PREWARM_HTTP_ADDR", self.http_addr().to_string()),
            ("PREWARM_ADMIN_ADDR", self.admin_addr().to_string()),
            ("PREWARM_QUEUE_UI_ADDR", self.queue_ui_addr().to_string()),
        ]
    }

    /// Its directory.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The text of a file of the directory; nothing where there is none.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.dir.path().join(name)).unwrap_or_default()
    }
}

/// The last lines of a log.
pub fn tail(log: &str, lines: usize) -> Vec<&str> {
    let all: Vec<_> = log.lines().collect();
    all[all.len().saturating_sub(lines)..].to_vec()
}

/// A child that is killed when it is dropped.
#[derive(Debug)]
pub struct Process(Child);

impl Process {
    /// Starts it.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn spawn(command: &mut Command) -> io::Result<Self> {
        command.spawn().map(Self)
    }

    /// Its pid.
    pub fn pid(&self) -> u32 {
        self.0.id()
    }

    /// How it ended, if it has.
    ///
    /// # Errors
    /// The system does not say.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.0.try_wait()
    }

    /// Tells it to stop.
    pub fn terminate(&self) {
        // It may have ended by itself.
        let _ = kill(Pid::from_raw(self.pid().cast_signed()), Signal::SIGTERM);
    }
}

impl Drop for Process {
    /// At whatever instruction it is.
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
