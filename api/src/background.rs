//! Work on long texts of tenants: on one thread of low priority, so that no other answer waits for it. The thread is a
//! runtime of its own, and needs sessions of its own: see `Store::for_another_runtime`.

use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};
use tokio_util::task::AbortOnDropHandle;

use crate::error::ApiError;

/// Of the thread, and of its sessions.
pub(crate) const NAME: &str = "background";

/// How much less the thread weighs with the scheduler than those that answer: about a tenth.
const NICER: i32 = 10;

/// The thread. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Background(Arc<Thread>);

/// None where the system gives no thread: then the work is done where it is asked for.
#[derive(Debug)]
struct Thread(Option<Runtime>);

impl Background {
    pub(crate) fn start() -> Self {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1).thread_name(NAME).enable_all();
        let runtime = builder.on_thread_start(|| _ = rustix::process::nice(NICER)).build();
        if let Err(error) = &runtime {
            tracing::warn!(error = error as &dyn std::error::Error, "no thread for long work");
        }
        Self(Arc::new(Thread(runtime.ok())))
    }

    /// Does the work there. When the caller is dropped, so is the work.
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
            // The last owner may be a task, which may not wait for a thread.
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
