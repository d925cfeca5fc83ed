//! Versions and receipts: positions in an org's history.

use std::{fmt, str::FromStr};

use serde::{Serialize, Serializer};

/// Which rebuild of an org: `<epoch>-<n>`, compared as two integers.
///
/// `n` counts the org's rebuilds in the order of their snapshots. The epoch is raised after a restore or a failover
/// that lost writes, since counts may then come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// Leads: any version of a higher epoch is newer.
    pub epoch: i64,
    /// From 1 on; 0 before the first rebuild.
    pub n: i64,
}

impl Version {
    /// Before any rebuild: lower than every version that was ever made.
    pub const NONE: Self = Self { epoch: 0, n: 0 };

    /// The version that a rebuild makes on top of this one, in the epoch of its snapshot.
    pub const fn next(self, epoch: i64) -> Self {
        Self { epoch, n: self.n + 1 }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.epoch, self.n)
    }
}

/// A text that is no position.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not of the form {expected}")]
pub struct Malformed {
    /// The form that was expected.
    pub expected: &'static str,
}

impl FromStr for Version {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let (epoch, n) = two_counts(text).ok_or(Malformed { expected: "<epoch>-<n>" })?;
        Ok(Self { epoch, n })
    }
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The transaction that took a write: `r<epoch>-<xid8>`, handed to the writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Receipt {
    /// The epoch in which the transaction ran.
    pub epoch: i64,
    /// Its 64-bit transaction id.
    pub xid: i64,
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{}-{}", self.epoch, self.xid)
    }
}

impl FromStr for Receipt {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let counts = text.strip_prefix('r').and_then(two_counts);
        let (epoch, xid) = counts.ok_or(Malformed { expected: "r<epoch>-<xid>" })?;
        Ok(Self { epoch, xid })
    }
}

impl Serialize for Receipt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Two counts with a hyphen between, digits only: no signs, no spaces.
fn two_counts(text: &str) -> Option<(i64, i64)> {
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse::<i64>().ok()).flatten();
    let (first, second) = text.split_once('-')?;
    Some((digits(first)?, digits(second)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_two_integers() {
        let order = ["0-0", "1-2", "1-10", "2-1", "10-1"];
        let versions: Vec<Version> = order.iter().map(|text| text.parse().unwrap()).collect();
        assert!(versions.is_sorted());
        assert_eq!(versions[2].to_string(), "1-10");
    }

    #[test]
    fn only_counts_are_valid_positions() {
        for text in ["", "1", "1-", "-1", "1--1", "1-1-1", "+1-1", " 1-1", "1-99999999999999999999", "a-b"] {
            assert!(text.parse::<Version>().is_err(), "{text:?}");
        }
        assert_eq!("r1-7".parse(), Ok(Receipt { epoch: 1, xid: 7 }));
        assert!("1-7".parse::<Receipt>().is_err());
    }
}
