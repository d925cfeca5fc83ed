//! The load generator's thread, on a core of its own.

use std::thread;

use anyhow::Context as _;
use tokio::{sync::oneshot, task::JoinSet};

use crate::machine;

/// Work that goes on beside a measurement until it is dropped: on a thread of its own, on the cores of the one that begins it.
pub(crate) struct Beside(Option<oneshot::Sender<()>>, Option<thread::JoinHandle<()>>);

impl Beside {
    /// Begins the tasks that `work` spawns.
    pub(crate) fn run(work: impl FnOnce() -> JoinSet<()> + Send + 'static) -> anyhow::Result<Self> {
        let (end, ended) = oneshot::channel::<()>();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = thread::Builder::new().name("beside".to_owned()).spawn(move || {
            runtime.block_on(async {
                let tasks = work();
                // An error, too, says that it is over.
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
        // A panic of its own has been printed.
        let _ = self.1.take().map(thread::JoinHandle::join);
    }
}

/// Runs work on the generator's core, in a runtime of one thread, and hands back what comes of it.
pub(crate) async fn run<T, F>(work: impl FnOnce() -> F + Send + 'static) -> anyhow::Result<T>
where
    T: Send + 'static,
    F: Future<Output = anyhow::Result<T>>,
{
    let (sender, receiver) = oneshot::channel();
    thread::Builder::new().name("generator".to_owned()).spawn(move || {
        let outcome = on_this_thread(work);
        // The receiver is gone when the measurement was broken off.
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
