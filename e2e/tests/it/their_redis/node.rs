//! A server of Redis on an address of its own.

use std::{fs, process::Stdio};

use embedded::tool;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use redis::{
    Client, ConnectionInfo, FromRedisValue, IntoConnectionInfo as _, TlsCertificates, aio::MultiplexedConnection,
};
use testkit::process::{Place, Process};

use super::authority::Authority;
use e2e::eventually;

pub(super) const PORT: u16 = 6379;

/// A server, running or not. Killed when dropped.
pub(super) struct Node {
    place: Place,
    arguments: Vec<String>,
    running: Option<Process>,
    is_paused: bool,
    /// The certificates of a client, if the server speaks TLS.
    authorities: Option<TlsCertificates>,
}

impl Node {
    /// Starts a server that keeps nothing on disk, and waits until it answers.
    pub(super) async fn start(settings: &[&str], authority: Option<&Authority>) -> Self {
        let place = Place::new().unwrap();
        let address = place.addr(PORT).ip().to_string();
        let mut all = format!(
            "--bind {address} --replica-announce-ip {address} --cluster-announce-ip {address} --protected-mode no \
             --appendonly no --dir {}",
            place.dir().display()
        );
        match authority {
            None => all.push_str(&format!(" --port {PORT}")),
            Some(authority) => {
                let [certificate, key] = authority.sign(place.dir(), &address).map(|file| file.display().to_string());
                all.push_str(&format!(
                    " --port 0 --tls-port {PORT} --tls-auth-clients no --tls-cluster yes --tls-cert-file {certificate} \
                     --tls-key-file {key} --tls-ca-cert-file {}",
                    authority.file().display()
                ));
            }
        }
        let mut arguments: Vec<String> = all.split(' ').chain(settings.iter().copied()).map(str::to_owned).collect();
        arguments.extend(["--save".to_owned(), String::new()]);
        Self::start_at(place, arguments, authority.map(Authority::trusted)).await
    }

    /// Starts a sentinel with these lines in its configuration, in which `{address}` is its own.
    pub(super) async fn start_sentinel(lines: &str) -> Self {
        let place = Place::new().unwrap();
        let (file, address) = (place.dir().join("sentinel.conf"), place.addr(PORT).ip().to_string());
        let common = "bind {address}\nport 6379\nprotected-mode no\nsentinel announce-ip {address}\n";
        fs::write(&file, format!("{common}{lines}").replace("{address}", &address)).unwrap();
        Self::start_at(place, vec![file.display().to_string(), "--sentinel".to_owned()], None).await
    }

    async fn start_at(place: Place, arguments: Vec<String>, authorities: Option<TlsCertificates>) -> Self {
        let mut node = Self { place, arguments, running: None, is_paused: false, authorities };
        node.restart().await;
        node
    }

    /// Starts it again, empty, after killing it if it runs.
    pub(super) async fn restart(&mut self) {
        self.kill_9();
        let log = fs::File::options().create(true).append(true).open(self.place.dir().join("log")).unwrap();
        let mut command = tool("redis-server");
        command
            .args(&self.arguments)
            .current_dir(self.place.dir())
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(Stdio::null());
        self.running = Some(Process::spawn(&mut command).unwrap());
        eventually("a server of Redis answers", async || self.try_ask::<String>("PING").await).await;
    }

    pub(super) fn kill_9(&mut self) {
        self.running = None;
    }

    /// Suspends it: it hangs, and its connections stay open.
    pub(super) fn pause(&mut self) {
        self.signal(Signal::SIGSTOP);
        self.is_paused = true;
    }

    /// Ends a [`Node::pause`].
    pub(super) fn resume(&mut self) {
        self.signal(Signal::SIGCONT);
        self.is_paused = false;
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.running.as_ref().unwrap().pid().cast_signed()), signal).unwrap();
    }

    /// Whether it answers.
    pub(super) fn is_running(&self) -> bool {
        self.running.is_some() && !self.is_paused
    }

    /// `host:port`.
    pub(super) fn address(&self) -> String {
        self.place.addr(PORT).to_string()
    }

    pub(super) fn ip(&self) -> String {
        self.place.addr(PORT).ip().to_string()
    }

    pub(super) async fn connect(&self) -> Option<MultiplexedConnection> {
        let scheme = if self.authorities.is_some() { "rediss" } else { "redis" };
        let info: ConnectionInfo = format!("{scheme}://{}", self.address()).into_connection_info().unwrap();
        let client = match &self.authorities {
            Some(authorities) => Client::build_with_tls(info, authorities.clone()),
            None => Client::open(info),
        };
        client.unwrap().get_multiplexed_async_connection().await.ok()
    }

    /// Sends a command of words without spaces; `None` if the server is gone or refuses.
    pub(super) async fn try_ask<T: FromRedisValue>(&self, command: &str) -> Option<T> {
        let mut words = command.split(' ');
        let mut asked = redis::cmd(words.next()?);
        words.for_each(|word| _ = asked.arg(word));
        asked.query_async(&mut self.connect().await?).await.ok()
    }

    /// Sends a command of words without spaces.
    pub(super) async fn ask<T: FromRedisValue>(&self, command: &str) -> T {
        let answer = self.try_ask(command).await;
        answer.unwrap_or_else(|| panic!("{}: {command}\n{}", self.address(), self.place.read("log")))
    }
}
