//! Samples log lines that clients can cause: a flood of them would hide all others.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Interval between two lines of a kind.
const EVERY: Duration = Duration::from_secs(1);

/// Lets one line a second pass and counts the others.
#[derive(Debug, Default)]
pub struct Sampler {
    /// In milliseconds since the process first used a sampler.
    next_at: AtomicU64,
    held_back: AtomicU64,
}

impl Sampler {
    /// A sampler that has counted nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { next_at: AtomicU64::new(0), held_back: AtomicU64::new(0) }
    }

    /// Asks for a line to pass. `Some` lets it pass, with the number of lines held back since the last one.
    pub fn pass(&self) -> Option<u64> {
        static START: OnceLock<Instant> = OnceLock::new();
        self.pass_at(START.get_or_init(Instant::now).elapsed())
    }

    fn pass_at(&self, now: Duration) -> Option<u64> {
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let next_at = self.next_at.load(Ordering::Relaxed);
        let claimed = millis(now) >= next_at
            && self
                .next_at
                .compare_exchange(next_at, millis(now + EVERY), Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        if claimed {
            return Some(self.held_back.swap(0, Ordering::Relaxed));
        }
        self.held_back.fetch_add(1, Ordering::Relaxed);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_a_second_passes_with_a_count_of_the_suppressed() {
        let sampler = Sampler::new();
        let at = |millis| sampler.pass_at(Duration::from_millis(millis));
        assert_eq!(at(0), Some(0));
        assert_eq!((at(1), at(999)), (None, None));
        assert_eq!(at(1000), Some(2));
        assert_eq!(at(1999), None);
        assert_eq!(at(60_000), Some(1));
    }
}
