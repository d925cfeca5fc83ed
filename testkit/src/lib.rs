//! Test harness: databases, servers, an oracle.

pub mod busy;
pub mod database;
pub mod faketime;
pub mod history;
pub mod migrations;
pub mod oracle;
pub mod servers;
pub mod shapes;

pub use database::Database;
