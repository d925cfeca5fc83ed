//! Pools of warm sessions: the session that was used last is handed out first.
//!
//! A session of Postgres is a process that caches plans and the catalogs. sqlx's pool hands out the session that was
//! idle longest, so that all of a worker's sessions take turns and each finds its caches cold. It also pings the server
//! before and after each use, which costs as much as many of our statements.
//!
//! A session returns only from a use that completed without an error and left no transaction open, and from a cancelled
//! list that was rolled back. Any other way out closes it: a client that hangs up, a time limit, an error. sqlx's pool
//! takes sessions back in any state; one whose BEGIN was dropped before its answer came would then read an old snapshot
//! for its next users.

use std::{
    future::Future,
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use futures_util::{
    StreamExt as _, TryStreamExt as _,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use sqlx::{
    Connection as _, Describe, Either, Execute, Executor, PgConnection, PgPool, Postgres, SqlStr,
    postgres::{PgConnectOptions, PgQueryResult, PgRow, PgStatement, PgTypeInfo},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};

use crate::{
    Error,
    endpoint::{ACQUIRE_TIMEOUT, Endpoint},
};

/// A session that was idle for less is used without a ping, where each round trip counts and errors are retried.
pub(crate) const TRUSTED: Duration = Duration::from_secs(1);

/// Every session is pinged before use, so that a restarted server costs no reader an error.
pub(crate) const NEVER_TRUSTED: Duration = Duration::ZERO;

/// A ping that takes longer means a broken connection.
const PING_LIMIT: Duration = Duration::from_millis(500);

/// A session idle for longer is closed.
const IDLE_LIMIT: Duration = Duration::from_secs(300);

/// Delay between attempts to connect to a server that is starting.
const CONNECT_RETRY_DELAY: Duration = Duration::from_millis(50);

/// A rollback that takes longer means a broken connection.
const ROLL_BACK_LIMIT: Duration = Duration::from_secs(1);

/// The limit of a clean close. The server notices a closed socket anyway.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);

/// PostgreSQL's `cannot_connect_now`: it is starting or stopping.
const CANNOT_CONNECT_NOW: &str = "57P03";

/// A process's sessions of one kind. Cheap to clone.
///
/// A reference to it is an executor: a statement takes a session, runs in a transaction of its own and gives the
/// session back. Transactions of several statements start with `begin`.
#[derive(Clone, Debug)]
pub struct WarmSessions(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    endpoint: Endpoint,
    places: Arc<Semaphore>,
    /// The limit of a single statement, including the wait for a session.
    limit: Duration,
    /// A session idle for longer is pinged before use.
    trusted: Duration,
    /// Idle sessions; the last one was used last.
    idle: Mutex<Vec<IdleSession>>,
}

#[derive(Debug)]
struct IdleSession {
    connection: PgConnection,
    since: Instant,
}

/// A session in use. Dropping it closes it, and rolls back its open transaction; `give_back` returns it to the pool.
#[derive(Debug)]
pub struct WarmSession {
    connection: PgConnection,
    shared: Arc<Shared>,
    /// Whether a transaction is open.
    begun: bool,
    _place: OwnedSemaphorePermit,
}

impl WarmSessions {
    /// At most `most` sessions. A single statement fails after `limit`.
    pub(crate) fn new(endpoint: Endpoint, most: usize, limit: Duration, trusted: Duration) -> Self {
        let places = Arc::new(Semaphore::new(most));
        Self(Arc::new(Shared { endpoint, places, limit, trusted, idle: Mutex::default() }))
    }

    /// Takes a session that is alive, as far as is known.
    pub async fn take(&self) -> Result<WarmSession, Error> {
        // Boxed, here and below: callers that wait do not carry the state of connecting.
        Ok(within(ACQUIRE_TIMEOUT, Box::pin(self.find_or_connect())).await?)
    }

    /// Takes a session and opens a transaction with a statement such as `begin; set local …`.
    pub(crate) async fn begin(&self, statement: &'static str) -> Result<WarmSession, Error> {
        let begun = Box::pin(async {
            let mut session = self.find_or_connect().await?;
            session.begun = true;
            sqlx::raw_sql(statement).execute(&mut session.connection).await?;
            Ok(session)
        });
        Ok(within(ACQUIRE_TIMEOUT, begun).await?)
    }

    /// Closes the idle sessions and hands out no more.
    pub async fn close(&self) {
        self.0.places.close();
        let idle = std::mem::take(&mut *self.0.idle());
        for IdleSession { connection, .. } in idle {
            let _ = timeout(CLOSE_LIMIT, connection.close()).await;
        }
    }

    async fn find_or_connect(&self) -> Result<WarmSession, sqlx::Error> {
        let place = Arc::clone(&self.0.places).acquire_owned().await.map_err(|_| sqlx::Error::PoolClosed)?;
        let connection = match self.0.find().await {
            Some(connection) => connection,
            None => connect(&self.0.endpoint).await?,
        };
        Ok(WarmSession { connection, shared: Arc::clone(&self.0), begun: false, _place: place })
    }
}

impl From<PgPool> for WarmSessions {
    /// Sessions with a pool's options, and as many as it has.
    fn from(pool: PgPool) -> Self {
        let most = pool.options().get_max_connections() as usize;
        Self::new(Endpoint::new(PgConnectOptions::clone(&pool.connect_options())), most, ACQUIRE_TIMEOUT, NEVER_TRUSTED)
    }
}

/// Rows are collected before any is passed on, so that a slow or vanished reader holds no session.
impl<'p> Executor<'p> for &'_ WarmSessions {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Either<PgQueryResult, PgRow>, sqlx::Error>>
    where
        E: 'q + Execute<'q, Postgres>,
    {
        let sessions = self.clone();
        let gathered = async move {
            let mut session = sessions.find_or_connect().await?;
            let rows: Vec<_> = session.connection.fetch_many(query).try_collect().await?;
            session.give_back();
            Ok(rows)
        };
        let gathered = within(self.0.limit, gathered);
        Box::pin(stream::once(gathered).map_ok(|rows| stream::iter(rows).map(Ok)).try_flatten())
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, sqlx::Error>>
    where
        E: 'q + Execute<'q, Postgres>,
    {
        let sessions = self.clone();
        let found = async move {
            let mut session = sessions.find_or_connect().await?;
            let row = session.connection.fetch_optional(query).await?;
            session.give_back();
            Ok(row)
        };
        Box::pin(within(self.0.limit, found))
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, Result<PgStatement, sqlx::Error>>
    where
        'p: 'e,
    {
        let sessions = self.clone();
        let prepared = async move {
            let mut session = sessions.find_or_connect().await?;
            let statement = session.connection.prepare_with(sql, parameters).await?;
            session.give_back();
            Ok(statement)
        };
        Box::pin(within(self.0.limit, prepared))
    }

    /// Called only by sqlx's macros, on a connection.
    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Postgres>, sqlx::Error>>
    where
        'p: 'e,
    {
        let sessions = self.clone();
        let described = async move {
            let mut session = sessions.find_or_connect().await?;
            let description = session.connection.describe(sql).await?;
            session.give_back();
            Ok(description)
        };
        Box::pin(within(self.0.limit, described))
    }
}

async fn within<T>(limit: Duration, work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    match timeout(limit, work).await {
        Ok(ended) => ended,
        // Becomes `Error::TimedOut`.
        Err(_) => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())),
    }
}

impl Shared {
    /// An idle session that is alive. If the newest does not answer, the others have lost their connections as well.
    async fn find(&self) -> Option<PgConnection> {
        let IdleSession { mut connection, since } = self.idle().pop()?;
        if since.elapsed() < self.trusted {
            return Some(connection);
        }
        match timeout(PING_LIMIT, connection.ping()).await {
            Ok(Ok(())) => Some(connection),
            Ok(Err(_)) | Err(_) => {
                self.idle().clear();
                None
            }
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<IdleSession>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn connect(endpoint: &Endpoint) -> Result<PgConnection, sqlx::Error> {
    loop {
        match endpoint.connect().await {
            Err(error) if is_starting(&error) => sleep(CONNECT_RETRY_DELAY).await,
            ended => return ended,
        }
    }
}

fn is_starting(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => error.kind() == std::io::ErrorKind::ConnectionRefused,
        sqlx::Error::Database(refusal) => refusal.code().as_deref() == Some(CANNOT_CONNECT_NOW),
        _ => false,
    }
}

impl WarmSession {
    /// Gives the session back to its pool. It is closed if a transaction is open or the pool is closed.
    pub fn give_back(self) {
        if self.begun || self.shared.places.is_closed() {
            return;
        }
        let mut idle = self.shared.idle();
        idle.retain(|one| one.since.elapsed() < IDLE_LIMIT);
        idle.push(IdleSession { connection: self.connection, since: Instant::now() });
    }

    /// Commits the open transaction and gives the session back.
    pub(crate) async fn commit(mut self) -> Result<(), Error> {
        sqlx::raw_sql("commit").execute(&mut self.connection).await?;
        self.begun = false;
        self.give_back();
        Ok(())
    }

    /// Rolls the open transaction back, and gives the session back if that succeeds.
    pub(crate) async fn roll_back(mut self) {
        let undone = timeout(ROLL_BACK_LIMIT, sqlx::raw_sql("rollback").execute(&mut self.connection)).await;
        if let Ok(Ok(_)) = undone {
            self.begun = false;
            self.give_back();
        }
    }
}

impl Deref for WarmSession {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for WarmSession {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}
