//! The time for a request's head, and how long a connection may rest before it.
//!
//! hyper has one time-out for both. This is the timer that it is given, one for each connection: it lets a connection rest
//! for as long as is set, and from the first byte of a head on it gives the rest of it ten seconds.

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

/// A head that has begun has to be whole within this time; so has the first one after the connection was opened.
pub(crate) const HEAD: Duration = Duration::from_secs(10);

/// Whether bytes have come on a connection since somebody last asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arrivals(Arc<AtomicBool>);

impl Arrivals {
    /// Bytes have come.
    pub(crate) fn note(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

/// hyper's timer for the heads of one connection. hyper's own deadline, which is the same whatever has come, is not used.
#[derive(Debug)]
pub(crate) struct HeadTimer {
    arrivals: Arrivals,
    keep_alive: Duration,
    is_new: AtomicBool,
    deadline: Deadline,
}

impl HeadTimer {
    /// The timer of a connection that has just been opened.
    pub(crate) fn new(arrivals: Arrivals, keep_alive: Duration) -> Self {
        Self { arrivals, keep_alive, is_new: AtomicBool::new(true), deadline: Deadline::after(HEAD) }
    }
}

impl Timer for HeadTimer {
    fn sleep(&self, _: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.now())
    }

    /// The wait for a head begins.
    fn sleep_until(&self, _: Instant) -> Pin<Box<dyn Sleep>> {
        // Bytes that came earlier belong to the request before.
        self.arrivals.take();
        let has_begun = self.is_new.swap(false, Ordering::Relaxed);
        self.deadline.set(if has_begun { HEAD } else { self.keep_alive });
        Box::pin(HeadSleep { deadline: self.deadline.clone(), arrivals: self.arrivals.clone(), has_begun })
    }

    fn now(&self) -> Instant {
        tokio::time::Instant::now().into()
    }
}

/// One entry among tokio's timers for the whole life of a connection: to set it later is an atomic store, while a timer
/// for each head would enter and leave the list of all of them under a lock.
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

    /// hyper polls this after each read that leaves the head incomplete.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if !self.has_begun && self.arrivals.take() {
            self.has_begun = true;
            self.deadline.set(HEAD);
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
        assert_eq!(lasts(head()).await.as_secs(), HEAD.as_secs());
        assert_eq!(lasts(head()).await.as_secs(), REST.as_secs());
        // Bytes of the previous request do not count.
        arrivals.note();
        assert_eq!(lasts(head()).await.as_secs(), REST.as_secs());
        for rested in [1, 60, 74].map(Duration::from_secs) {
            let mut resting = head();
            assert!(tokio::time::timeout(rested, &mut resting).await.is_err());
            arrivals.note();
            assert_eq!(lasts(resting).await.as_secs(), HEAD.as_secs());
        }
    }
}
