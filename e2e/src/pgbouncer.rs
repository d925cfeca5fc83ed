//! A real PgBouncer, configured as Debian ships it but for its addresses and the size of its pool.

use std::{fs, net::TcpStream, os::unix::fs::PermissionsExt as _, process::Stdio};

use embedded::tool;
use testkit::{
    Database,
    process::{Place, Process},
    sqlx::postgres::PgConnectOptions,
};

use crate::eventually;

const PORT: u16 = 6432;

/// A PgBouncer before a test's database. Killed when dropped.
pub struct PgBouncer {
    url: String,
    _running: Process,
    _place: Place,
}

impl PgBouncer {
    /// Starts one in a pool mode, `session` or `transaction`, and waits until it accepts connections.
    pub async fn start(database: &Database, mode: &str) -> Self {
        let place = Place::new().unwrap();
        let (home, address) = (place.dir(), place.addr(PORT));
        let server: PgConnectOptions = database.url().parse().unwrap();
        let config = format!(
            "[databases]\n* = host={} port={} user={}\n\
             [pgbouncer]\nlisten_addr = {}\nlisten_port = {PORT}\nunix_socket_dir =\nauth_type = any\npool_mode = {mode}\n\
             default_pool_size = 100\n",
            server.get_socket().unwrap().display(),
            server.get_port(),
            server.get_username(),
            address.ip(),
        );
        fs::write(home.join("pgbouncer.ini"), config).unwrap();
        // It refuses to run as root, and changes to another user before it reads the file.
        fs::set_permissions(home, fs::Permissions::from_mode(0o755)).unwrap();
        let mut command = tool("pgbouncer");
        if nix::unistd::geteuid().is_root() {
            command.args(["-u", "postgres"]);
        }
        let log = fs::File::create(home.join("log")).unwrap();
        command.arg(home.join("pgbouncer.ini")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let running = Process::spawn(&mut command).unwrap();
        let url = format!("postgres://{}@{address}/{}?sslmode=disable", server.get_username(), database.name());
        eventually("PgBouncer listens", async || TcpStream::connect(address).ok()).await;
        Self { url, _running: running, _place: place }
    }

    /// The URL of the database through it.
    #[must_use]
    pub fn url(&self) -> String {
        self.url.clone()
    }
}
