//! Unix sockets: their paths and their listeners.

use std::path::{Path, PathBuf};

use nix::unistd::Pid;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::net::UnixStream;

use crate::Error;
use crate::account::{Account, derived_dir};

/// The longest path that `sockaddr_un` holds, without the final NUL, on the systems we know (macOS; Linux has 107).
const PATH_BYTES_MAX: usize = 103;

/// The characters that are not encoded: those that paths are commonly made of.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_');

/// The path of the socket `name` in `home`, or in a short directory of the system's temporary directory if that would
/// be too long.
pub(crate) fn place(home: &Path, name: &str, account: Account) -> Result<PathBuf, Error> {
    let path = home.join(name);
    if path.as_os_str().len() <= PATH_BYTES_MAX {
        return Ok(path);
    }
    let dir = derived_dir(&std::env::temp_dir(), home);
    account.make_private_dir(&dir)?;
    Ok(dir.join(name))
}

/// The process that listens on a socket, according to the kernel.
pub(crate) async fn listener(socket: &Path) -> Option<Pid> {
    let stream = UnixStream::connect(socket).await.ok()?;
    stream.peer_cred().ok()?.pid().map(Pid::from_raw)
}

/// A path as part of a URL.
pub(crate) fn url_encoded(path: &Path) -> String {
    utf8_percent_encode(&path.to_string_lossy(), PATH).to_string()
}
