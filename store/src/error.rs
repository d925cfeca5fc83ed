//! What can go wrong with a database, by what the caller can do about it.

/// An error of the store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another transaction was there first (SQLSTATE 40001), or both were in each other's way and this one had to go
    /// (40P01): the loser of two rebuilds sees this, and may retry.
    #[error("another transaction was there first")]
    Superseded(#[source] sqlx::Error),
    /// Postgres cannot be reached, or its answer not be read.
    #[error("postgres")]
    Postgres(#[source] sqlx::Error),
    /// Postgres refused a statement. Its message may quote a row, and this error ends in logs and jobs: the code stands
    /// for it.
    #[error("postgres refused: SQLSTATE {0}")]
    Refused(String),
    /// The schema could not be brought up to date.
    #[error("migration")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// Redis refused, or cannot be reached.
    #[error("redis")]
    Redis(#[from] redis::RedisError),
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

/// Classes of SQLSTATE whose messages name connections, settings and our own schema, and never a value: connection,
/// authorization, missing catalog, missing schema, syntax and privileges, resources, object state, operator, system.
const HARMLESS_CLASSES: [&str; 9] = ["08", "28", "3D", "3F", "42", "53", "55", "57", "58"];

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|refusal| Some(refusal.code()?.into_owned()));
        match code {
            Some(code) if LOST_TO_ANOTHER.contains(&code.as_str()) => Self::Superseded(error),
            Some(code) if !HARMLESS_CLASSES.iter().any(|class| code.starts_with(class)) => Self::Refused(code),
            _ => Self::Postgres(error),
        }
    }
}

/// PostgreSQL's `lock_not_available`: a lock was not to be had within `lock_timeout`.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// PostgreSQL's `read_only_sql_transaction`: a standby, or a server that was told to take nothing.
const READ_ONLY: &str = "25006";

/// PostgreSQL's class of what a schema or its privileges do not allow. (Row level security refuses a row so.)
const OF_SCHEMA: &str = "42";

/// PostgreSQL's class of data that a type does not hold, and its `not_null_violation` and `check_violation`. A unique or a
/// foreign key is no such refusal: the row that was in the way may be gone, or there, the next time.
const UNFIT: [&str; 3] = ["22", "23502", "23514"];

impl Error {
    /// Postgres will refuse this again, since no rule of the schema lets it in.
    pub fn is_for_good(&self) -> bool {
        matches!(self, Self::Refused(code) if UNFIT.iter().any(|unfit| code.starts_with(unfit)))
    }

    /// Postgres has refused a row, for its values, by a rule or by a trigger, or has let nobody write it: the source's own
    /// doing. What else is written may fare better.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Refused(code) => code != READ_ONLY,
            Self::Postgres(_) => self.sqlstate().is_some_and(|code| code.starts_with(OF_SCHEMA)),
            _ => false,
        }
    }

    /// What Postgres calls it, if it has said anything.
    pub fn sqlstate(&self) -> Option<String> {
        match self {
            Self::Refused(code) => Some(code.clone()),
            Self::Postgres(error) | Self::Superseded(error) => Some(error.as_database_error()?.code()?.into_owned()),
            _ => None,
        }
    }

    /// Another transaction was there first: the same may succeed now.
    pub const fn is_superseded(&self) -> bool {
        matches!(self, Self::Superseded(_))
    }

    /// Somebody else holds a lock for too long; without a limit the statement may succeed.
    pub fn is_blocked(&self) -> bool {
        matches!(self, Self::Postgres(error)
            if error.as_database_error().is_some_and(|refusal| refusal.code().as_deref() == Some(LOCK_NOT_AVAILABLE)))
    }

    /// It is about Postgres, or the way there, and not about what was written: whatever is written next will fail as well.
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Postgres(_) => !self.is_blocked(),
            Self::Refused(code) => code == READ_ONLY,
            _ => false,
        }
    }

    /// The same of a rebuild. It writes what every rebuild of its org writes: a row that is there already is another's, which
    /// its snapshot does not see.
    pub(crate) fn of_rebuild(self) -> Self {
        match self {
            Self::Refused(code) if code == UNIQUE_VIOLATION => Self::Superseded(sqlx::Error::RowNotFound),
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
