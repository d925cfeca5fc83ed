//! Messages of Postgres and Redis, as far as they may be quoted.
//!
//! Both may quote data: `invalid input syntax for type integer: "…"`, a `raise` in somebody's trigger, a command with
//! its arguments. Logs must hold none of that.

use sqlx::{error::DatabaseError, migrate::MigrateError, postgres::PgDatabaseError};

use crate::refusal::Refusal;

/// Classes of SQLSTATE whose messages quote no values, but name connections, settings, our own schema and the server's
/// files: connection, authorization, missing catalog, missing schema, syntax and privileges, resources, object state,
/// operator, system.
const HARMLESS_CLASSES: [&str; 9] = ["08", "28", "3D", "3F", "42", "53", "55", "57", "58"];

/// PostgreSQL's `read_only_sql_transaction`. Other messages of its class may quote values.
const READ_ONLY: &str = "25006";

/// The prefix of the source files of procedural languages. Errors from there are worded by a function's author, with
/// any code he likes.
const RAISED_IN: &str = "pl";

/// The message of an error of Postgres, as far as it may be quoted.
pub(crate) fn postgres(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(answer) if is_harmless(error) => said(answer.as_ref()),
        sqlx::Error::Database(_) => refusal(error).unwrap_or_default().to_string(),
        sqlx::Error::Io(error) => error.to_string(),
        sqlx::Error::Tls(error) => format!("TLS: {error}"),
        sqlx::Error::PoolTimedOut => "no connection became free in time".to_owned(),
        sqlx::Error::WorkerCrashed => "the connection's worker has ended".to_owned(),
        sqlx::Error::RowNotFound => "a row that must exist is missing".to_owned(),
        sqlx::Error::ColumnNotFound(column) => format!("the answer has no column {column}"),
        sqlx::Error::ColumnDecode { index, .. } => format!("the answer's column {index} cannot be read"),
        sqlx::Error::Configuration(_) => "the connection's settings cannot be understood".to_owned(),
        sqlx::Error::Migrate(error) => migration(error),
        // Their messages quote what was sent or received.
        _ => "the server's answer cannot be understood".to_owned(),
    }
}

fn said(answer: &dyn DatabaseError) -> String {
    format!("{} (SQLSTATE {})", answer.message(), answer.code().unwrap_or_default())
}

/// Whether an error's message may be quoted.
pub(crate) fn is_harmless(error: &sqlx::Error) -> bool {
    let Some(answer) = answer(error) else { return true };
    let is_raised = answer.file().is_some_and(|file| file.starts_with(RAISED_IN));
    let code = answer.code();
    !is_raised && (code == READ_ONLY || HARMLESS_CLASSES.iter().any(|class| code.starts_with(class)))
}

/// The refusal, if Postgres refused.
pub(crate) fn refusal(error: &sqlx::Error) -> Option<Refusal> {
    let answer = answer(error)?;
    let names = [("table", answer.table()), ("column", answer.column()), ("constraint", answer.constraint())];
    let about = names.into_iter().filter_map(|(kind, name)| Some(format!("{kind} {}", name?))).collect();
    Some(Refusal { code: answer.code().to_owned(), about })
}

fn answer(error: &sqlx::Error) -> Option<&PgDatabaseError> {
    error.as_database_error()?.try_downcast_ref()
}

/// The message of a failed migration.
pub(crate) fn migration(error: &MigrateError) -> String {
    match error {
        MigrateError::Execute(error) => format!("the migrations failed: {}", postgres(error)),
        MigrateError::ExecuteMigration(error, number) => format!("migration {number} failed: {}", postgres(error)),
        other => other.to_string(),
    }
}

/// The words after which Redis repeats the arguments of an unknown command.
const ARGUMENTS: &str = ", with args";

/// The longest quote of a message of Redis.
const MAX_WORDS: usize = 200;

/// The message of an error of Redis, as far as it may be quoted.
pub(crate) fn redis(error: &redis::RedisError) -> String {
    if error.is_io_error() {
        return error.to_string();
    }
    if error.is_cluster_error() {
        return "Redis Cluster is not supported yet: set REDIS_URL to a server that holds all keys".to_owned();
    }
    match (error.code(), error.detail()) {
        (Some(code), Some(detail)) => redis_said(&format!("{code} {detail}")),
        (Some(code), None) => code.to_owned(),
        // Their detail is a piece of what was received.
        (None, _) => error.category().to_owned(),
    }
}

/// A message of Redis on one line, without repeated arguments and of bounded length.
pub(crate) fn redis_said(text: &str) -> String {
    let text = text.split(ARGUMENTS).next().unwrap_or_default().trim();
    text.chars().filter(|char| !char.is_control()).take(MAX_WORDS).collect()
}

#[cfg(test)]
mod tests {
    use redis::{ErrorKind, RedisError, make_extension_error};

    use super::*;

    #[test]
    fn redis_errors_are_quoted_without_arguments() {
        let detail = "unknown command 'EVALSHA', with args beginning with: 'canary' ".to_owned();
        let unknown = make_extension_error("ERR".to_owned(), Some(detail));
        assert_eq!(redis(&unknown), "ERR unknown command 'EVALSHA'");
        assert_eq!(redis_said("NOPERM no\r\nsecond line"), "NOPERM nosecond line");
        assert_eq!(redis_said(&"x".repeat(1000)).len(), MAX_WORDS);
        let denied = make_extension_error(
            "NOPERM".to_owned(),
            Some("this user has no permissions to run the 'publish' command".to_owned()),
        );
        assert_eq!(redis(&denied), "NOPERM this user has no permissions to run the 'publish' command");
        let refused = RedisError::from(std::io::Error::from(std::io::ErrorKind::ConnectionRefused));
        assert_eq!(redis(&refused), "connection refused");
        let unread = RedisError::from((ErrorKind::UnexpectedReturnType, "not of that type", "canary".to_owned()));
        assert!(!redis(&unread).contains("canary"), "{}", redis(&unread));
    }

    #[test]
    fn a_driver_error_says_where_it_failed_and_quotes_nothing() {
        let refused = sqlx::Error::Io(std::io::Error::from(std::io::ErrorKind::ConnectionRefused));
        assert_eq!(postgres(&refused), "connection refused");
        let unread = sqlx::Error::ColumnDecode { index: "3".to_owned(), source: "canary".into() };
        assert_eq!(postgres(&unread), "the answer's column 3 cannot be read");
        for quoting in [
            sqlx::Error::Protocol("canary".to_owned()),
            sqlx::Error::Decode("canary".into()),
            sqlx::Error::Encode("canary".into()),
            sqlx::Error::Configuration("canary".into()),
        ] {
            assert!(!postgres(&quoting).contains("canary"), "{quoting}");
        }
    }
}
