//! nginx, the reference for static files and, with nchan, for event streams.

use std::{
    fs::{self, Permissions},
    net::SocketAddr,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context as _;

use super::{files, says};
use testkit::process::Place;

use crate::process::Process;

const PORT: u16 = 8080;
/// Debian's location, which is not in an ordinary user's PATH.
const PROGRAM: &str = "/usr/sbin/nginx";

/// A running nginx.
#[derive(Debug)]
pub(crate) struct Nginx {
    pub(crate) process: Process,
}

impl Nginx {
    /// Starts an nginx that serves files under the names in `static.conf`.
    pub(crate) async fn serving(contents: &[(&str, &[u8])], path: &str) -> anyhow::Result<Self> {
        Self::start("static.conf", contents, path).await
    }

    /// Starts an nginx that forwards published messages to subscribers.
    pub(crate) async fn fanning_out() -> anyhow::Result<Self> {
        Self::start("nchan.conf", &[], "/").await
    }

    async fn start(config: &str, contents: &[(&str, &[u8])], path: &str) -> anyhow::Result<Self> {
        let place = Place::new()?;
        // If root starts nginx, its worker runs as an unprivileged user, who has to read the files.
        fs::set_permissions(place.dir(), Permissions::from_mode(0o755))?;
        for (name, bytes) in contents {
            fs::write(place.dir().join(name), bytes)?;
        }
        let text = fs::read_to_string(files().join(config)).with_context(|| config.to_owned())?;
        fs::write(place.dir().join("nginx.conf"), text.replace("ADDRESS", &place.addr(PORT).to_string()))?;
        let mut command = Command::new(program());
        command.arg("-p").arg(place.dir()).args(["-c", "nginx.conf", "-e", "stderr"]);
        let mut process = Process::start(place, "nginx", &mut command)?;
        process.ready(process.addr(PORT), path, &[]).await?;
        Ok(Self { process })
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.process.addr(PORT)
    }
}

fn program() -> PathBuf {
    let debian = Path::new(PROGRAM);
    if debian.exists() { debian.to_owned() } else { PathBuf::from("nginx") }
}

/// The version of nginx and, if a package manager knows it, of nchan.
pub(super) fn version() -> anyhow::Result<String> {
    let nginx = says(program(), "-v")?.replace("nginx version: ", "");
    let query = Command::new("dpkg-query").args(["-W", "-f", "${Version}", "libnginx-mod-nchan"]).output();
    let nchan = query.ok().filter(|output| output.status.success());
    let nchan = nchan.and_then(|output| String::from_utf8(output.stdout).ok()).unwrap_or_else(|| "unknown".to_owned());
    Ok(format!("{nginx}, nchan {nchan}"))
}
