//! The database's time, as this node knows it: the only clock that deadlines and ages are measured by.

use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

use readmodel::time::Timestamp;

/// The last reading of the database's clock, and when it was taken.
#[derive(Debug)]
pub(crate) struct DatabaseClock(Mutex<(Instant, Timestamp)>);

impl DatabaseClock {
    /// Starts from a guess, which the first reading replaces.
    pub(crate) fn starting_at(guess: Timestamp) -> Self {
        Self(Mutex::new((Instant::now(), guess)))
    }

    /// Takes a reading.
    pub(crate) fn set(&self, reading: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (Instant::now(), reading);
    }

    /// The time there now.
    pub(crate) fn now(&self) -> Timestamp {
        let (taken, reading) = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let elapsed = i64::try_from(taken.elapsed().as_micros()).unwrap_or(i64::MAX);
        Timestamp::from_micros(reading.as_micros().saturating_add(elapsed))
    }
}
