//! Errors of Postgres and Redis, sorted by what a caller can do about them.
//!
//! `Display` says everything in one line and there is no `source`, so that a log of the whole chain repeats nothing.
//! The line ends up in logs, jobs and dead letters, so it must not quote a row; `words` decides which messages are
//! safe.

use crate::{lack::Lack, refusal::Refusal, words};

use std::io;

/// An error of the store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another transaction won: a serialization failure (40001) or a deadlock (40P01). The loser of two rebuilds sees
    /// this, and may retry.
    #[error("postgres: another transaction was faster")]
    Superseded,
    /// Postgres neither answered nor refused in time.
    #[error("postgres did not answer in time")]
    TimedOut,
    /// Postgres answered, without this part.
    #[error("the answer of postgres lacks {0}")]
    Incomplete(&'static str),
    /// The object of a statement was deleted in the meantime.
    #[error("{0} was deleted in the meantime")]
    Gone(&'static str),
    /// The sessions are closed, as at the end of a process.
    #[error("the sessions with postgres are closed; the process is stopping")]
    Closed,
    /// Postgres is unreachable, its answer unreadable, or its refusal safe to quote.
    #[error("postgres: {}", words::postgres(.0))]
    Postgres(sqlx::Error),
    /// Postgres refused a statement, with a message that may quote a row.
    #[error("postgres refused: {0}")]
    Refused(Refusal),
    /// A file of `migrations/` could not be applied.
    #[error("migrations/{file}: {error}")]
    Migration {
        /// The path below `migrations/`.
        file: &'static str,
        /// The error of Postgres.
        error: Box<Error>,
    },
    /// Other sessions held a lock that a migration needs for longer than it waits.
    #[error("gave up after {} s waiting for locks held by other sessions: {holders}", waited.as_secs())]
    Blocked {
        /// The time it waited.
        waited: std::time::Duration,
        /// The sessions that held it last, and since when.
        holders: String,
    },
    /// An older release has migrated the database.
    #[error("the database's schema is older than this version: run `prewarm migrate` first")]
    Behind,
    /// The role lacks a privilege.
    #[error(transparent)]
    Lacks(#[from] Lack),
    /// The database has no source.
    #[error("nothing is attached to this database")]
    NotAttached,
    /// Views of the application read our schema.
    #[error("these read the schema prewarm, and would be dropped with it: {0}; drop or change them first")]
    Dependents(String),
    /// A newer release has migrated the database.
    #[error("the database was migrated by a newer release; run that release, or a later one")]
    Ahead,
    /// The schema is older than this release can migrate.
    #[error(
        "the database was made by a development build: make it anew, or migrate it with the build of commit bad40ae first"
    )]
    TooOld,
    /// `public` has some of the standalone tables' names, and they are not those tables.
    #[error(
        "public has {found}, which are not the tables that --with-source makes ({differences}): they are left alone; give \
         Prewarm a database without tables of these names"
    )]
    OtherSource {
        /// The relations.
        found: String,
        /// The differences of `public`.
        differences: String,
    },
    /// Redis is unreachable, or refused.
    #[error("redis: {}", words::redis(.0))]
    Redis(redis::RedisError),
    /// A command cannot use a server that it needs.
    #[error("{server} at {place} cannot be used: {reason}")]
    Unusable {
        /// Postgres or Redis.
        server: &'static str,
        /// Its address and the variable that names it, without password.
        place: String,
        /// The message of the server or the system.
        reason: String,
    },
    /// Redis' certificate is not accepted.
    #[error(
        "redis: {reason}: its certificate must be signed by a public authority, one of the system's, or one of REDIS_CA_FILE, {}",
        ca_file.as_ref().map_or("which is not set".to_owned(), |path| format!("which is {}", path.display()))
    )]
    Certificate {
        /// The reason of the client.
        reason: String,
        /// The file.
        ca_file: Option<std::path::PathBuf>,
    },
    /// A file of certificate authorities cannot be used.
    #[error("{setting} ({}): {reason}", path.display())]
    CaFile {
        /// The setting that names it.
        setting: &'static str,
        /// The file.
        path: std::path::PathBuf,
        /// Why not.
        reason: String,
    },
    /// The database is a copy, and the role could not make it an installation of its own.
    #[error(
        "the database is a copy of another, and this role could not take it into use; connect with a role that may write"
    )]
    Copy,
    /// A setting is not a URL that we understand. The URL may hold a password, so it is left out.
    #[error("{variable} is not a valid URL")]
    Url {
        /// The environment variable.
        variable: &'static str,
        /// The parser's reason.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// PostgreSQL's `serialization_failure` and `deadlock_detected`.
const LOST_TO_ANOTHER: [&str; 2] = ["40001", "40P01"];

/// PostgreSQL's `unique_violation`.
const UNIQUE_VIOLATION: &str = "23505";

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match (words::refusal(&error), &error) {
            (Some(refusal), _) if LOST_TO_ANOTHER.contains(&refusal.code.as_str()) => Self::Superseded,
            (Some(refusal), _) if !words::is_harmless(&error) => Self::Refused(refusal),
            (None, sqlx::Error::Io(silence)) if silence.kind() == io::ErrorKind::TimedOut => Self::TimedOut,
            (None, sqlx::Error::PoolClosed) => Self::Closed,
            _ => Self::Postgres(error),
        }
    }
}

impl From<redis::RedisError> for Error {
    fn from(error: redis::RedisError) -> Self {
        Self::Redis(error)
    }
}

/// PostgreSQL's `lock_not_available`: `lock_timeout` has passed.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// PostgreSQL's `query_canceled`.
const QUERY_CANCELED: &str = "57014";

/// PostgreSQL's `read_only_sql_transaction`: a standby, or a server set to read-only.
const READ_ONLY: &str = "25006";

/// PostgreSQL's class of errors in schema and privileges; row level security refuses rows with it, too.
const OF_SCHEMA: &str = "42";

/// PostgreSQL's class of data exceptions, its `not_null_violation` and its `check_violation`. Violations of unique and
/// foreign keys are not among them: the row in the way may be gone the next time, or the missing one there.
const UNFIT: [&str; 3] = ["22", "23502", "23514"];

impl Error {
    /// The SQLSTATE, if Postgres answered with one.
    pub fn sqlstate(&self) -> Option<String> {
        match self {
            Self::Refused(refusal) => Some(refusal.code.clone()),
            Self::Postgres(error) => words::refusal(error).map(|refusal| refusal.code),
            _ => None,
        }
    }

    /// Whether Postgres will refuse the same values again.
    pub fn is_permanent(&self) -> bool {
        matches!(self, Self::Refused(refusal) if UNFIT.iter().any(|unfit| refusal.code.starts_with(unfit)))
    }

    /// Whether a rule, a trigger or a privilege of the source refused the row. Other rows may still be accepted.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Refused(_) => true,
            Self::Postgres(_) => self.sqlstate().is_some_and(|code| code.starts_with(OF_SCHEMA)),
            _ => false,
        }
    }

    /// Whether another transaction was faster; a retry may succeed.
    pub fn is_superseded(&self) -> bool {
        match self {
            Self::Migration { error, .. } => error.is_superseded(),
            error => matches!(error, Self::Superseded),
        }
    }

    /// Whether a lock was not free in time; without a limit the statement may succeed.
    pub fn is_blocked(&self) -> bool {
        match self {
            Self::Migration { error, .. } => error.is_blocked(),
            Self::Postgres(_) => self.sqlstate().as_deref() == Some(LOCK_NOT_AVAILABLE),
            _ => false,
        }
    }

    /// Whether the database accepts no writes.
    pub fn is_read_only(&self) -> bool {
        self.sqlstate().as_deref() == Some(READ_ONLY)
    }

    /// Whether the cause is Postgres or the way there rather than the data: the next statement will fail as well.
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Postgres(_) => !self.is_blocked(),
            Self::TimedOut | Self::Incomplete(_) | Self::Closed => true,
            Self::Refused(_) => self.is_read_only(),
            _ => false,
        }
    }

    /// Whether Postgres cancelled the statement, for its time limit or on request.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Postgres(error)
            if error.as_database_error().is_some_and(|refusal| refusal.code().as_deref() == Some(QUERY_CANCELED)))
    }

    /// The error as a rebuild means it. All rebuilds of an org write the same keys, so a duplicate key is a row of a
    /// rebuild that this snapshot does not see.
    pub(crate) fn of_rebuild(self) -> Self {
        match self {
            Self::Refused(refusal) if refusal.code == UNIQUE_VIOLATION => Self::Superseded,
            error => error,
        }
    }

    pub(crate) fn url<E>(variable: &'static str) -> impl FnOnce(E) -> Self
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        move |source| Self::Url { variable, source: Box::new(source) }
    }
}
