//! The database's time as a node knows it, the only clock for deadlines and ages.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::{Duration, Instant},
};

use readmodel::time::Timestamp;

/// The largest accepted error of a reading.
const MAX_READING_TIME: Duration = Duration::from_millis(250);

/// This process' monotonic clock, and how far the database's time is ahead of it.
#[derive(Debug)]
pub(crate) struct DatabaseClock {
    started: Instant,
    ahead_micros: AtomicI64,
}

impl DatabaseClock {
    /// Starts with a guess, which the first reading replaces.
    pub(crate) fn starting_at(guess: Timestamp) -> Self {
        Self { started: Instant::now(), ahead_micros: AtomicI64::new(guess.as_micros()) }
    }

    /// Takes a reading that was requested at `asked`. A slow one is too imprecise and is ignored.
    pub(crate) fn set(&self, reading: Timestamp, asked: Instant) {
        if asked.elapsed() <= MAX_READING_TIME {
            let ahead = reading.as_micros().saturating_sub(self.micros_until(asked));
            self.ahead_micros.store(ahead, Ordering::Relaxed);
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
