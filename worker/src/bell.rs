//! A bell that wakes the loop which fetches jobs.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    task::Waker,
};

use futures_util::task::AtomicWaker;

/// Wakes one sleeper from any number of places. Rings are counted, so that the sleeper notices one that came while it was
/// claiming.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    rings: AtomicU64,
    sleeper: AtomicWaker,
}

impl Bell {
    /// Wakes the sleeper.
    pub(crate) fn ring(&self) {
        self.rings.fetch_add(1, Ordering::SeqCst);
        self.sleeper.wake();
    }

    /// Sets the task that a ring wakes.
    pub(crate) fn register(&self, waker: &Waker) {
        self.sleeper.register(waker);
    }

    /// The number of rings so far.
    pub(crate) fn rings(&self) -> u64 {
        self.rings.load(Ordering::SeqCst)
    }
}
