//! A server process: started by this process, or left behind by one that was killed.

use std::fs::{self, File, TryLockError};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::guard::Guard;
use crate::{DataDir, Error, log, socket};

/// The time that a server may take to get ready. Postgres may have to recover from a crash first.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// Interval at which a state is checked while waiting for it.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// One server, running or not.
#[derive(Debug)]
pub(crate) struct Process {
    /// The name in messages.
    name: &'static str,
    /// The server's own directory.
    home: PathBuf,
    /// The socket it listens on.
    socket: PathBuf,
    data_dir: DataDir,
    running: Option<Running>,
}

/// A running server.
#[derive(Debug)]
struct Running {
    pid: Pid,
    /// `None` if another process started the server.
    child: Option<Child>,
    /// Present if no other process could take the server over.
    guard: Option<Guard>,
}

/// The server that is found before a start.
enum Leftover {
    /// Nothing.
    None,
    /// A server that listens.
    Listening(Pid),
    /// A server that does not listen yet, or that has ended before its children.
    Changing,
}

impl Process {
    /// A server with its files in `home`, which may be outside `data_dir`.
    pub(crate) fn new(name: &'static str, data_dir: &DataDir, home: PathBuf, socket: PathBuf) -> Self {
        Self { name, home, socket, data_dir: data_dir.clone(), running: None }
    }

    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    pub(crate) fn log_path(&self) -> PathBuf {
        self.home.join("log")
    }

    pub(crate) fn pid(&self) -> Option<Pid> {
        self.running.as_ref().map(|running| running.pid)
    }

    /// Takes over the running server or starts one, and waits until it is `ready`.
    pub(crate) async fn start(&mut self, command: Command, ready: impl AsyncFn(Pid) -> bool) -> Result<(), Error> {
        let deadline = Instant::now() + START_TIMEOUT;
        let pid = loop {
            match self.leftover().await? {
                Leftover::None => break self.spawn(command)?,
                Leftover::Listening(pid) => break self.take_over(pid),
                Leftover::Changing if Instant::now() < deadline => tokio::time::sleep(POLL_INTERVAL).await,
                Leftover::Changing => return Err(self.late("able to start", START_TIMEOUT)),
            }
        };
        while !ready(pid).await {
            if self.has_ended()? {
                return Err(Error::Ended { server: self.name, log: log::tail(&self.log_path()) });
            }
            if Instant::now() >= deadline {
                return Err(self.late("ready", START_TIMEOUT));
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        Ok(())
    }

    /// Sends each signal in turn and gives the server and its children the time after it to end.
    pub(crate) async fn end(&mut self, signals: &[(Signal, Duration)]) -> Result<(), Error> {
        for (signal, timeout) in signals {
            self.send(*signal)?;
            self.wake();
            let deadline = Instant::now() + *timeout;
            while Instant::now() < deadline {
                if self.has_ended()? {
                    return Ok(());
                }
                tokio::time::sleep(POLL_INTERVAL).await;
            }
        }
        let timeout = signals.iter().map(|(_, timeout)| *timeout).sum();
        if self.has_ended()? { Ok(()) } else { Err(self.late("gone", timeout)) }
    }

    /// Does the same for `Drop`, with one signal and blocking the thread.
    pub(crate) fn end_blocking(&mut self, signal: Signal, timeout: Duration) {
        // A `Drop` cannot report an error; the next start deals with the rest.
        let _ = self.send(signal);
        self.wake();
        let deadline = Instant::now() + timeout;
        while matches!(self.has_ended(), Ok(false)) && Instant::now() < deadline {
            std::thread::sleep(POLL_INTERVAL);
        }
    }

    /// Suspends the server and its children.
    pub(crate) fn pause(&self) -> Result<(), Error> {
        // The parent first, so that it starts no more children.
        self.send(Signal::SIGSTOP)?;
        self.send_to_children(Signal::SIGSTOP)
    }

    /// Resumes the server and its children.
    pub(crate) fn resume(&self) -> Result<(), Error> {
        self.send_to_children(Signal::SIGCONT)?;
        self.send(Signal::SIGCONT)
    }

    /// Kills the server and its children at once, as a power cut would.
    pub(crate) async fn kill(&mut self, timeout: Duration) -> Result<(), Error> {
        self.pause()?;
        self.send_to_children(Signal::SIGKILL)?;
        self.end(&[(Signal::SIGKILL, timeout)]).await
    }

    async fn leftover(&self) -> Result<Leftover, Error> {
        if !self.is_locked()? {
            return Ok(Leftover::None);
        }
        let listener = socket::listener(&self.socket).await;
        Ok(listener.map_or(Leftover::Changing, Leftover::Listening))
    }

    fn take_over(&mut self, pid: Pid) -> Pid {
        tracing::info!(server = self.name, %pid, "taking over the server that a killed process left running");
        self.running = Some(Running { pid, child: None, guard: None });
        self.wake();
        pid
    }

    /// Starts the server in a process group of its own. Ctrl-C in a terminal goes to the whole group of this process,
    /// which ends the server when it is done.
    fn spawn(&mut self, mut command: Command) -> Result<Pid, Error> {
        let log_path = self.log_path();
        let log = log::open(&log_path)?;
        let child = command
            .stdin(self.lock()?)
            .stdout(log.try_clone().map_err(Error::io("open", &log_path))?)
            .stderr(log)
            .process_group(0)
            .spawn()
            .map_err(Error::io("run", Path::new(command.get_program())))?;
        let pid = Pid::from_raw(child.id().cast_signed());
        let running = self.running.insert(Running { pid, child: Some(child), guard: None });
        if self.data_dir.is_temporary() {
            running.guard = Some(Guard::new(pid, self.data_dir.path())?);
        }
        Ok(pid)
    }

    /// A locked file for the server to hold and its children to inherit. The lock lasts until all of them have ended.
    fn lock(&self) -> Result<File, Error> {
        let (path, file) = self.open_lock()?;
        file.lock_shared().map_err(Error::io("lock", &path))?;
        Ok(file)
    }

    /// Whether the server or a child of it holds the lock.
    fn is_locked(&self) -> Result<bool, Error> {
        let (path, file) = self.open_lock()?;
        match file.try_lock() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(Error::io("lock", &path)(error)),
        }
    }

    fn open_lock(&self) -> Result<(PathBuf, File), Error> {
        let path = self.home.join("running");
        let mut options = File::options();
        let file = options.create(true).truncate(false).write(true).open(&path).map_err(Error::io("open", &path))?;
        Ok((path, file))
    }

    /// Whether the server and all its children have ended.
    fn has_ended(&mut self) -> Result<bool, Error> {
        let child = self.running.as_mut().and_then(|running| running.child.as_mut());
        // Its pid exists until it is reaped, and Postgres would not start beside it.
        let reaped = match child.map(Child::try_wait) {
            Some(status) => status.map_err(Error::io("wait for", Path::new(self.name)))?.is_some(),
            None => true,
        };
        let ended = reaped && !self.is_locked()?;
        if ended {
            self.running = None;
        }
        Ok(ended)
    }

    /// Resumes a server that may be suspended and would not act on other signals.
    fn wake(&self) {
        // If children cannot be listed, none was suspended.
        let _ = self.resume();
    }

    /// Sends a signal to the server, if it runs.
    fn send(&self, signal: Signal) -> Result<(), Error> {
        match self.pid() {
            Some(pid) if self.is_locked()? => signal_one(pid, signal),
            _ => Ok(()),
        }
    }

    fn send_to_children(&self, signal: Signal) -> Result<(), Error> {
        let Some(pid) = self.pid() else { return Ok(()) };
        let path = PathBuf::from(format!("/proc/{pid}/task/{pid}/children"));
        let children = match fs::read_to_string(&path) {
            Ok(children) => children,
            Err(_) if !self.is_locked()? => return Ok(()),
            Err(error) => return Err(Error::io("read", &path)(error)),
        };
        children
            .split_whitespace()
            .filter_map(|child| child.parse().ok())
            .map(Pid::from_raw)
            .try_for_each(|child| signal_one(child, signal))
    }

    fn late(&self, state: &'static str, timeout: Duration) -> Error {
        Error::Late { server: self.name, state, seconds: timeout.as_secs(), log: log::tail(&self.log_path()) }
    }
}

/// Sends a signal; a process that has just ended needs none.
fn signal_one(pid: Pid, signal: Signal) -> Result<(), Error> {
    match kill(pid, signal) {
        Ok(()) | Err(nix::errno::Errno::ESRCH) => Ok(()),
        Err(errno) => Err(Error::Io { what: format!("cannot signal process {pid}"), source: errno.into() }),
    }
}
