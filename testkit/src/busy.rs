//! Time limits of tests on a busy machine.

use std::time::Duration;

/// The factor by which tests extend a promised time. Two builds beside the tests slow both cores down by half, and stall a
/// process for most of a second.
const SLACK: u32 = 5;

/// The limit at which a test of a promised time fails. It distinguishes "in time" from "hangs"; `make bench` measures the
/// promise itself, on an idle machine.
#[must_use]
pub const fn in_time(promise: Duration) -> Duration {
    promise.saturating_mul(SLACK)
}
