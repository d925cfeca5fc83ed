//! The files of `migrations/`, as this binary has them.

/// A file of `migrations/`.
#[derive(Debug)]
pub(crate) struct File {
    /// Its path there.
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/migrations.rs"));

/// The way from the migrations that came before these.
pub(crate) const ADOPT: File = File { name: "adopt.sql", sql: include_str!("../../migrations/adopt.sql") };
