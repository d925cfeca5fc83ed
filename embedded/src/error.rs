//! What can go wrong, in words for the person who started us.

use std::io;
use std::path::{Path, PathBuf};

/// Why a private server could not be started or ended. Each message is one thing to act on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No usable Postgres on this machine.
    #[error(
        "no PostgreSQL 15 or newer found: run `scripts/setup run`, install the package postgresql, or set DATABASE_URL"
    )]
    PostgresMissing,
    /// The data was written by a Postgres that is not installed any more.
    #[error("{} was made by PostgreSQL {major}, which is not installed: install it, or move the directory away", .path.display())]
    PostgresVersion {
        /// The cluster.
        path: PathBuf,
        /// The major version that made it.
        major: u32,
    },
    /// No Redis on this machine.
    #[error("no redis-server found: run `scripts/setup run`, install the package redis-server, or set REDIS_URL")]
    RedisMissing,
    /// Postgres refuses to run as root, and there is nobody else to run it as.
    #[error("Postgres does not run as root and there is no user called postgres: run as another user")]
    NoPostgresUser,
    /// Another process uses the data directory.
    #[error("{} is in use by process {holder}: end that one, or use another data directory", .path.display())]
    Locked {
        /// The data directory.
        path: PathBuf,
        /// The pid that the holder wrote down.
        holder: String,
    },
    /// Somebody else made the directory that we would have used.
    #[error("{} is not a directory of ours with mode 700: remove it, or use another data directory", .0.display())]
    NotOurs(PathBuf),
    /// The server ended while it started.
    #[error("{server} ended while it started. Its log ends with:\n{log}")]
    Ended {
        /// Which one.
        server: &'static str,
        /// The last lines of its log.
        log: String,
    },
    /// The server did not get to the wanted state in time.
    #[error("{server} was not {state} within {seconds} s. Its log ends with:\n{log}")]
    Late {
        /// Which one.
        server: &'static str,
        /// What was waited for.
        state: &'static str,
        /// How long.
        seconds: u64,
        /// The last lines of its log.
        log: String,
    },
    /// The operating system said no.
    #[error("{what}")]
    Io {
        /// What was tried, and on which file.
        what: String,
        /// Its answer.
        source: io::Error,
    },
}

impl Error {
    /// For `map_err`: what was tried on which path.
    pub(crate) fn io(verb: &str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let what = format!("cannot {verb} {}", path.display());
        move |source| Self::Io { what, source }
    }
}
