//! A first connection to a server, for commands. A pool would only report a timeout, without the address or the cause.

use std::{
    io::ErrorKind,
    time::{Duration, Instant},
};

use readmodel::model::Format;
use sqlx::{Connection as _, PgConnection, Row as _, postgres::PgConnectOptions};
use tokio::time::{sleep, timeout};

use crate::{
    Error, Store,
    endpoint::options_in,
    redis::{self, Redis},
    words,
};

/// The time that a server may take to accept a connection and answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// A command waits this long for a server that refuses connections, so that both may be started together.
const STARTUP_WAIT: Duration = Duration::from_secs(3);

/// Delay between attempts to connect to a server that is starting.
const RETRY_DELAY: Duration = Duration::from_millis(100);

/// PostgreSQL's `cannot_connect_now`: it is starting or stopping.
const CANNOT_CONNECT_NOW: &str = "57P03";

/// The oldest PostgreSQL that has what our schema uses.
const OLDEST_MAJOR: i32 = 15;

/// The reason why a transaction pooler does not serve.
pub const POOLED: &str = "it is a transaction pooler, which lends a session for a transaction: settings on which promises rest, \
                          LISTEN and locks would be lost; use its session mode (at Supabase port 5432), or the server itself";

/// Whether two connections at the same time are given the same session, one after the other: a transaction pooler is between.
/// It may have several to give, so this looks a few times.
pub async fn shares_sessions(options: &PgConnectOptions) -> Result<bool, sqlx::Error> {
    const LOOKS: usize = 3;
    let (mut one, mut other) = (PgConnection::connect_with(options).await?, PgConnection::connect_with(options).await?);
    for _ in 0..LOOKS {
        if pid_of(&mut one).await? == pid_of(&mut other).await? {
            return Ok(true);
        }
    }
    let _ = (one.close().await, other.close().await);
    Ok(false)
}

/// The session's process. Asked by the simple protocol: a pooler may not keep prepared statements.
async fn pid_of(connection: &mut PgConnection) -> Result<i32, sqlx::Error> {
    let row = sqlx::raw_sql("select pg_backend_pid()").fetch_one(connection).await?;
    row.try_get(0)
}

/// Connects to Postgres once and checks its version. `variable` is the setting that `url` comes from.
///
/// # Errors
/// One line with the address, the variable and the server's message.
pub async fn postgres(url: &str, variable: &'static str) -> Result<(), Error> {
    let options = options_in(variable, url)?;
    let unusable = |reason| Error::Unusable { server: "Postgres", place: place(&options, variable), reason };
    let started = Instant::now();
    loop {
        match timeout(ANSWER_TIMEOUT, major_of(&options)).await {
            Ok(Ok(major)) => {
                check_version(major).map_err(unusable)?;
                let is_shared = timeout(ANSWER_TIMEOUT, shares_sessions(&options))
                    .await
                    .is_ok_and(|shared| shared.unwrap_or_default());
                return if is_shared { Err(unusable(POOLED.to_owned())) } else { Ok(()) };
            }
            Ok(Err(error)) if is_starting(&error) && started.elapsed() < STARTUP_WAIT => sleep(RETRY_DELAY).await,
            Ok(Err(error)) => return Err(unusable(reason(&error))),
            Err(_) => return Err(unusable(format!("no answer within {} s", ANSWER_TIMEOUT.as_secs()))),
        }
    }
}

/// Whether a text is a valid URL of Postgres.
pub fn is_postgres_url(text: &str) -> bool {
    text.parse::<PgConnectOptions>().is_ok()
}

/// Why Postgres cannot be connected to at this moment, for `/readyz`; `None` if it can.
pub async fn failure(options: &PgConnectOptions, limit: Duration) -> Option<String> {
    match timeout(limit, major_of(options)).await {
        Ok(Ok(_)) => None,
        Ok(Err(error)) => Some(reason(&error)),
        Err(_) => Some(format!("no answer within {} s", limit.as_secs())),
    }
}

impl Store {
    /// Fails if the database accepts no writes.
    pub async fn check_writes(&self) -> Result<(), Error> {
        sqlx::query_file!("queries/reach/check_writes.sql").execute(&self.pg).await?;
        Ok(())
    }
}

/// Connects to Redis once.
///
/// # Errors
/// One line with the address, the variable and the server's message.
pub async fn redis(config: &redis::Config) -> Result<(), Error> {
    let redis = Redis::open(config, Format::CURRENT)?;
    let unusable =
        |reason| Error::Unusable { server: "Redis", place: format!("{} (REDIS_URL)", redis.place()), reason };
    match timeout(ANSWER_TIMEOUT, redis.ping()).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(Error::Redis(error))) => Err(unusable(words::redis(&error))),
        Ok(Err(error)) => Err(unusable(error.to_string())),
        Err(_) => Err(unusable(format!("no answer within {} s", ANSWER_TIMEOUT.as_secs()))),
    }
}

/// The address of the options, without user and password.
fn place(options: &PgConnectOptions, variable: &str) -> String {
    let database = options.get_database().unwrap_or_else(|| options.get_username());
    match options.get_socket() {
        Some(directory) => format!("{}:{}/{database} ({variable})", directory.display(), options.get_port()),
        None => format!("{}:{}/{database} ({variable})", options.get_host(), options.get_port()),
    }
}

async fn major_of(options: &PgConnectOptions) -> Result<i32, sqlx::Error> {
    let mut connection = PgConnection::connect_with(options).await?;
    // Not checked at compile time: no schema is needed.
    let row = sqlx::raw_sql(include_str!("../queries/reach/major_of.sql")).fetch_one(&mut connection).await?;
    let number: i32 = row.try_get(0)?;
    // The answer is there; a failing goodbye changes nothing.
    let _ = connection.close().await;
    Ok(number / 10_000)
}

fn check_version(major: i32) -> Result<(), String> {
    if major >= OLDEST_MAJOR {
        return Ok(());
    }
    Err(format!("it is PostgreSQL {major}; Prewarm needs {OLDEST_MAJOR} or newer"))
}

fn is_starting(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => error.kind() == ErrorKind::ConnectionRefused,
        sqlx::Error::Database(refusal) => refusal.code().as_deref() == Some(CANNOT_CONNECT_NOW),
        _ => false,
    }
}

fn reason(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Io(error) if error.kind() == ErrorKind::ConnectionRefused => {
            format!("nothing listens there: {error}")
        }
        error => words::postgres(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_for_an_old_server_names_its_version() {
        assert_eq!(check_version(15), Ok(()));
        assert_eq!(check_version(14), Err("it is PostgreSQL 14; Prewarm needs 15 or newer".to_owned()));
    }

    #[test]
    fn a_server_address_is_shown_without_its_password() {
        let options: PgConnectOptions = "postgres://somebody:hidden@db.example:6432/clinic".parse().unwrap();
        assert_eq!(place(&options, "DATABASE_URL"), "db.example:6432/clinic (DATABASE_URL)");
        let options: PgConnectOptions = "postgres://somebody@localhost/clinic?host=/run/pg".parse().unwrap();
        assert_eq!(place(&options, "DATABASE_URL"), "/run/pg:5432/clinic (DATABASE_URL)");
    }
}
