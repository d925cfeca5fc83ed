//! Whether webhooks can be stored, as the last ones have shown: for `/readyz`.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// A failure counts for this long. Without webhooks nobody knows whether it would still happen.
const COUNTS: Duration = Duration::from_secs(60);

/// The outcome of the last webhook. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Storing(Arc<Mutex<Option<(Instant, String)>>>);

impl Storing {
    /// Why webhooks cannot be stored: the last one failed, not long ago. It names no data.
    pub fn trouble(&self) -> Option<String> {
        let failed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failed.as_ref().filter(|(at, _)| at.elapsed() < COUNTS).map(|(_, why)| why.clone())
    }

    pub(crate) fn succeeded(&self) {
        self.note(None);
    }

    pub(crate) fn failed(&self, why: &impl std::fmt::Display) {
        self.note(Some((Instant::now(), why.to_string())));
    }

    fn note(&self, failed: Option<(Instant, String)>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = failed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn h18_a_failure_counts_until_something_is_stored_or_it_is_old() {
        let storing = Storing::default();
        assert_eq!(storing.trouble(), None);
        storing.failed(&"read-only");
        assert_eq!(storing.trouble().as_deref(), Some("read-only"));
        storing.succeeded();
        assert_eq!(storing.trouble(), None);
        storing.failed(&"read-only");
        tokio::time::advance(COUNTS).await;
        assert_eq!(storing.trouble(), None);
    }
}
