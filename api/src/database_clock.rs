//! The database's time, as this node knows it: the only clock that deadlines and ages are measured by.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::{Duration, Instant},
};

use readmodel::time::Timestamp;

/// The largest error of a reading.
const PROMPT: Duration = Duration::from_millis(250);

/// This process' steady clock, and how far the database's is ahead of it.
#[derive(Debug)]
pub(crate) struct DatabaseClock {
    started: Instant,
    ahead_micros: AtomicI64,
}

impl DatabaseClock {
    /// Starts from a guess, which the first reading replaces.
    pub(crate) fn starting_at(guess: Timestamp) -> Self {
        Self { started: Instant::now(), ahead_micros: AtomicI64::new(guess.as_micros()) }
    }

    /// Takes a reading that was asked for at an instant here. One that was long under way says too little.
    pub(crate) fn set(&self, reading: Timestamp, asked: Instant) {
        if asked.elapsed() <= PROMPT {
            let ahead = reading.as_micros().saturating_sub(self.micros_until(asked));
            self.ahead_micros.store(ahead, Ordering::Relaxed);
        }
    }

    /// The time there now.
    pub(crate) fn now(&self) -> Timestamp {
        self.at(Instant::now())
    }

    /// The time there at an instant here.
    pub(crate) fn at(&self, instant: Instant) -> Timestamp {
        let ahead = self.ahead_micros.load(Ordering::Relaxed);
        Timestamp::from_micros(ahead.saturating_add(self.micros_until(instant)))
    }

    fn micros_until(&self, instant: Instant) -> i64 {
        i64::try_from(instant.saturating_duration_since(self.started).as_micros()).unwrap_or(i64::MAX)
    }
}
