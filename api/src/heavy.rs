//! Work on long texts, on blocking threads and with limited concurrency.

use std::{num::NonZero, sync::Arc, thread::available_parallelism};

use tokio::{sync::Semaphore, task::spawn_blocking};

use crate::error::ApiError;

/// Longer texts go to another thread. For shorter ones the hand-over would take longer than the work.
const LONG_BYTES: usize = 32 * 1024;

/// The threads for one kind of work: half of the processors, so that answers always find one.
#[derive(Clone, Debug)]
pub(crate) struct Heavy(Arc<Semaphore>);

impl Default for Heavy {
    fn default() -> Self {
        let processors = available_parallelism().map_or(1, NonZero::get);
        Self(Arc::new(Semaphore::new((processors / 2).max(1))))
    }
}

impl Heavy {
    /// Runs work on a text of this size. Once started it occupies its thread to the end, even if the caller goes away.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        bytes: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        if bytes <= LONG_BYTES {
            return Ok(work());
        }
        let turn = Arc::clone(&self.0).acquire_owned().await.map_err(|_| ApiError::Internal)?;
        let working = spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        });
        working.await.map_err(|_| ApiError::Internal)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn long_texts_are_parsed_on_other_threads_a_few_at_a_time() {
        let heavy = Heavy(Arc::new(Semaphore::new(1)));
        let here = thread::current().id();
        assert_eq!(heavy.run(LONG_BYTES, || thread::current().id()).await, Ok(here));
        assert_ne!(heavy.run(LONG_BYTES + 1, || thread::current().id()).await, Ok(here));
        let (begin, begun) = std::sync::mpsc::channel::<()>();
        let held = heavy.clone();
        let first = tokio::spawn(async move { held.run(usize::MAX, move || begun.recv().is_ok()).await });
        let turns = Arc::clone(&heavy.0);
        while turns.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let mut second = Box::pin(heavy.run(usize::MAX, || ()));
        assert_eq!((&mut second).now_or_never(), None);
        // Cancelling the wait does not free the thread.
        first.abort();
        assert_eq!((&mut second).now_or_never(), None);
        begin.send(()).unwrap();
        assert_eq!(second.await, Ok(()));
    }
}
