//! Search for the servers' programs.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{DataDir, Error};

/// The oldest PostgreSQL that the migrations support.
const POSTGRES_MAJOR_MIN: u32 = 15;

/// The names of Redis' program.
const REDIS_NAMES: [&str; 2] = ["redis-server", "valkey-server"];

/// A directory with a server's programs.
#[derive(Clone, Debug)]
pub(crate) struct Programs {
    dir: PathBuf,
    /// `LD_LIBRARY_PATH` for programs that were unpacked but not installed.
    libraries: Option<OsString>,
}

impl Programs {
    pub(crate) fn command(&self, name: &str) -> Command {
        let mut command = Command::new(self.dir.join(name));
        if let Some(libraries) = &self.libraries {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        command
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.dir.join(name).is_file()
    }
}

/// The newest Postgres, or the one with the given major version.
pub(crate) fn postgres(data_dir: &DataDir, major: Option<u32>) -> Option<Programs> {
    let unpacked = Unpacked::find(data_dir);
    let in_unpacked = unpacked.iter().flat_map(|root| {
        matching(&root.path.join("usr/lib/postgresql"), |_| true).into_iter().map(|dir| root.programs(dir.join("bin")))
    });
    let packaged = matching(Path::new("/usr/lib/postgresql"), |_| true).into_iter().map(|dir| dir.join("bin"));
    let installed = path_dirs().chain(packaged).chain(pg_config_bindir()).map(installed);
    in_unpacked
        .chain(installed)
        .filter(|programs| programs.has("postgres") && programs.has("initdb"))
        .filter_map(|programs| Some((postgres_major(&programs)?, programs)))
        .filter(|(found, _)| major.map_or(*found >= POSTGRES_MAJOR_MIN, |major| *found == major))
        // Of equal versions the first one: an unpacked one was asked for.
        .reduce(|best, other| if other.0 > best.0 { other } else { best })
        .map(|(_, programs)| programs)
}

/// A Redis, and the name of its program.
pub(crate) fn redis(data_dir: &DataDir) -> Result<(Programs, &'static str), Error> {
    let unpacked = Unpacked::find(data_dir);
    let in_unpacked = unpacked.iter().map(|root| root.programs(root.path.join("usr/bin")));
    in_unpacked
        .chain(path_dirs().map(installed))
        .find_map(|programs| REDIS_NAMES.into_iter().find(|name| programs.has(name)).map(|name| (programs, name)))
        .ok_or(Error::RedisMissing)
}

/// A client that comes with Postgres, such as `pg_dump`.
pub fn postgres_client(name: &str) -> Command {
    let found = DataDir::temporary().ok().and_then(|dir| postgres(&dir, None));
    found.filter(|programs| programs.has(name)).map_or_else(|| Command::new(name), |programs| programs.command(name))
}

/// Another program that `scripts/setup` provides: unpacked, or on the path.
pub fn tool(name: &str) -> Command {
    let unpacked = std::env::var_os("PREWARM_SERVERS_DIR").map(|path| Unpacked { path: path.into() });
    let dirs =
        |root: &Unpacked| [root.path.join("usr/lib").join(name), root.path.join("usr/bin"), root.path.join("usr/sbin")];
    let found = unpacked.iter().flat_map(|root| dirs(root).map(|dir| root.programs(dir))).find(|dir| dir.has(name));
    // Daemons are not on every user's path.
    let daemon = Some(Path::new("/usr/sbin").join(name)).filter(|path| path.is_file());
    found.map_or_else(|| daemon.map_or_else(|| Command::new(name), Command::new), |programs| programs.command(name))
}

/// The tree that `scripts/setup` unpacks if it may not install anything.
struct Unpacked {
    path: PathBuf,
}

impl Unpacked {
    /// `PREWARM_SERVERS_DIR`, or else `servers` in the data directory.
    fn find(data_dir: &DataDir) -> Option<Self> {
        let path =
            std::env::var_os("PREWARM_SERVERS_DIR").map_or_else(|| data_dir.path().join("servers"), PathBuf::from);
        path.is_dir().then_some(Self { path })
    }

    fn programs(&self, dir: PathBuf) -> Programs {
        let libraries = ["usr/lib", "lib"]
            .into_iter()
            .flat_map(|lib| matching(&self.path.join(lib), |name| name.to_string_lossy().contains("-linux-gnu")));
        Programs { dir, libraries: std::env::join_paths(libraries).ok() }
    }
}

fn installed(dir: PathBuf) -> Programs {
    Programs { dir, libraries: None }
}

fn path_dirs() -> impl Iterator<Item = PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).collect::<Vec<_>>().into_iter()
}

fn pg_config_bindir() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    Some(PathBuf::from(String::from_utf8(output.stdout).ok()?.trim()))
}

/// The entries of a directory whose name matches, in any order; none if the directory does not exist.
fn matching(dir: &Path, wanted: impl Fn(&OsStr) -> bool) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries.filter(|entry| wanted(&entry.file_name())).map(|entry| entry.path()).collect()
}

fn postgres_major(programs: &Programs) -> Option<u32> {
    let output = programs.command("postgres").arg("--version").output().ok()?;
    parse_major(std::str::from_utf8(&output.stdout).ok()?)
}

/// Parses `postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)` as 15, and `postgres (PostgreSQL) 18beta1` as 18.
fn parse_major(version: &str) -> Option<u32> {
    let (_, number) = version.split_once("(PostgreSQL) ")?;
    let digits = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
    number[..digits].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn major_versions_are_parsed_from_releases_and_betas_only() {
        assert_eq!(parse_major("postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)\n"), Some(15));
        assert_eq!(parse_major("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(parse_major("postgres (PostgreSQL) \n"), None);
        assert_eq!(parse_major("postgres: no such file"), None);
    }
}
