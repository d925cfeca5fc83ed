//! Servers for tests: the Postgres that a whole run shares, and ones that a test may break.

use embedded::{DataDir, Durability, Error, Postgres, Redis};

use crate::faketime::ServerClock;

/// Names the run's Postgres: the URL of its database `postgres`. Unset, each [`crate::Database`] starts one of its own,
/// which takes a second or two. `scripts/with-servers cargo nextest run` sets it.
pub const SHARED_POSTGRES: &str = "PREWARM_TEST_POSTGRES";

/// A Postgres of this test alone, to kill, pause or fill. It ends, and its files go, when it is dropped.
pub async fn postgres(durability: Durability) -> Result<Postgres, Error> {
    Postgres::start(&DataDir::temporary()?, durability).await
}

/// The same, with a clock of its own that a test may set.
pub async fn postgres_with_clock() -> Result<(Postgres, ServerClock), Error> {
    let data_dir = DataDir::temporary()?;
    let clock = ServerClock::new(data_dir.path());
    Ok((Postgres::start_with(&data_dir, Durability::Throwaway, clock.environment()).await?, clock))
}

/// An empty Redis of this test alone. It starts in some 20 ms, so tests share none.
pub async fn redis() -> Result<Redis, Error> {
    Redis::start(&DataDir::temporary()?).await
}
