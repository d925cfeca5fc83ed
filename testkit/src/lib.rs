//! Test harness: databases, servers, processes, an oracle.

pub mod busy;
pub mod database;
pub mod faketime;
pub mod history;
pub mod migrations;
pub mod oracle;
pub mod process;
pub mod servers;
pub mod shapes;
pub mod sse;

pub use database::Database;
/// For tests that play another program which writes: no crate but `store` and this one names a driver.
pub use sqlx;
