//! Steps of a migration: each is a transaction, which waits for other sessions two seconds at a time.

use std::{
    convert::Infallible,
    time::{Duration, Instant},
};

use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, postgres::PgConnectOptions};

use crate::{Error, migrations::File};

/// The settings of the session. They are not options of its connection: a pooler may swallow those. A lock that waits makes
/// everybody wait who comes after it: writers for no longer than two seconds. Names are looked up in the catalog alone, since
/// what a function's body names is looked up when it is made, and kept. Bodies that are strings are not checked: those that
/// read the source may be made before it.
pub(crate) const SETTINGS: &str = "set search_path = pg_catalog, pg_temp; set lock_timeout = '2s'; \
    set statement_timeout = 0; set jit = off; set check_function_bodies = off; set client_min_messages = warning; set timezone = 'UTC'; \
    set synchronous_commit = on";

/// Between two tries, so that those who waited behind the first one get through.
const PAUSE: Duration = Duration::from_millis(1_000);

/// Longer than a lock usually takes, and shorter than we wait for it.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The session that migrates, and another one that sees whom it waits for.
pub(crate) struct Steps {
    session: PgConnection,
    observer: PgConnection,
    pid: i32,
    began: Instant,
    patience: Duration,
}

impl Steps {
    pub(crate) async fn begin(options: &PgConnectOptions, patience: Duration) -> Result<Self, Error> {
        let options = options.clone().application_name("prewarm-migrate").disable_statement_logging();
        let mut session = PgConnection::connect_with(&options).await?;
        let observer = PgConnection::connect_with(&options).await?;
        sqlx::raw_sql(SETTINGS).execute(&mut session).await?;
        let pid = sqlx::query_scalar("select pg_backend_pid()").fetch_one(&mut session).await?;
        Ok(Self { session, observer, pid, began: Instant::now(), patience })
    }

    pub(crate) const fn session(&mut self) -> &mut PgConnection {
        &mut self.session
    }

    /// Runs files and then a statement in one transaction, a few times while other sessions hold what it needs. Returns
    /// whether it succeeded.
    pub(crate) async fn try_to_apply(
        &mut self,
        files: &[&'static File],
        then: &str,
        tries: u32,
    ) -> Result<bool, Error> {
        for _ in 0..tries {
            match attempt(&mut self.session, files, then).await {
                Err(error) if error.is_blocked() || error.is_superseded() => {}
                outcome => return outcome.map(|()| true),
            }
            tokio::time::sleep(PAUSE.mul_f64(rand::random_range(0.5..1.5))).await;
        }
        Ok(false)
    }

    /// Runs files and then a statement in one transaction, again and again while other sessions hold what it needs.
    pub(crate) async fn apply(
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
    run(&mut transaction, files, then).await?;
    Ok(transaction.commit().await?)
}

/// Runs files and then a statement.
pub(crate) async fn run(session: &mut PgConnection, files: &[&'static File], then: &str) -> Result<(), Error> {
    for File { name, sql } in files {
        let applied = sqlx::raw_sql(*sql).execute(&mut *session).await;
        applied.map_err(|error| Error::Migration { file: name, error: Box::new(error.into()) })?;
    }
    sqlx::raw_sql(AssertSqlSafe(then)).execute(session).await?;
    Ok(())
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
