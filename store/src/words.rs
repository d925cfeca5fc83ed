//! Messages of Postgres and Redis, as far as they may be quoted.
//!
//! Both may quote data: `invalid input syntax for type integer: "…"`, a `raise` in somebody's trigger, a command with
//! its arguments. Logs must hold none of that.

use std::io;

use redis::{ErrorKind, ServerErrorKind};
use rustls::CertificateError;
use sqlx::{error::DatabaseError, postgres::PgDatabaseError};

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
        sqlx::Error::Io(error) => of_certificate(error).unwrap_or_else(|| error.to_string()),
        sqlx::Error::Tls(error) => format!("TLS: {error}"),
        sqlx::Error::PoolTimedOut => "no connection became free in time".to_owned(),
        sqlx::Error::WorkerCrashed => "the connection's worker has ended".to_owned(),
        sqlx::Error::RowNotFound => "a row that must exist is missing".to_owned(),
        sqlx::Error::ColumnNotFound(column) => format!("the answer has no column {column}"),
        sqlx::Error::ColumnDecode { index, .. } => format!("the answer's column {index} cannot be read"),
        sqlx::Error::Configuration(_) => "the connection's settings cannot be understood".to_owned(),
        // Their messages quote what was sent or received.
        _ => "the server's answer cannot be understood".to_owned(),
    }
}

/// The fault of a server's certificate, if that is the reason why no connection was made.
fn of_certificate(error: &io::Error) -> Option<String> {
    let rustls::Error::InvalidCertificate(fault) = error.get_ref()?.downcast_ref()? else { return None };
    Some(match fault {
        CertificateError::UnknownIssuer => {
            "the server's certificate is signed by an authority that is not trusted: name a file \
                                            with that authority by sslrootcert in the URL"
                .to_owned()
        }
        CertificateError::NotValidForNameContext { expected, presented } => {
            let wanted = expected.to_str();
            format!("the server's certificate is for {}, and not for {wanted}", presented.join(", "))
        }
        fault => format!("the server's certificate is refused: {fault}"),
    })
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

/// The words after which Redis repeats the arguments of an unknown command.
const ARGUMENTS: &str = ", with args";

/// The longest quote of a message of Redis.
const MAX_WORDS: usize = 200;

/// The message of an error of Redis, as far as it may be quoted.
pub(crate) fn redis(error: &redis::RedisError) -> String {
    if error.is_io_error() {
        return error.to_string();
    }
    if let ErrorKind::Server(ServerErrorKind::Moved | ServerErrorKind::Ask) = error.kind() {
        return "the server is a node of a Redis Cluster: set REDIS_URL to redis://host:port of its nodes".to_owned();
    }
    match (error.code(), error.detail()) {
        (Some(code), Some(detail)) => redis_said(&format!("{code} {detail}")),
        (Some(code), None) => code.to_owned(),
        // Their detail is a piece of what was received.
        (None, _) => error.category().to_owned(),
    }
}

/// Whether the client refused the server's certificate.
pub(crate) fn is_of_certificate(error: &redis::RedisError) -> bool {
    error.is_io_error() && error.to_string().contains("certificate")
}

/// The commands of our scripts: Redis does not say which one a user may not run there.
const IN_SCRIPTS: &str = "one of +hmget +hset +expire +del +publish +zadd +zremrangebyscore +time";

/// The rule that an access list lacks, by what a message of Redis says is refused.
pub(crate) fn missing_rule(said: &str) -> Option<String> {
    let is_in_script = said.contains("executing the script") || said.contains("ACL failure");
    let command = || said.split_once("to run the '").and_then(|(_, rest)| rest.split('\'').next());
    match said {
        _ if !is_in_script && !said.contains("NOPERM") => None,
        said if said.contains("channel") => Some("&prewarm:*".to_owned()),
        said if said.contains(" key") => Some("~prewarm:*".to_owned()),
        _ => match command() {
            Some(command) => Some(format!("+{command}")),
            None => is_in_script.then(|| IN_SCRIPTS.to_owned()),
        },
    }
}

/// A message of Redis on one line, without repeated arguments and of bounded length.
pub(crate) fn redis_said(text: &str) -> String {
    let text = text.split(ARGUMENTS).next().unwrap_or_default().trim();
    text.chars().filter(|char| !char.is_control()).take(MAX_WORDS).collect()
}

#[cfg(test)]
mod tests {
    use redis::{RedisError, make_extension_error};

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
    fn a_refusal_of_an_access_list_names_the_missing_rule() {
        let script =
            "ERR ACL failure in script: this user has no permissions to access one of the channels used as arguments";
        for (said, rule) in [
            (script, Some("&prewarm:*")),
            ("NOPERM No permissions to access a channel", Some("&prewarm:*")),
            ("NOPERM this user has no permissions to access one of the keys used as arguments", Some("~prewarm:*")),
            ("NOPERM User app has no permissions to run the 'evalsha' command", Some("+evalsha")),
            (
                "ERR The user executing the script can't publish to the channel mentioned in the command",
                Some("&prewarm:*"),
            ),
            (
                "ERR The user executing the script can't run this command or subcommand script: 0, on @user_script:1.",
                Some(IN_SCRIPTS),
            ),
            ("NOPERM", None),
            ("OOM command not allowed when used memory > 'maxmemory'.", None),
        ] {
            assert_eq!(missing_rule(said).as_deref(), rule, "{said}");
        }
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
