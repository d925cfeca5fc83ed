//! A thread of low priority for work on tenants' long texts, so that it delays no other answer. The thread is a runtime
//! of its own and needs sessions of its own: see `Store::for_another_runtime`.

use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};
use tokio_util::task::AbortOnDropHandle;

use crate::error::ApiError;

/// The name of the thread, and part of its sessions' application name.
pub(crate) const NAME: &str = "background";

/// The thread's nice value. The scheduler gives it about a tenth of the others' weight.
const NICER: i32 = 10;

/// A handle to the thread. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Background(Arc<Thread>);

/// The runtime; `None` if the system refused a thread, and then work runs on the caller's.
#[derive(Debug)]
struct Thread(Option<Runtime>);

impl Background {
    pub(crate) fn start() -> Self {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1).thread_name(NAME).enable_all();
        let runtime = builder.on_thread_start(|| _ = rustix::process::nice(NICER)).build();
        if let Err(error) = &runtime {
            tracing::warn!(error = error as &dyn std::error::Error, "could not start the background thread");
        }
        Self(Arc::new(Thread(runtime.ok())))
    }

    /// Runs work on the thread. Dropping the returned future cancels the work.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, ApiError> {
        match &self.0.0 {
            Some(runtime) => AbortOnDropHandle::new(runtime.spawn(work)).await.map_err(|_| ApiError::Internal),
            None => Ok(work.await),
        }
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // The last owner may be a task, which must not block on the thread's end.
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{thread, time::Duration};

    use rustix::process::getpriority_process;
    use tokio::{sync::mpsc, time::timeout};

    use super::*;

    fn here() -> (thread::ThreadId, i32) {
        (thread::current().id(), getpriority_process(None).unwrap())
    }

    #[tokio::test]
    async fn long_work_runs_on_a_thread_of_lower_priority() {
        let background = Background::start();
        let (thread, priority) = background.run(async { here() }).await.unwrap();
        assert_ne!(thread, here().0);
        assert_eq!(priority, (here().1 + NICER).min(19));
    }

    #[tokio::test]
    async fn work_is_cancelled_when_its_caller_is_dropped() {
        let background = Background::start();
        let (held, mut dropped) = mpsc::channel::<()>(1);
        let work = background.run(async move {
            let _held = held;
            std::future::pending::<()>().await;
        });
        assert!(timeout(Duration::from_millis(50), work).await.is_err());
        assert_eq!(dropped.recv().await, None);
    }
}
