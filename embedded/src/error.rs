//! Errors, worded for the person who starts the servers.

use std::io;
use std::path::{Path, PathBuf};

/// Why a private server could not be started or ended. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No usable Postgres on this machine.
    #[error(
        "no PostgreSQL 15 or newer found: run `scripts/setup run`, install the package postgresql, or set DATABASE_URL"
    )]
    PostgresMissing,
    /// The data was written by a version of Postgres that is not installed.
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
    /// Postgres refuses to run as root, and the user postgres does not exist.
    #[error("Postgres does not run as root and there is no user postgres: run as another user, or create that one")]
    NoPostgresUser,
    /// Another process uses the data directory.
    #[error("{} is in use by process {holder}: end that one, or use another data directory", .path.display())]
    Locked {
        /// The data directory.
        path: PathBuf,
        /// The pid in the lock file.
        holder: String,
    },
    /// The directory exists with another owner or mode.
    #[error("{} is not a directory of ours with mode 700: remove it, or use another data directory", .0.display())]
    NotOurs(PathBuf),
    /// The server ended while starting.
    #[error("{server} ended while it started. Its log ends with:\n{log}")]
    Ended {
        /// The server.
        server: &'static str,
        /// The last lines of its log.
        log: String,
    },
    /// The server did not reach a state in time.
    #[error("{server} was not {state} within {seconds} s. Its log ends with:\n{log}")]
    Late {
        /// The server.
        server: &'static str,
        /// The state.
        state: &'static str,
        /// The limit.
        seconds: u64,
        /// The last lines of its log.
        log: String,
    },
    /// The operating system refused.
    #[error("{what}")]
    Io {
        /// The operation and its file.
        what: String,
        /// The system's error.
        source: io::Error,
    },
}

impl Error {
    /// For `map_err`: an error of an operation on a path.
    pub(crate) fn io(verb: &str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let what = format!("cannot {verb} {}", path.display());
        move |source| Self::Io { what, source }
    }
}
