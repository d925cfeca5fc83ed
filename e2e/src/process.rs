//! A `prewarm` process under test.

use std::{
    collections::BTreeMap,
    fs::File,
    net::SocketAddr,
    path::PathBuf,
    process::{Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use testkit::{
    busy::in_time,
    process::{self, Place, tail},
};

use crate::{eventually, poll};

/// The variables of a process. It gets no others but its addresses and `PATH`.
pub type Environment = BTreeMap<&'static str, String>;

/// The time limit of a stop. A process drains for up to eight seconds.
const STOP: Duration = in_time(Duration::from_secs(10));
/// The time limit of a command, which may start Postgres, migrate and seed thousands of rows.
const END: Duration = Duration::from_secs(60);
/// The number of log lines that a failed test shows.
const TAIL_LINES: usize = 30;

/// A running `prewarm`. Killed when dropped.
#[derive(Debug)]
pub struct Process {
    arguments: Vec<String>,
    environment: Environment,
    place: Place,
    running: Option<process::Process>,
    /// Whether standard error is a pipe without a reader.
    unread: bool,
}

impl Process {
    /// Starts `prewarm <arguments>`.
    #[must_use]
    pub fn start(arguments: &[&str], environment: &Environment) -> Self {
        Self::start_with(arguments, environment, false)
    }

    /// Starts it with a standard error that is not read, so without a log.
    #[must_use]
    pub fn start_unread(arguments: &[&str], environment: &Environment) -> Self {
        Self::start_with(arguments, environment, true)
    }

    fn start_with(arguments: &[&str], environment: &Environment, unread: bool) -> Self {
        let mut process = Self {
            arguments: arguments.iter().map(ToString::to_string).collect(),
            environment: environment.clone(),
            place: Place::new().unwrap(),
            running: None,
            unread,
        };
        process.spawn();
        process
    }

    fn spawn(&mut self) {
        let output = |name: &str| File::options().create(true).append(true).open(self.place.dir().join(name)).unwrap();
        let mut command = Command::new(program());
        // `prewarm up` finds the servers' programs by these.
        let passed_on = ["PATH", "PREWARM_SERVERS_DIR"].map(|name| (name, std::env::var(name).ok()));
        command.env_clear().envs(passed_on.into_iter().filter_map(|(name, value)| Some((name, value?))));
        command.envs(self.place.addresses()).envs(&self.environment).args(&self.arguments).stdin(Stdio::null());
        let stderr = if self.unread { Stdio::piped() } else { output("stderr").into() };
        command.stdout(output("stdout")).stderr(stderr);
        self.running = Some(process::Process::spawn(&mut command).unwrap());
    }

    /// The address for dashboards and webhooks.
    #[must_use]
    pub fn http_addr(&self) -> SocketAddr {
        self.place.http_addr()
    }

    /// A URL of the api.
    #[must_use]
    pub fn http(&self, path: &str) -> String {
        format!("http://{}{path}", self.http_addr())
    }

    /// The address for operators.
    #[must_use]
    pub fn admin_addr(&self) -> SocketAddr {
        self.place.admin_addr()
    }

    /// A URL of the admin listener.
    #[must_use]
    pub fn admin(&self, path: &str) -> String {
        format!("http://{}{path}", self.admin_addr())
    }

    /// A URL of the queue's board.
    #[must_use]
    pub fn board(&self, path: &str) -> String {
        format!("http://{}{path}", self.place.queue_ui_addr())
    }

    /// The pid of the running process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.running.as_ref().unwrap().pid()
    }

    /// The standard error of all its runs.
    #[must_use]
    pub fn log(&self) -> String {
        self.place.read("stderr")
    }

    /// The standard output of all its runs.
    #[must_use]
    pub fn stdout(&self) -> String {
        self.place.read("stdout")
    }

    /// Kills it with SIGKILL.
    pub fn kill_9(&mut self) {
        self.running = None;
    }

    /// Starts it again on the same addresses, after killing it if it runs.
    pub fn restart(&mut self) {
        self.kill_9();
        self.spawn();
    }

    /// Stops it, and fails unless it exits successfully and in time.
    pub async fn stop(&mut self) {
        let told = Instant::now();
        self.running.as_ref().unwrap().terminate();
        let ended = poll(STOP, async || self.running.as_mut().unwrap().ended().unwrap()).await;
        let status = ended.unwrap_or_else(|| panic!("{:?} still runs {STOP:?} after SIGTERM", self.arguments));
        assert!(status.success() && told.elapsed() < STOP, "{:?}: {status}", self.arguments);
        self.running = None;
    }

    /// Waits until it exits by itself.
    pub async fn ended(&mut self) -> ExitStatus {
        let ended = poll(END, async || self.running.as_mut().unwrap().ended().unwrap()).await;
        self.kill_9();
        ended.unwrap_or_else(|| panic!("{:?} still runs after {END:?}", self.arguments))
    }

    /// Waits until `/readyz` is 200, and until the api, if there is one, listens.
    pub async fn ready(&self, client: &reqwest::Client) {
        let is_ok = async |url: String| client.get(url).send().await.is_ok_and(|answer| answer.status().is_success());
        let ready = self.admin("/readyz");
        eventually(&ready, async || is_ok(ready.clone()).await.then_some(())).await;
    }
}

impl Drop for Process {
    #[expect(clippy::print_stdout, reason = "the log of a process that a test failed on")]
    fn drop(&mut self) {
        self.kill_9();
        if std::thread::panicking() {
            let log = self.log();
            println!("prewarm {:?} wrote:", self.arguments);
            tail(&log, TAIL_LINES).iter().for_each(|line| println!("  {line}"));
        }
    }
}

/// The path of the binary, which cargo puts above the directory of the test's own.
#[must_use]
pub fn program() -> PathBuf {
    let program = std::env::current_exe().unwrap().parent().unwrap().with_file_name("prewarm");
    assert!(program.exists(), "{} is missing: run `cargo build --package prewarm`", program.display());
    program
}
