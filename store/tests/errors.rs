//! Postgres errors say what failed and where, and never quote a value.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use sqlx::Connection as _;
use sqlx::{AssertSqlSafe, PgConnection};
use store::{Error, reach, redis};
use testkit::Database;

/// A value that no error may quote.
const CANARY: &str = "canary-4711";

async fn refusal(connection: &mut PgConnection, statement: &str) -> Error {
    let statement = statement.replace("CANARY", CANARY);
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(connection).await.unwrap_err().into()
}

#[tokio::test]
async fn a_postgres_error_is_named_without_quoting_rows() {
    let database = Database::create().await.unwrap();
    let mut connection = PgConnection::connect(&database.url()).await.unwrap();
    let table = "create table fussy (name text not null check (name <> 'CANARY'), number int unique, word varchar(3))";
    sqlx::raw_sql(AssertSqlSafe(table.replace("CANARY", CANARY))).execute(&mut connection).await.unwrap();
    sqlx::raw_sql("insert into fussy values ('a', 4711)").execute(&mut connection).await.unwrap();
    for (statement, said) in [
        ("select 'CANARY'::int", "postgres refused: SQLSTATE 22P02"),
        ("insert into fussy values ('b', 1, 'CANARY')", "postgres refused: SQLSTATE 22001"),
        ("select 1 / 0", "postgres refused: SQLSTATE 22012"),
        ("insert into fussy values (null)", "postgres refused: SQLSTATE 23502 (table fussy, column name)"),
        (
            "insert into fussy values ('CANARY')",
            "postgres refused: SQLSTATE 23514 (table fussy, constraint fussy_name_check)",
        ),
        (
            "insert into fussy values ('b', 4711)",
            "postgres refused: SQLSTATE 23505 (table fussy, constraint fussy_number_key)",
        ),
        ("do $$ begin raise exception 'CANARY'; end $$", "postgres refused: SQLSTATE P0001"),
        // A function's author may choose any code.
        (
            "do $$ begin raise exception 'CANARY may not' using errcode = 'insufficient_privilege'; end $$",
            "postgres refused: SQLSTATE 42501",
        ),
        ("select * from nothing_of_ours", r#"postgres: relation "nothing_of_ours" does not exist (SQLSTATE 42P01)"#),
        (
            "begin read only; insert into fussy values ('b')",
            "postgres: cannot execute INSERT in a read-only transaction (SQLSTATE 25006)",
        ),
        (
            "rollback; set statement_timeout = 1; select pg_sleep(60)",
            "postgres: canceling statement due to statement timeout (SQLSTATE 57014)",
        ),
    ] {
        let error = refusal(&mut connection, statement).await;
        assert_eq!(error.to_string(), said, "{statement}");
        assert!(std::error::Error::source(&error).is_none(), "{statement}: said twice");
        assert!(!error.to_string().contains("4711"), "{error}");
    }
    connection.close().await.unwrap();
    database.close().await.unwrap();
}

#[tokio::test]
async fn the_error_for_an_unusable_server_has_its_address_and_the_reason() {
    let database = Database::create().await.unwrap();
    let of = |database_name: &str| embedded::database_url(&database.url(), database_name);
    reach::postgres(&database.url(), "DATABASE_URL").await.unwrap();
    let stranger = of("postgres").replace("postgres://postgres@", "postgres://stranger:hidden@");
    for (url, said) in [
        (of("nowhere"), &[r#"database "nowhere" does not exist (SQLSTATE 3D000)"#, "/nowhere (DATABASE_URL)"][..]),
        (stranger, &[r#"role "stranger" does not exist (SQLSTATE 28000)"#]),
        (
            "postgres://u:hidden@127.0.0.1:1/x".to_owned(),
            &["Postgres at 127.0.0.1:1/x (DATABASE_URL)", "nothing listens there"],
        ),
        ("postgres://u:hidden@prewarm.invalid/x".to_owned(), &["prewarm.invalid:5432/x (DATABASE_URL)", "lookup"]),
    ] {
        let error = reach::postgres(&url, "DATABASE_URL").await.unwrap_err().to_string();
        assert!(said.iter().all(|said| error.contains(said)), "{error}");
        assert!(!error.contains("hidden") && !error.contains('\n'), "{error}");
    }
    for (url, place) in [
        ("redis://:hidden@127.0.0.1:1", "127.0.0.1:1"),
        ("redis://:hidden@127.0.0.1:1,127.0.0.1:2", "127.0.0.1:1, 127.0.0.1:2"),
        ("redis+sentinel://:hidden@127.0.0.1:1/mymaster", "127.0.0.1:1"),
    ] {
        let error = reach::redis(&redis::Config::of(url.to_owned())).await.unwrap_err().to_string();
        assert!(error.starts_with(&format!("Redis at {place} (REDIS_URL) cannot be used: ")), "{error}");
        assert!(error.to_lowercase().contains("refused") && !error.contains("hidden"), "{error}");
    }
    database.close().await.unwrap();
}

#[test]
fn a_timeout_is_an_outage_and_a_lost_race_is_not() {
    let silence = Error::from(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()));
    assert!(matches!(silence, Error::TimedOut) && silence.is_outage(), "{silence}");
    let closed = Error::from(sqlx::Error::PoolClosed);
    assert!(matches!(closed, Error::Closed) && closed.is_outage(), "{closed}");
    assert!(Error::Incomplete("a row").is_outage());
    assert!(!Error::Superseded.is_outage() && !Error::Gone("the agent").is_outage());
}
