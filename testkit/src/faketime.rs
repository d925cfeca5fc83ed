//! Clocks of processes, moved by libfaketime, which `scripts/setup test` installs.

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

/// The clock of a server, which can be set while it runs.
#[derive(Debug)]
pub struct ServerClock {
    file: PathBuf,
}

/// Variables that make a process' clock go so many seconds ahead. How long things take is measured as ever.
#[must_use]
pub fn ahead(seconds: i64) -> Vec<(&'static str, OsString)> {
    let mut variables = preload();
    variables.push(("FAKETIME", format!("{seconds:+}").into()));
    variables
}

impl ServerClock {
    /// A clock that is right, kept in a file of a directory.
    pub(crate) fn new(dir: &Path) -> Self {
        Self { file: dir.join("clock") }
    }

    /// What the server has to be given.
    pub(crate) fn environment(&self) -> Vec<(&'static str, OsString)> {
        let mut variables = preload();
        variables.extend([
            ("FAKETIME_TIMESTAMP_FILE", self.file.clone().into_os_string()),
            // The file is read at every look at the clock.
            ("FAKETIME_NO_CACHE", "1".into()),
        ]);
        variables
    }

    /// From now on the clock is so many seconds ahead of the right time.
    pub fn set(&self, seconds_ahead: i64) -> io::Result<()> {
        // In one step: whoever looks at the clock meanwhile finds the whole of it.
        let unfinished = self.file.with_extension("unfinished");
        fs::write(&unfinished, format!("{seconds_ahead:+}"))?;
        fs::rename(unfinished, &self.file)
    }
}

fn preload() -> Vec<(&'static str, OsString)> {
    vec![("LD_PRELOAD", library().into_os_string()), ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into())]
}

/// Where the package has put it: unpacked, or installed.
fn library() -> PathBuf {
    let unpacked = std::env::var_os("PREWARM_SERVERS_DIR").map(|dir| PathBuf::from(dir).join("usr/lib"));
    let roots = unpacked.into_iter().chain([PathBuf::from("/usr/lib")]);
    let dirs = roots.filter_map(|root| fs::read_dir(root).ok()).flatten().flatten();
    dirs.map(|dir| dir.path().join("faketime/libfaketime.so.1"))
        .find(|library| library.is_file())
        .unwrap_or_else(|| "libfaketime.so.1".into())
}
