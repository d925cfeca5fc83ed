//! Steps of a migration: each is a transaction, which waits for other sessions two seconds at a time.

use std::{
    convert::Infallible,
    time::{Duration, Instant},
};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection, postgres::PgConnectOptions};

use crate::{Error, SEARCH_PATH, migrations::File};

/// A lock that waits makes everybody wait who comes after it: writers for no longer than this.
const LOCK_TIMEOUT: &str = "2s";

/// Between two tries, so that those who waited behind the first one get through.
const PAUSE: Duration = Duration::from_millis(1_000);

/// Longer than a lock usually takes, and shorter than we wait for it.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The session that migrates, and another one that sees whom it waits for.
pub(super) struct Steps {
    session: PgConnection,
    observer: PgConnection,
    pid: i32,
    began: Instant,
    patience: Duration,
}

impl Steps {
    pub(super) async fn begin(options: &PgConnectOptions, patience: Duration) -> Result<Self, Error> {
        let options = options.clone().application_name("prewarm-migrate");
        let mut session = PgConnection::connect_with(&options).await?;
        let observer = PgConnection::connect_with(&options).await?;
        // Not as options of the connection: a pooler may swallow those. Names are looked up in the catalog alone, since
        // what a function's body names is looked up when it is made, and kept. Bodies that are strings are not checked:
        // those that read the source may be made before it.
        let [(_, path)] = SEARCH_PATH;
        let settings = format!(
            "set search_path = {path}; set lock_timeout = '{LOCK_TIMEOUT}'; set statement_timeout = 0; \
             set check_function_bodies = off; set client_min_messages = warning; set timezone = 'UTC'; set synchronous_commit = on"
        );
        sqlx::raw_sql(AssertSqlSafe(settings)).execute(&mut session).await?;
        let pid = sqlx::query_scalar("select pg_backend_pid()").fetch_one(&mut session).await?;
        Ok(Self { session, observer, pid, began: Instant::now(), patience })
    }

    pub(super) const fn session(&mut self) -> &mut PgConnection {
        &mut self.session
    }

    /// Runs files and then a statement in one transaction, again and again while other sessions hold what it needs.
    pub(super) async fn apply(
        &mut self,
        files: impl IntoIterator<Item = &'static File>,
        then: &str,
    ) -> Result<(), Error> {
        let files: Vec<_> = files.into_iter().collect();
        let mut holders = String::new();
        loop {
            let outcome = tokio::select! {
                biased;
                outcome = attempt(&mut self.session, &files, then) => outcome,
                never = look(&mut self.observer, self.pid, &mut holders) => match never {},
            };
            match outcome {
                Err(error) if error.is_blocked() || error.is_superseded() => {}
                outcome => return outcome,
            }
            let waited = self.began.elapsed();
            if waited > self.patience {
                return Err(Error::Blocked { waited, holders });
            }
            tokio::time::sleep(PAUSE.mul_f64(rand::random_range(0.5..1.5))).await;
        }
    }
}

async fn attempt(session: &mut PgConnection, files: &[&'static File], then: &str) -> Result<(), Error> {
    let mut transaction = session.begin().await?;
    for File { name, sql } in files {
        let applied = sqlx::raw_sql(*sql).execute(&mut *transaction).await;
        applied.map_err(|error| Error::Migration { file: name, error: Box::new(error.into()) })?;
    }
    sqlx::raw_sql(AssertSqlSafe(then)).execute(&mut *transaction).await?;
    Ok(transaction.commit().await?)
}

/// Tells of whom a session waits for, and keeps the last of it.
async fn look(observer: &mut PgConnection, pid: i32, last: &mut String) -> Infallible {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let found = sqlx::query_file_scalar!("queries/schema/holders.sql", pid).fetch_all(&mut *observer).await;
        let holders = found.unwrap_or_default().join("; ");
        if !holders.is_empty() && holders != *last {
            tracing::warn!(%holders, "waits for other sessions");
            *last = holders;
        }
    }
}
