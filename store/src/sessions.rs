//! Warm sessions: of those that are free, the one that was used last is handed out first.
//!
//! A session of Postgres is a process that keeps its plans and what it has read of the catalogs. sqlx's pool hands out the
//! session that has rested longest, so that all of a worker's take turns and each finds its caches cold; and it asks the
//! server before and after each use whether the session lives, which is as dear as many a statement of ours.

use std::{
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use sqlx::{Connection as _, PgConnection, PgPool, postgres::PgConnectOptions};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};

use crate::{BY_INDEX, Error};

/// Whoever asks waits this long for a session, then fails: what has run dry must not hang its callers.
pub(crate) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);

/// A session that has rested longer is asked whether it lives.
const TRUSTED: Duration = Duration::from_secs(1);

/// One that was not wanted for so long is closed.
const UNWANTED: Duration = Duration::from_secs(300);

/// Between tries of a server that is starting.
const PAUSE: Duration = Duration::from_millis(50);

/// Undoing a transaction takes longer only if the way to the server is lost.
const ROLL_BACK_LIMIT: Duration = Duration::from_secs(1);

/// PostgreSQL's `cannot_connect_now`: it is starting, or ending.
const CANNOT_CONNECT_NOW: &str = "57P03";

/// Sessions of one process. Cheap to clone.
#[derive(Clone, Debug)]
pub struct WarmSessions(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    options: PgConnectOptions,
    places: Arc<Semaphore>,
    /// The one that was used last at the end.
    resting: Mutex<Vec<Resting>>,
}

#[derive(Debug)]
struct Resting {
    connection: PgConnection,
    since: Instant,
}

/// A session in use. Unless it is given back it is closed when it is dropped, and with it what it has not committed.
#[derive(Debug)]
pub struct WarmSession {
    connection: PgConnection,
    shared: Arc<Shared>,
    _place: OwnedSemaphorePermit,
}

impl WarmSessions {
    /// Sessions that connect as a pool does, and no more than that has.
    pub fn beside(pg: &PgPool) -> Self {
        let most = pg.options().get_max_connections() as usize;
        let places = Arc::new(Semaphore::new(most));
        let options = PgConnectOptions::clone(&pg.connect_options()).options(BY_INDEX);
        Self(Arc::new(Shared { options, places, resting: Mutex::default() }))
    }

    /// A session that lives, as far as is known.
    pub async fn take(&self) -> Result<WarmSession, Error> {
        let taken = timeout(ACQUIRE_TIMEOUT, self.find_or_connect()).await;
        Ok(taken.unwrap_or(Err(sqlx::Error::PoolTimedOut))?)
    }

    async fn find_or_connect(&self) -> Result<WarmSession, sqlx::Error> {
        let place = Arc::clone(&self.0.places).acquire_owned().await.map_err(|_| sqlx::Error::PoolClosed)?;
        let connection = match self.0.find().await {
            Some(connection) => connection,
            None => connect(&self.0.options).await?,
        };
        Ok(WarmSession { connection, shared: Arc::clone(&self.0), _place: place })
    }
}

impl Shared {
    async fn find(&self) -> Option<PgConnection> {
        loop {
            let Resting { mut connection, since } = self.resting().pop()?;
            if since.elapsed() < TRUSTED || connection.ping().await.is_ok() {
                return Some(connection);
            }
        }
    }

    fn resting(&self) -> MutexGuard<'_, Vec<Resting>> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn connect(options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    loop {
        match PgConnection::connect_with(options).await {
            Err(error) if is_starting(&error) => sleep(PAUSE).await,
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
    /// Gives the session back, for whoever comes next. No transaction may be open.
    pub fn give_back(self) {
        let mut resting = self.shared.resting();
        resting.retain(|one| one.since.elapsed() < UNWANTED);
        resting.push(Resting { connection: self.connection, since: Instant::now() });
    }

    /// Commits the transaction that is open, and gives the session back.
    pub(crate) async fn commit(mut self) -> Result<(), Error> {
        sqlx::raw_sql("commit").execute(&mut self.connection).await?;
        self.give_back();
        Ok(())
    }

    /// Undoes the transaction that is open, and gives the session back if that works.
    pub(crate) async fn roll_back(mut self) {
        let undone = timeout(ROLL_BACK_LIMIT, sqlx::raw_sql("rollback").execute(&mut self.connection)).await;
        if let Ok(Ok(_)) = undone {
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
