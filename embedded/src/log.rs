//! The servers' log files.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use crate::Error;

/// A log longer than this is renamed to `log.old` when its server starts, replacing the previous one.
const SIZE_BYTES_MAX: u64 = 10 << 20;

/// The part of a log that an error quotes.
const TAIL_BYTES_MAX: u64 = 2048;

/// Opens a log to append to.
pub(crate) fn open(path: &Path) -> Result<File, Error> {
    if fs::metadata(path).is_ok_and(|log| log.len() > SIZE_BYTES_MAX) {
        fs::rename(path, path.with_extension("old")).map_err(Error::io("put aside", path))?;
    }
    File::options().create(true).append(true).open(path).map_err(Error::io("open", path))
}

/// The last lines of a log, for an error message.
pub(crate) fn tail(path: &Path) -> String {
    read_tail(path).unwrap_or_else(|error| format!("({} cannot be read: {error})", path.display()))
}

fn read_tail(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let skipped = file.metadata()?.len().saturating_sub(TAIL_BYTES_MAX);
    file.seek(SeekFrom::Start(skipped))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let whole_lines = if skipped == 0 { &text } else { text.split_once('\n').map_or("", |(_, rest)| rest) };
    Ok(whole_lines.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_long_log_is_rotated_and_a_short_one_is_appended_to() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        open(&path).unwrap().write_all(b"one\n").unwrap();
        open(&path).unwrap().write_all(b"two\n").unwrap();
        assert_eq!(tail(&path), "one\ntwo");

        open(&path).unwrap().set_len(SIZE_BYTES_MAX + 1).unwrap();
        assert_eq!(open(&path).unwrap().metadata().unwrap().len(), 0);
        assert_eq!(fs::metadata(path.with_extension("old")).unwrap().len(), SIZE_BYTES_MAX + 1);
    }

    #[test]
    fn the_tail_holds_whole_lines_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        for number in 0..1000 {
            writeln!(open(&path).unwrap(), "line {number}").unwrap();
        }
        let tail = tail(&path);
        assert!(tail.lines().all(|line| line.starts_with("line ")), "{tail}");
        assert!(tail.ends_with("line 999"), "{tail}");
    }
}
