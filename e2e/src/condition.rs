//! Waiting for conditions.

use std::time::{Duration, Instant};

/// The limit of a wait. Only a failing test reaches it, so it is far above what a busy machine needs.
const DEADLINE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(10);

/// Calls `look` until it returns something, at least once and for `limit` at most.
pub async fn poll<T>(limit: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let started = Instant::now();
    loop {
        if let Some(found) = look().await {
            return Some(found);
        }
        if started.elapsed() > limit {
            return None;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Like [`poll`], for a minute. The test fails if nothing is found by then.
pub async fn eventually<T>(what: &str, look: impl AsyncFnMut() -> Option<T>) -> T {
    match poll(DEADLINE, look).await {
        Some(found) => found,
        None => panic!("not within {DEADLINE:?}: {what}"),
    }
}
