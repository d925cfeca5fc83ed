//! Test harness: databases, servers, processes, an oracle.

pub mod busy;
pub mod clinic;
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
/// The driver, for tests that act as another program. Other crates do not depend on it.
pub use sqlx;
