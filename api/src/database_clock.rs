//! The database's time as a node knows it, the only clock for deadlines and ages.

use std::{
    sync::atomic::{AtomicI64, AtomicU64, Ordering},
    time::{Duration, Instant},
};

use readmodel::time::Timestamp;

/// A reading that took no longer is precise enough.
const MAX_READING_TIME: Duration = Duration::from_millis(250);

/// This process' monotonic clock, and how far the database's time is ahead of it.
#[derive(Debug)]
pub(crate) struct DatabaseClock {
    started: Instant,
    ahead_micros: AtomicI64,
    /// The time that the reading took, and so its largest error.
    took_micros: AtomicU64,
}

impl DatabaseClock {
    /// Starts with a guess, which the first reading replaces.
    pub(crate) fn starting_at(guess: Timestamp) -> Self {
        Self {
            started: Instant::now(),
            ahead_micros: AtomicI64::new(guess.as_micros()),
            took_micros: AtomicU64::new(u64::MAX),
        }
    }

    /// Takes a reading that was requested at `asked`. A slow one is ignored, unless the held one is worse: a guess may be a
    /// day off.
    pub(crate) fn set(&self, reading: Timestamp, asked: Instant) {
        let took = asked.elapsed();
        let took_micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        if took <= MAX_READING_TIME || took_micros < self.took_micros.load(Ordering::Relaxed) {
            let ahead = reading.as_micros().saturating_sub(self.micros_until(asked));
            self.ahead_micros.store(ahead, Ordering::Relaxed);
            self.took_micros.store(took_micros, Ordering::Relaxed);
        }
    }

    /// The database's time now.
    pub(crate) fn now(&self) -> Timestamp {
        self.at(Instant::now())
    }

    /// The database's time at an instant of this process.
    pub(crate) fn at(&self, instant: Instant) -> Timestamp {
        let ahead = self.ahead_micros.load(Ordering::Relaxed);
        Timestamp::from_micros(ahead.saturating_add(self.micros_until(instant)))
    }

    fn micros_until(&self, instant: Instant) -> i64 {
        i64::try_from(instant.saturating_duration_since(self.started).as_micros()).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    #[test]
    fn a_slow_reading_replaces_a_guess_and_no_precise_reading() {
        let clock = DatabaseClock::starting_at(Timestamp::from_micros(86_400 * SECOND));
        let seconds = |seconds: i64| Timestamp::from_micros(seconds * SECOND);
        let ago = |millis| Instant::now().checked_sub(Duration::from_millis(millis)).unwrap();
        clock.set(seconds(1_000), ago(2_000));
        assert!(clock.now() < seconds(1_100));
        clock.set(seconds(2_000), ago(1_000));
        assert!(clock.now() >= seconds(2_000));
        clock.set(seconds(3_000), ago(10));
        assert!(clock.now() >= seconds(3_000));
        clock.set(seconds(9_000), ago(300));
        assert!(clock.now() < seconds(9_000));
    }
}
