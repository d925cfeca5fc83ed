//! Fake clocks for processes, by libfaketime, which `scripts/setup test` installs.

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

/// A server's clock that can be set while the server runs.
#[derive(Debug)]
pub struct ServerClock {
    file: PathBuf,
}

/// Variables that set a process's clock a number of seconds ahead. Durations are measured correctly.
#[must_use]
pub fn ahead(seconds: i64) -> Vec<(&'static str, OsString)> {
    let mut variables = preload();
    variables.push(("FAKETIME", format!("{seconds:+}").into()));
    variables
}

impl ServerClock {
    /// A clock without an offset, kept in a file of a directory.
    pub(crate) fn new(dir: &Path) -> Self {
        Self { file: dir.join("clock") }
    }

    /// The variables for the server.
    pub(crate) fn environment(&self) -> Vec<(&'static str, OsString)> {
        let mut variables = preload();
        variables.extend([
            ("FAKETIME_TIMESTAMP_FILE", self.file.clone().into_os_string()),
            // The file is read at every use of the clock.
            ("FAKETIME_NO_CACHE", "1".into()),
        ]);
        variables
    }

    /// Sets the clock a number of seconds ahead of the real time.
    pub fn set(&self, seconds_ahead: i64) -> io::Result<()> {
        // Renamed into place, so that a reader never sees half a file.
        let unfinished = self.file.with_extension("unfinished");
        fs::write(&unfinished, format!("{seconds_ahead:+}"))?;
        fs::rename(unfinished, &self.file)
    }
}

fn preload() -> Vec<(&'static str, OsString)> {
    vec![("LD_PRELOAD", library().into_os_string()), ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into())]
}

/// The path of the library: unpacked, or installed.
fn library() -> PathBuf {
    let unpacked = std::env::var_os("PREWARM_SERVERS_DIR").map(|dir| PathBuf::from(dir).join("usr/lib"));
    let roots = unpacked.into_iter().chain([PathBuf::from("/usr/lib")]);
    let dirs = roots.filter_map(|root| fs::read_dir(root).ok()).flatten().flatten();
    dirs.map(|dir| dir.path().join("faketime/libfaketime.so.1"))
        .find(|library| library.is_file())
        .unwrap_or_else(|| "libfaketime.so.1".into())
}
