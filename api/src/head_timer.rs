//! The time limit for a request's head, and for the idle time before it.
//!
//! hyper has one timeout for both. It is given this timer, one for each connection, which allows the configured idle
//! time and, from the first byte of a head, ten seconds for the rest of it.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use hyper::rt::{Sleep, Timer};

/// The limit for a head after its first byte, and for the first head of a connection.
pub(crate) const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// Whether bytes have arrived on a connection since the last check.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arrivals(Arc<AtomicBool>);

impl Arrivals {
    /// Records that bytes have arrived.
    pub(crate) fn note(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

/// hyper's timer for the heads of a connection. It ignores hyper's own deadline, which does not depend on the bytes.
#[derive(Debug)]
pub(crate) struct HeadTimer {
    arrivals: Arrivals,
    keep_alive: Duration,
    is_new: AtomicBool,
    deadline: Deadline,
}

impl HeadTimer {
    /// The timer of a new connection.
    pub(crate) fn new(arrivals: Arrivals, keep_alive: Duration) -> Self {
        Self { arrivals, keep_alive, is_new: AtomicBool::new(true), deadline: Deadline::after(HEAD_TIMEOUT) }
    }
}

impl Timer for HeadTimer {
    fn sleep(&self, _: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.now())
    }

    /// Called when the wait for a head begins.
    fn sleep_until(&self, _: Instant) -> Pin<Box<dyn Sleep>> {
        // Earlier bytes belong to the previous request.
        self.arrivals.take();
        let has_begun = self.is_new.swap(false, Ordering::Relaxed);
        self.deadline.set(if has_begun { HEAD_TIMEOUT } else { self.keep_alive });
        Box::pin(HeadSleep { deadline: self.deadline.clone(), arrivals: self.arrivals.clone(), has_begun })
    }

    fn now(&self) -> Instant {
        tokio::time::Instant::now().into()
    }
}

/// A timer for the whole life of a connection. Moving it later is an atomic store, whereas a new timer for each head
/// would enter and leave tokio's list of timers under a lock.
#[derive(Clone, Debug)]
struct Deadline(Arc<Mutex<Pin<Box<tokio::time::Sleep>>>>);

impl Deadline {
    fn after(time: Duration) -> Self {
        Self(Arc::new(Mutex::new(Box::pin(tokio::time::sleep(time)))))
    }

    fn set(&self, time: Duration) {
        self.lock().as_mut().reset(tokio::time::Instant::now() + time);
    }

    fn poll(&self, context: &mut Context<'_>) -> Poll<()> {
        self.lock().as_mut().poll(context)
    }

    fn lock(&self) -> MutexGuard<'_, Pin<Box<tokio::time::Sleep>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct HeadSleep {
    deadline: Deadline,
    arrivals: Arrivals,
    has_begun: bool,
}

impl Sleep for HeadSleep {}

impl Future for HeadSleep {
    type Output = ();

    /// Called by hyper after each read that leaves the head incomplete.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if !self.has_begun && self.arrivals.take() {
            self.has_begun = true;
            self.deadline.set(HEAD_TIMEOUT);
        }
        self.deadline.poll(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: Duration = Duration::from_secs(75);

    async fn lasts(sleep: Pin<Box<dyn Sleep>>) -> Duration {
        let begun = tokio::time::Instant::now();
        sleep.await;
        begun.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_may_rest_long_and_a_started_head_times_out_soon() {
        let arrivals = Arrivals::default();
        let timer = HeadTimer::new(arrivals.clone(), REST);
        let head = || timer.sleep_until(timer.now());
        // A new connection must send its first head in time.
        assert_eq!(lasts(head()).await.as_secs(), HEAD_TIMEOUT.as_secs());
        assert_eq!(lasts(head()).await.as_secs(), REST.as_secs());
        // Bytes of the previous request do not count.
        arrivals.note();
        assert_eq!(lasts(head()).await.as_secs(), REST.as_secs());
        for rested in [1, 60, 74].map(Duration::from_secs) {
            let mut resting = head();
            assert!(tokio::time::timeout(rested, &mut resting).await.is_err());
            arrivals.note();
            assert_eq!(lasts(resting).await.as_secs(), HEAD_TIMEOUT.as_secs());
        }
    }
}
