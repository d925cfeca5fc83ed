//! The clock for checking tokens.

use std::time::{SystemTime, UNIX_EPOCH};

/// Whole seconds since 1970 in UTC, the unit of `exp`, `nbf` and `iat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnixSeconds(pub i64);

impl UnixSeconds {
    /// The instant `seconds` later.
    #[must_use]
    pub(super) fn plus(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// Seconds from `earlier` to this instant; negative if it is before.
    #[must_use]
    pub(crate) fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// This machine's clock. Issuers stamp tokens by wall-clock time, so they are checked by it.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "a token's expiry is wall-clock time; nothing about data is decided by it"
)]
pub fn wall_clock() -> UnixSeconds {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixSeconds(i64::try_from(since_1970.as_secs()).unwrap_or(i64::MAX))
}
