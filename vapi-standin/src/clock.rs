//! The stand-in's clock: Vapi has its own, which is not ours.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use readmodel::time::Timestamp;

/// What the stand-in takes the time from.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// This machine's.
    #[default]
    System,
    /// Stands still until it is moved; microseconds since the Unix epoch.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `now`.
    pub fn at(now: Timestamp) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(now.as_micros())))
    }

    /// Moves a manual clock; that of the machine goes by itself.
    pub fn advance(&self, by: Duration) {
        if let Self::Manual(micros) = self {
            micros.fetch_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX), Ordering::Relaxed);
        }
    }

    /// The time in whole milliseconds: Vapi has no finer.
    #[expect(clippy::disallowed_methods, reason = "it plays a machine that the database's clock does not rule")]
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
