//! A private Postgres and Redis for `prewarm up` without a `DATABASE_URL`, and for tests.
//!
//! Both listen on unix sockets only, so that no port can clash and nothing is reachable from outside.
//!
//! A server outlives its owner if that is killed. The next process that opens the same [`DataDir`] takes the server
//! over: as long as the server or a child of it lives, it holds a lock on the file that it was given as standard input,
//! and the peer credentials of its socket name its pid. No pid file is trusted for that.

mod account;
mod data_dir;
mod error;
mod guard;
mod log;
mod postgres;
mod process;
mod programs;
mod redis;
mod socket;

pub use data_dir::DataDir;
pub use error::Error;
pub use postgres::{Additions, Durability, Postgres, database_url};
pub use programs::{postgres_client, tool};
pub use redis::Redis;
