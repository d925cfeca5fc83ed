//! The directory that holds the servers' files.

use std::fs::{self, File, Permissions, TryLockError};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use crate::Error;

/// A directory for the servers' files, locked for this process as long as this value or a server in it lives.
#[derive(Clone, Debug)]
pub struct DataDir {
    path: PathBuf,
    lock_guard: Arc<Lock>,
}

/// The resources that are released with the last user of the directory.
#[derive(Debug)]
struct Lock {
    _lock: File,
    removed: Option<TempDir>,
}

impl DataDir {
    /// Creates the directory if necessary, and locks it. [`Error::Locked`] names the process that holds the lock.
    pub fn open(path: &Path) -> Result<Self, Error> {
        fs::create_dir_all(path).map_err(Error::io("make", path))?;
        let path = fs::canonicalize(path).map_err(Error::io("find", path))?;
        let lock_guard = Lock { _lock: lock(&path)?, removed: None };
        Ok(Self { path, lock_guard: Arc::new(lock_guard) })
    }

    /// A new directory for tests. It is removed when it and all servers in it are dropped, or when this process is
    /// killed.
    pub fn temporary() -> Result<Self, Error> {
        let temp_dir = std::env::temp_dir();
        let dir = tempfile::Builder::new()
            .prefix("prewarm-")
            .tempdir()
            .map_err(Error::io("make a directory in", &temp_dir))?;
        // As root, the user postgres must be able to enter.
        fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).map_err(Error::io("open up", dir.path()))?;
        let path = fs::canonicalize(dir.path()).map_err(Error::io("find", dir.path()))?;
        let lock_guard = Lock { _lock: lock(&path)?, removed: Some(dir) };
        Ok(Self { path, lock_guard: Arc::new(lock_guard) })
    }

    /// Whether the directory is removed after use.
    pub(crate) fn is_temporary(&self) -> bool {
        self.lock_guard.removed.is_some()
    }

    /// The directory, absolute.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn lock(dir: &Path) -> Result<File, Error> {
    let path = dir.join("lock");
    let mut file =
        File::options().create(true).truncate(false).write(true).open(&path).map_err(Error::io("open", &path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let holder = fs::read_to_string(&path).map_err(Error::io("read", &path))?;
            return Err(Error::Locked { path: dir.to_owned(), holder: holder.trim().to_owned() });
        }
        Err(TryLockError::Error(error)) => return Err(Error::io("lock", &path)(error)),
    }
    file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(Error::io("write", &path))?;
    Ok(file)
}
