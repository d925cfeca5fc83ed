//! A private Redis.

use std::process::Command;
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::unistd::Pid;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use crate::account::Account;
use crate::process::Process;
use crate::programs::{self, Programs};
use crate::{DataDir, Error, socket};

/// Redis has nothing to save, so it ends at once unless it hangs.
const STOP_SIGNALS: [(Signal, Duration); 2] =
    [(Signal::SIGTERM, Duration::from_secs(5)), (Signal::SIGKILL, Duration::from_secs(5))];

/// The time that a killed server may take to end.
const KILL_TIMEOUT: Duration = Duration::from_secs(5);

/// A running Redis that keeps nothing on disk, since it is a cache here. Dropping it ends it.
#[derive(Debug)]
pub struct Redis {
    process: Process,
    programs: Programs,
    program: &'static str,
}

impl Redis {
    /// Starts a server in `redis` of the data directory, or takes over a server that a killed process left running
    /// there, with its content.
    pub async fn start(data_dir: &DataDir) -> Result<Self, Error> {
        let (programs, program) = programs::redis(data_dir)?;
        let home = data_dir.path().join("redis");
        Account::own().make_private_dir(&home)?;
        let socket = socket::place(&home, "redis.sock", Account::own())?;
        let process = Process::new("Redis", data_dir, home, socket);
        let mut redis = Self { process, programs, program };
        redis.launch().await?;
        Ok(redis)
    }

    /// The URL of this server.
    #[must_use]
    pub fn url(&self) -> String {
        format!("unix://{}", socket::url_encoded(self.process.socket()))
    }

    /// The pid of the server, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<i32> {
        self.process.pid().map(Pid::as_raw)
    }

    /// Ends the server in order.
    pub async fn stop(mut self) -> Result<(), Error> {
        self.process.end(&STOP_SIGNALS).await
    }

    /// Stops the server if it runs, and starts an empty one on the same socket.
    pub async fn restart(&mut self) -> Result<(), Error> {
        self.process.end(&STOP_SIGNALS).await?;
        self.launch().await
    }

    /// Kills the server, as a crash would, and waits until it is gone. Linux only.
    pub async fn kill(&mut self) -> Result<(), Error> {
        self.process.kill(KILL_TIMEOUT).await
    }

    /// Suspends the server: it hangs, and its connections stay open. Linux only.
    pub fn pause(&self) -> Result<(), Error> {
        self.process.pause()
    }

    /// Ends a [`Redis::pause`].
    pub fn resume(&self) -> Result<(), Error> {
        self.process.resume()
    }

    async fn launch(&mut self) -> Result<(), Error> {
        let socket = self.process.socket().to_owned();
        let command = self.command();
        self.process.start(command, async |_| answers(&socket).await).await
    }

    fn command(&self) -> Command {
        let mut command = self.programs.command(self.program);
        command.args(["--port", "0", "--unixsocketperm", "700", "--unixsocket"]).arg(self.process.socket());
        command.args(["--save", "", "--appendonly", "no", "--maxmemory", "256mb", "--maxmemory-policy", "allkeys-lru"]);
        command.arg("--dir").arg(self.process.home()).args(["--daemonize", "no"]);
        command.current_dir(self.process.home());
        command
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.process.end_blocking(Signal::SIGKILL, KILL_TIMEOUT);
    }
}

/// Whether the server answers `PING`. The limit keeps a hanging server from blocking this process.
async fn answers(socket: &std::path::Path) -> bool {
    let ping = async {
        let mut stream = UnixStream::connect(socket).await?;
        stream.write_all(b"PING\r\n").await?;
        let mut answer = [0; 7];
        stream.read_exact(&mut answer).await?;
        std::io::Result::Ok(answer == *b"+PONG\r\n")
    };
    tokio::time::timeout(Duration::from_secs(1), ping).await.is_ok_and(|answer| answer.unwrap_or(false))
}
