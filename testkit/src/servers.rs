//! Servers for tests: the Postgres that a whole run shares, and private ones that a test may break.

use embedded::{Additions, DataDir, Durability, Error, Postgres, Redis};

use crate::faketime::ServerClock;

/// The variable with the URL of the run's Postgres, database `postgres`. If it is unset, each [`crate::Database`] starts
/// its own server, which takes a second or two. `scripts/with-servers cargo nextest run` sets it.
pub const SHARED_POSTGRES: &str = "PREWARM_TEST_POSTGRES";

/// A private Postgres, to kill, pause or fill. Dropping it stops the server and removes its files.
pub async fn postgres(durability: Durability) -> Result<Postgres, Error> {
    Postgres::start(&DataDir::temporary()?, durability).await
}

/// A private Postgres with a clock that a test may set.
pub async fn postgres_with_clock() -> Result<(Postgres, ServerClock), Error> {
    let data_dir = DataDir::temporary()?;
    let clock = ServerClock::new(data_dir.path());
    let additions = Additions { environment: clock.environment(), ..Additions::default() };
    Ok((Postgres::start_with(&data_dir, Durability::Throwaway, additions).await?, clock))
}

/// A private Postgres with more settings.
pub async fn postgres_with(settings: Vec<(&'static str, String)>) -> Result<Postgres, Error> {
    let additions = Additions { settings, ..Additions::default() };
    Postgres::start_with(&DataDir::temporary()?, Durability::Throwaway, additions).await
}

/// An empty private Redis. It starts in about 20 ms, so tests share none.
pub async fn redis() -> Result<Redis, Error> {
    Redis::start(&DataDir::temporary()?).await
}
