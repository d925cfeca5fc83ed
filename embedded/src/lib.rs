//! A private Postgres and Redis, started and ended by us: for `prewarm up` without a `DATABASE_URL`, and for tests.
//!
//! Both listen on unix sockets only, so there is no port to clash with and nothing to reach from outside.
//!
//! A server outlives a process of ours that is killed. The next one to open the same [`DataDir`] takes it over: while a
//! server or any child of it lives, it holds a lock on a file that it was given as standard input, and the peer of its
//! socket says which process it is. No pid file is trusted for that.

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
pub use postgres::{Durability, Postgres, database_url};
pub use programs::tool;
pub use redis::Redis;
