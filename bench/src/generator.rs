//! The load generator's thread, on a core of its own.

use std::thread;

use anyhow::Context as _;
use tokio::sync::oneshot;

use crate::machine;

/// Runs work on the generator's core, in a runtime of one thread, and hands back what comes of it.
pub(crate) async fn run<T, F>(work: impl FnOnce() -> F + Send + 'static) -> anyhow::Result<T>
where
    T: Send + 'static,
    F: Future<Output = anyhow::Result<T>>,
{
    let (sender, receiver) = oneshot::channel();
    thread::Builder::new().name("generator".to_owned()).spawn(move || {
        let outcome = on_this_thread(work);
        // Nobody waits when the measurement was broken off.
        let _ = sender.send(outcome);
    })?;
    receiver.await.context("the load generator panicked")?
}

fn on_this_thread<T, F>(work: impl FnOnce() -> F) -> anyhow::Result<T>
where
    F: Future<Output = anyhow::Result<T>>,
{
    machine::pin(machine::GENERATOR)?;
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work())
}
