//! Rest after long work: what one caller keeps busy for long is kept from the next for as long again, so that callers who
//! always come back leave half of the time to everybody else.

use std::time::Duration;

use tokio::{
    runtime::Handle,
    time::{Instant, sleep},
};

/// Work that is over sooner needs no rest.
const LONG: Duration = Duration::from_millis(20);
/// No rest is longer: work may be slow by no fault of its caller.
const LONGEST: Duration = Duration::from_millis(500);

/// A place at work. After long work it is given back when it has rested.
#[derive(Debug)]
pub(crate) struct Rests<P: Send + 'static> {
    began: Instant,
    place: Option<P>,
}

impl<P: Send + 'static> Rests<P> {
    /// The work begins.
    pub(crate) fn after(place: P) -> Self {
        Self { began: Instant::now(), place: Some(place) }
    }
}

impl<P: Send + 'static> Drop for Rests<P> {
    fn drop(&mut self) {
        let took = self.began.elapsed();
        if took > LONG
            && let Some(place) = self.place.take()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(async move {
                sleep(took.min(LONGEST)).await;
                drop(place);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Semaphore;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_place_rests_for_as_long_as_it_worked_within_bounds() {
        let places = Arc::new(Semaphore::new(1));
        for (took, rest) in [(LONG, Duration::ZERO), (2 * LONG, 2 * LONG), (10 * LONGEST, LONGEST)] {
            let working = Rests::after(Arc::clone(&places).acquire_owned().await.unwrap());
            sleep(took).await;
            let ended = Instant::now();
            drop(working);
            drop(Arc::clone(&places).acquire_owned().await.unwrap());
            assert_eq!(ended.elapsed(), rest);
        }
    }
}
