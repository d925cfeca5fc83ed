//! The files of `migrations/` in this binary.

/// A file of `migrations/`.
#[derive(Debug)]
pub(crate) struct File {
    /// Its path there.
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
}

/// A folder of numbered files.
#[derive(Debug)]
pub(crate) struct Folder {
    /// Its name, which is also that of its column of `prewarm.schema`.
    pub(crate) name: &'static str,
    first: i32,
    pub(crate) files: &'static [File],
}

impl Folder {
    /// Its files with their numbers.
    pub(crate) fn numbered(&self) -> impl Iterator<Item = (i32, &'static File)> {
        (self.first..).zip(self.files)
    }

    /// The number of its newest file.
    pub(crate) fn newest(&self) -> i32 {
        self.numbered().last().map_or(0, |(number, _)| number)
    }
}

include!(concat!(env!("OUT_DIR"), "/migrations.rs"));

/// This release: `0.1.0` is `[0, 1, 0]`.
pub(crate) fn release() -> [i32; 3] {
    let part = |text: &str| text.parse().unwrap_or(i32::MAX);
    [
        part(env!("CARGO_PKG_VERSION_MAJOR")),
        part(env!("CARGO_PKG_VERSION_MINOR")),
        part(env!("CARGO_PKG_VERSION_PATCH")),
    ]
}
