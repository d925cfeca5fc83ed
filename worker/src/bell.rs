//! A bell that wakes the loop which fetches jobs.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    task::Waker,
};

use futures_util::task::AtomicWaker;

/// One sleeper, any number of ringers. Rings are counted, so that one which comes while the sleeper looks for work is
/// noticed after the look, and not lost.
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

    /// Whom to wake.
    pub(crate) fn register(&self, waker: &Waker) {
        self.sleeper.register(waker);
    }

    /// How often it was rung.
    pub(crate) fn rings(&self) -> u64 {
        self.rings.load(Ordering::SeqCst)
    }
}
