//! The hash of an agent's configuration: what is wanted and what a service holds are compared by it.

use std::{fmt, str::FromStr};

use serde::{Serialize, Serializer};
use serde_json::Value;
use xxhash_rust::xxh3::xxh3_128;

use crate::{canonical::canonical, version::Malformed};

/// xxh3-128 over the canonical JSON of everything that would be sent, behind the number of the way it was made.
///
/// It tells changes and not forgeries: somebody who can choose the content can make two of one hash, and the hash of a short
/// secret tells the secret. So secrets enter only as digests.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConfigHash {
    version: u8,
    digest: u128,
}

impl ConfigHash {
    /// The way hashes are made: the canonical form and the function over it. A hash of another version equals none.
    pub const VERSION: u8 = 1;

    /// The hash of a configuration, the same for all spellings of it.
    pub fn of(config: &Value) -> Self {
        Self { version: Self::VERSION, digest: xxh3_128(canonical(config).as_bytes()) }
    }
}

/// `v<version>-<32 hexadecimal digits>`
impl fmt::Display for ConfigHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}-{:032x}", self.version, self.digest)
    }
}

impl fmt::Debug for ConfigHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ConfigHash {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let parsed = || {
            let (version, digest) = text.strip_prefix('v')?.split_once('-')?;
            let hash = Self { version: version.parse().ok()?, digest: u128::from_str_radix(digest, 16).ok()? };
            // Only the one spelling: texts of hashes are compared as texts elsewhere.
            (hash.to_string() == text).then_some(hash)
        };
        parsed().ok_or(Malformed { expected: "v<version>-<32 hexadecimal digits>" })
    }
}

impl Serialize for ConfigHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Hashes are stored, so a change of the algorithm must raise the version.
    #[test]
    fn the_hash_of_version_1_is_pinned() {
        assert_eq!(ConfigHash::of(&json!({})).to_string(), "v1-dc7048f8f8747f561349cde127705c16");
        assert_eq!(
            ConfigHash::of(&json!({"name": "é", "speed": 1.5, "list": [1, null]})).to_string(),
            "v1-2b1d78fc055a78f497d073651d7ce1f9"
        );
    }

    #[test]
    fn only_its_own_text_parses_back() {
        let hash = ConfigHash::of(&json!({"a": 1}));
        assert_eq!(hash.to_string().parse(), Ok(hash));
        let text = hash.to_string();
        let of_another_version: ConfigHash = text.replacen("v1-", "v2-", 1).parse().unwrap();
        assert_ne!(of_another_version, hash);
        for wrong in ["", "v1-", "1-00", "v1-00", "v256-00000000000000000000000000000000", &text.to_uppercase()] {
            assert!(wrong.parse::<ConfigHash>().is_err(), "{wrong}");
        }
        assert!(format!("v01{}", &text[2..]).parse::<ConfigHash>().is_err());
    }
}
