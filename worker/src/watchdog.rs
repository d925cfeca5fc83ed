//! Reports loops that make no progress in `/readyz`.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use monitoring::health::{Health, State};

/// Heartbeats without progress that make a loop count as stuck.
const PATIENCE: u32 = 3;

/// The time at which a loop last made progress.
#[derive(Clone, Debug)]
pub(crate) struct Progress(Arc<Mutex<Instant>>);

impl Progress {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }

    /// Notes progress.
    pub(crate) fn made(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn age(&self) -> Duration {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }
}

/// Reports on the loops. Never returns.
pub(crate) async fn watch(loops: Vec<(&'static str, Progress)>, health: Health, heartbeat: Duration) {
    loop {
        for (part, progress) in &loops {
            health.set(part, state(progress.age(), heartbeat * PATIENCE));
        }
        tokio::time::sleep(heartbeat).await;
    }
}

fn state(age: Duration, patience: Duration) -> State {
    if age > patience { State::Failed(format!("no progress for {} s", age.as_secs())) } else { State::Ok }
}
