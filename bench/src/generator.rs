//! The load generator's thread, on its own core.

use std::thread;

use anyhow::Context as _;
use tokio::{sync::oneshot, task::JoinSet};

use crate::machine;

/// Background work beside a measurement, until it is dropped. It has its own thread, on the cores of the starting thread.
pub(crate) struct Beside(Option<oneshot::Sender<()>>, Option<thread::JoinHandle<()>>);

impl Beside {
    /// Starts the tasks that `work` spawns.
    pub(crate) fn run(work: impl FnOnce() -> JoinSet<()> + Send + 'static) -> anyhow::Result<Self> {
        let (end, ended) = oneshot::channel::<()>();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = thread::Builder::new().name("beside".to_owned()).spawn(move || {
            runtime.block_on(async {
                let tasks = work();
                // An error also means that the work is over.
                let _ = ended.await;
                drop(tasks);
            });
        })?;
        Ok(Self(Some(end), Some(thread)))
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        drop(self.0.take());
        // The panic has already been printed.
        let _ = self.1.take().map(thread::JoinHandle::join);
    }
}

/// Runs work on the generator's core, in a single-threaded runtime, and returns its result.
pub(crate) async fn run<T, F>(work: impl FnOnce() -> F + Send + 'static) -> anyhow::Result<T>
where
    T: Send + 'static,
    F: Future<Output = anyhow::Result<T>>,
{
    let (sender, receiver) = oneshot::channel();
    thread::Builder::new().name("generator".to_owned()).spawn(move || {
        let outcome = on_this_thread(work);
        // The receiver is gone if the measurement was cancelled.
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
