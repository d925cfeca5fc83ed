//! What can go wrong with a database, by what the caller can do about it.
//!
//! An error is one line: the `Display` of [`Error`] says everything, and has no source that would say it again. It ends in
//! logs, jobs and dead letters, so that none of it may quote a row; `words` decides what is safe to say.

use crate::{refusal::Refusal, words};

use std::io;

/// An error of the store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another transaction was there first (SQLSTATE 40001), or both were in each other's way and this one had to go
    /// (40P01): the loser of two rebuilds sees this, and may retry.
    #[error("postgres: another transaction was there first")]
    Superseded,
    /// Postgres has said nothing in time: neither an answer nor a refusal.
    #[error("postgres did not answer in time")]
    TimedOut,
    /// Postgres answered, and this is not in the answer.
    #[error("postgres answered without {0}")]
    Incomplete(&'static str),
    /// What a statement was about was deleted meanwhile.
    #[error("{0} was deleted meanwhile")]
    Gone(&'static str),
    /// The sessions were closed, as at the end of a process.
    #[error("the sessions with postgres are closed")]
    Closed,
    /// Postgres cannot be reached, or its answer not be read, or it refused for a reason that its message may tell.
    #[error("postgres: {}", words::postgres(.0))]
    Postgres(sqlx::Error),
    /// Postgres refused a statement, and its message may quote a row.
    #[error("postgres refused: {0}")]
    Refused(Refusal),
    /// apalis' tables could not be brought up to date.
    #[error("{}", words::migration(.0))]
    Migrate(sqlx::migrate::MigrateError),
    /// A file of `migrations/` could not be applied.
    #[error("migrations/{file}: {error}")]
    Migration {
        /// Its path there.
        file: &'static str,
        /// What Postgres says.
        error: Box<Error>,
    },
    /// Other sessions have held what a migration needs for as long as it waits.
    #[error("other sessions held what the migration needs for {} s: {holders}", waited.as_secs())]
    Blocked {
        /// How long it has waited.
        waited: std::time::Duration,
        /// Who they were last, and since when.
        holders: String,
    },
    /// A newer release has migrated the database.
    #[error("the database's schema is of a newer version than this one")]
    Ahead,
    /// An earlier release has to migrate the database first.
    #[error(
        "the database's schema is at migration {0} of an earlier version, and this one takes over from migration 23"
    )]
    TooOld(i64),
    /// `public` has some of the standalone tables' names, and they are not those tables.
    #[error(
        "public has {found}, which are not the tables that --with-source makes ({differences}): they are left alone; give \
         Prewarm a database without tables of these names"
    )]
    OtherSource {
        /// The relations.
        found: String,
        /// How `public` differs.
        differences: String,
    },
    /// Redis refused, or cannot be reached.
    #[error("redis: {}", words::redis(.0))]
    Redis(redis::RedisError),
    /// A server that a command needs cannot be used.
    #[error("{server} at {place} cannot be used: {reason}")]
    Unusable {
        /// Postgres or Redis.
        server: &'static str,
        /// Its address, and the variable that names it; never a password.
        place: String,
        /// The server's own words, or the system's.
        reason: String,
    },
    /// `REDIS_URL` names several servers.
    #[error("REDIS_URL names several servers: Redis Cluster is not supported yet")]
    Cluster,
    /// The authorities that vouch for Redis cannot be read.
    #[error("REDIS_CA_FILE ({}): {reason}", path.display())]
    CaFile {
        /// The file.
        path: std::path::PathBuf,
        /// The fault.
        reason: String,
    },
    /// Nothing is made from a copy of a database, and this one could not be taken into use.
    #[error("the database is a copy of another, and could not be taken into use: may this role write?")]
    Copy,
    /// A setting is not a url that we can use. The url itself may hold a password, and is left out.
    #[error("{variable} is not a valid url")]
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

impl From<sqlx::migrate::MigrateError> for Error {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        Self::Migrate(error)
    }
}

impl From<redis::RedisError> for Error {
    fn from(error: redis::RedisError) -> Self {
        Self::Redis(error)
    }
}

/// PostgreSQL's `lock_not_available`: a lock was not to be had within `lock_timeout`.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// PostgreSQL's `query_canceled`.
const QUERY_CANCELED: &str = "57014";

/// PostgreSQL's `read_only_sql_transaction`: a standby, or a server that was told to take nothing.
const READ_ONLY: &str = "25006";

/// PostgreSQL's class of what a schema or its privileges do not allow. (Row level security refuses a row so.)
const OF_SCHEMA: &str = "42";

/// PostgreSQL's class of data that a type does not hold, and its `not_null_violation` and `check_violation`. A unique or a
/// foreign key is no such refusal: the row that was in the way may be gone, or there, the next time.
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

    /// Postgres will refuse this again, since no rule of the schema lets it in.
    pub fn is_for_good(&self) -> bool {
        matches!(self, Self::Refused(refusal) if UNFIT.iter().any(|unfit| refusal.code.starts_with(unfit)))
    }

    /// Postgres has refused a row, for its values, by a rule or by a trigger, or has let nobody write it: the source's own
    /// doing. What else is written may fare better.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Refused(_) => true,
            Self::Postgres(_) => self.sqlstate().is_some_and(|code| code.starts_with(OF_SCHEMA)),
            _ => false,
        }
    }

    /// Another transaction was there first: the same may succeed now.
    pub fn is_superseded(&self) -> bool {
        match self {
            Self::Migration { error, .. } => error.is_superseded(),
            error => matches!(error, Self::Superseded),
        }
    }

    /// Somebody else holds a lock for too long; without a limit the statement may succeed.
    pub fn is_blocked(&self) -> bool {
        match self {
            Self::Migration { error, .. } => error.is_blocked(),
            Self::Postgres(_) => self.sqlstate().as_deref() == Some(LOCK_NOT_AVAILABLE),
            _ => false,
        }
    }

    /// The database takes no writes: it is a standby, or was told so.
    pub fn is_read_only(&self) -> bool {
        self.sqlstate().as_deref() == Some(READ_ONLY)
    }

    /// It is about Postgres, or the way there, and not about what was written: whatever is written next will fail as well.
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Postgres(_) => !self.is_blocked(),
            Self::TimedOut | Self::Incomplete(_) | Self::Closed => true,
            Self::Refused(_) => self.is_read_only(),
            _ => false,
        }
    }

    /// Postgres has stopped the statement, since it took too long or nobody waited for it any more.
    pub fn is_cut_short(&self) -> bool {
        matches!(self, Self::Postgres(error)
            if error.as_database_error().is_some_and(|refusal| refusal.code().as_deref() == Some(QUERY_CANCELED)))
    }

    /// The same of a rebuild. It writes what every rebuild of its org writes: a row that is there already is another's, which
    /// its snapshot does not see.
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
