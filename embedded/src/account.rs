//! The user that Postgres runs as.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use nix::unistd::{Gid, Uid, User, getegid, geteuid};

use crate::Error;

/// A user and group of this machine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Account {
    uid: Uid,
    gid: Gid,
}

impl Account {
    /// The account of this process.
    pub(crate) fn own() -> Self {
        Self { uid: geteuid(), gid: getegid() }
    }

    /// The account for Postgres. It refuses to run as root, so root runs it as the user that its package creates.
    pub(crate) fn for_postgres() -> Result<Self, Error> {
        let own = Self::own();
        if !own.uid.is_root() {
            return Ok(own);
        }
        let user = User::from_name("postgres").ok().flatten().ok_or(Error::NoPostgresUser)?;
        Ok(Self { uid: user.uid, gid: user.gid })
    }

    /// The user and group to start a program with, if they are not our own. The standard library then drops our
    /// supplementary groups as well.
    pub(crate) fn switch(self) -> Option<(u32, u32)> {
        (self != Self::own()).then(|| (self.uid.as_raw(), self.gid.as_raw()))
    }

    /// Whether every directory of `path` lets this user through. Ignores access control lists.
    pub(crate) fn reaches(self, path: &Path) -> bool {
        self == Self::own()
            || path.ancestors().all(|dir| {
                fs::metadata(dir).is_ok_and(|dir| {
                    let bit = if dir.uid() == self.uid.as_raw() {
                        0o100
                    } else if dir.gid() == self.gid.as_raw() {
                        0o010
                    } else {
                        0o001
                    };
                    dir.mode() & bit != 0
                })
            })
    }

    /// Creates a directory that only this user may enter. An existing one must already be that: in a world-writable
    /// place it could be a trap.
    pub(crate) fn make_private_dir(self, path: &Path) -> Result<(), Error> {
        match DirBuilder::new().mode(0o700).create(path) {
            Ok(()) => self.own_it(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let found = fs::symlink_metadata(path).map_err(Error::io("look at", path))?;
                let private = found.is_dir() && found.uid() == self.uid.as_raw() && found.mode() & 0o077 == 0;
                if private { Ok(()) } else { Err(Error::NotOurs(path.to_owned())) }
            }
            Err(error) => Err(Error::io("make", path)(error)),
        }
    }

    fn own_it(self, path: &Path) -> Result<(), Error> {
        let Some((uid, gid)) = self.switch() else { return Ok(()) };
        std::os::unix::fs::chown(path, Some(uid), Some(gid)).map_err(Error::io("change the owner of", path))
    }
}

/// A directory under `parent` with a name derived from `path`, for use instead of `path`.
pub(crate) fn derived_dir(parent: &Path, path: &Path) -> PathBuf {
    let hash = xxhash_rust::xxh3::xxh3_64(path.as_os_str().as_encoded_bytes());
    parent.join(format!("prewarm-{hash:016x}"))
}
