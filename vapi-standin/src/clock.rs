//! The stand-in's clock. Like Vapi's, it is independent of ours.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use readmodel::time::Timestamp;

/// The source of the stand-in's time.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// This machine's clock.
    #[default]
    System,
    /// A clock that only moves when told to; microseconds since the Unix epoch.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A manual clock, set to `now`.
    pub fn at(now: Timestamp) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(now.as_micros())))
    }

    /// Moves a manual clock; the machine's is not affected.
    pub fn advance(&self, by: Duration) {
        if let Self::Manual(micros) = self {
            micros.fetch_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX), Ordering::Relaxed);
        }
    }

    /// The time in whole milliseconds, as precise as Vapi's.
    #[expect(clippy::disallowed_methods, reason = "it stands in for a machine whose clock is not the database's")]
    pub(crate) fn now(&self) -> Timestamp {
        let micros = match self {
            Self::System => jiff::Timestamp::now().as_microsecond(),
            Self::Manual(micros) => micros.load(Ordering::Relaxed),
        };
        Timestamp::from_micros(micros - micros.rem_euclid(1000))
    }
}

/// The text as JavaScript writes it, in milliseconds.
pub(crate) fn text(at: Timestamp) -> String {
    let text = at.to_string();
    text.strip_suffix("000Z").map_or(text.clone(), |millis| format!("{millis}Z"))
}
