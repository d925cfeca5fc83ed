//! The files of `migrations/` in this binary.

/// A file of `migrations/`.
#[derive(Debug)]
pub(crate) struct File {
    /// Its path there.
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/migrations.rs"));

/// Takes over a database of the migrations that came before these.
pub(crate) const ADOPT: File = File { name: "adopt.sql", sql: include_str!("../../migrations/adopt.sql") };

/// This release: `0.1.0` is `[0, 1, 0]`.
pub(crate) fn release() -> [i32; 3] {
    let part = |text: &str| text.parse().unwrap_or(i32::MAX);
    [
        part(env!("CARGO_PKG_VERSION_MAJOR")),
        part(env!("CARGO_PKG_VERSION_MINOR")),
        part(env!("CARGO_PKG_VERSION_PATCH")),
    ]
}
