//! Time limits of tests on a machine that is busy with other work.

use std::time::Duration;

/// How much longer than promised a test lets a thing take. Two builds beside the tests slow both cores down by half, and
/// stall a process for most of a second.
const SLACK: u32 = 5;

/// The limit at which a test fails for a promise of time: it tells "in time" from "hangs". Whether the promise itself is
/// kept is measured by `make bench`, on a quiet machine.
#[must_use]
pub const fn in_time(promise: Duration) -> Duration {
    promise.saturating_mul(SLACK)
}
