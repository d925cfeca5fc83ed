//! A first look at a server, for commands: a pool would only say that it timed out, and not at which address, nor why.

use std::{
    io::ErrorKind,
    time::{Duration, Instant},
};

use sqlx::{Connection as _, PgConnection, postgres::PgConnectOptions};
use tokio::time::{sleep, timeout};

use crate::{Error, Store, words};

/// How long a server may take to accept a connection and answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a command waits for a server that refuses connections, so that both may be started together.
const STARTING: Duration = Duration::from_secs(3);

/// Between two tries of a server that is starting.
const PAUSE: Duration = Duration::from_millis(100);

/// PostgreSQL's `cannot_connect_now`: it is starting, or ending.
const CANNOT_CONNECT_NOW: &str = "57P03";

/// The oldest PostgreSQL that has what our schema uses.
const OLDEST_MAJOR: i32 = 15;

/// Connects to Postgres once, as the url of `variable` has it, and sees that it is new enough.
///
/// # Errors
/// One line with the address, the variable and the server's own words.
pub async fn postgres(url: &str, variable: &'static str) -> Result<(), Error> {
    let options: PgConnectOptions = url.parse().map_err(Error::url(variable))?;
    let unusable = |reason| Error::Unusable { server: "Postgres", place: place(&options, variable), reason };
    let started = Instant::now();
    loop {
        match timeout(PATIENCE, major_of(&options)).await {
            Ok(Ok(major)) => return check_version(major).map_err(unusable),
            Ok(Err(error)) if is_starting(&error) && started.elapsed() < STARTING => sleep(PAUSE).await,
            Ok(Err(error)) => return Err(unusable(reason(&error))),
            Err(_) => return Err(unusable(format!("no answer within {} s", PATIENCE.as_secs()))),
        }
    }
}

/// Whether a text is a url of Postgres that can be understood.
pub fn is_postgres_url(text: &str) -> bool {
    text.parse::<PgConnectOptions>().is_ok()
}

/// Why Postgres cannot be connected to at this moment, if so; for `/readyz`.
pub async fn trouble(options: &PgConnectOptions, limit: Duration) -> Option<String> {
    match timeout(limit, major_of(options)).await {
        Ok(Ok(_)) => None,
        Ok(Err(error)) => Some(reason(&error)),
        Err(_) => Some(format!("no answer within {} s", limit.as_secs())),
    }
}

impl Store {
    /// Fails where the database takes no writes.
    pub async fn check_writes(&self) -> Result<(), Error> {
        sqlx::query_file!("queries/reach/check_writes.sql").execute(&self.pg).await?;
        Ok(())
    }
}

/// Connects to Redis once.
///
/// # Errors
/// One line with the address, the variable and the server's own words.
pub async fn redis(url: &str) -> Result<(), Error> {
    const VARIABLE: &str = "REDIS_URL";
    let client = redis::Client::open(url).map_err(Error::url(VARIABLE))?;
    let place = format!("{} ({VARIABLE})", client.get_connection_info().addr());
    let unusable = |reason| Error::Unusable { server: "Redis", place, reason };
    let asked = async {
        let mut connection = client.get_multiplexed_async_connection().await?;
        redis::cmd("PING").exec_async(&mut connection).await
    };
    match timeout(PATIENCE, asked).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(unusable(words::redis(&error))),
        Err(_) => Err(unusable(format!("no answer within {} s", PATIENCE.as_secs()))),
    }
}

/// Where the options lead, without user and password.
fn place(options: &PgConnectOptions, variable: &str) -> String {
    let database = options.get_database().unwrap_or_else(|| options.get_username());
    match options.get_socket() {
        Some(directory) => format!("{}:{}/{database} ({variable})", directory.display(), options.get_port()),
        None => format!("{}:{}/{database} ({variable})", options.get_host(), options.get_port()),
    }
}

async fn major_of(options: &PgConnectOptions) -> Result<i32, sqlx::Error> {
    let mut connection = PgConnection::connect_with(options).await?;
    // Unchecked at compile time: nothing of the schema is in it.
    let number: i32 =
        sqlx::query_scalar(include_str!("../queries/reach/major_of.sql")).fetch_one(&mut connection).await?;
    // The answer is there: a goodbye that fails changes nothing.
    let _ = connection.close().await;
    Ok(number / 10_000)
}

fn check_version(major: i32) -> Result<(), String> {
    if major >= OLDEST_MAJOR {
        return Ok(());
    }
    Err(format!("it is PostgreSQL {major}, and Prewarm needs {OLDEST_MAJOR} or newer"))
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
    fn a_server_that_is_too_old_is_told_by_its_version() {
        assert_eq!(check_version(15), Ok(()));
        assert_eq!(check_version(14), Err("it is PostgreSQL 14, and Prewarm needs 15 or newer".to_owned()));
    }

    #[test]
    fn a_place_has_no_password() {
        let options: PgConnectOptions = "postgres://somebody:hidden@db.example:6432/clinic".parse().unwrap();
        assert_eq!(place(&options, "DATABASE_URL"), "db.example:6432/clinic (DATABASE_URL)");
        let options: PgConnectOptions = "postgres://somebody@localhost/clinic?host=/run/pg".parse().unwrap();
        assert_eq!(place(&options, "DATABASE_URL"), "/run/pg:5432/clinic (DATABASE_URL)");
    }
}
