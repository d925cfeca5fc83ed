//! Single flight: of all requests for an org's edition at one moment, one fetches it for all.

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use readmodel::ids::OrgId;

/// The running fetches.
pub(crate) struct Flights<T>(Arc<Mutex<HashMap<OrgId, Flight<T>>>>);

type Flight<T> = Shared<BoxFuture<'static, Option<T>>>;

impl<T> Default for Flights<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: Clone + Send + Sync + 'static> Flights<T> {
    /// Joins the running fetch of an org, or starts one. The fetch continues if its waiters go away.
    ///
    /// `None` if the fetch panicked.
    pub(crate) async fn join<F>(&self, org: OrgId, start: impl FnOnce() -> F) -> Option<T>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let flight = {
            let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match flights.get(&org) {
                Some(flight) => flight.clone(),
                None => {
                    let flight = self.launch(org, start());
                    flights.insert(org, flight.clone());
                    flight
                }
            }
        };
        flight.await
    }

    fn launch(&self, org: OrgId, fetch: impl Future<Output = T> + Send + 'static) -> Flight<T> {
        let flights = Arc::clone(&self.0);
        let landed = Landing { org, flights };
        let task = tokio::spawn(async move {
            let _landed = landed;
            fetch.await
        });
        async move { task.await.ok() }.boxed().shared()
    }
}

/// Removes the flight when it ends, also by a panic.
struct Landing<T> {
    org: OrgId,
    flights: Arc<Mutex<HashMap<OrgId, Flight<T>>>>,
}

impl<T> Drop for Landing<T> {
    fn drop(&mut self) {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.org);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Notify;
    use uuid::Uuid;

    use super::*;

    const ORG: OrgId = OrgId(Uuid::from_u128(1));

    #[tokio::test]
    async fn concurrent_readers_share_one_fetch() {
        let flights = Arc::new(Flights::<usize>::default());
        let (fetches, go) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let readers: Vec<_> = (0..100)
            .map(|_| {
                let (flights, fetches, go) = (flights.clone(), fetches.clone(), go.clone());
                tokio::spawn(async move {
                    flights
                        .join(ORG, || async move {
                            go.notified().await;
                            fetches.fetch_add(1, Ordering::SeqCst) + 1
                        })
                        .await
                })
            })
            .collect();
        tokio::task::yield_now().await;
        go.notify_one();
        for reader in readers {
            assert_eq!(reader.await.unwrap(), Some(1));
        }
    }

    #[tokio::test]
    async fn a_fetch_that_panics_ends_and_the_next_one_starts_over() {
        let flights = Flights::<usize>::default();
        assert_eq!(flights.join(ORG, || async { panic!("broken") }).await, None);
        assert_eq!(flights.join(ORG, || async { 2 }).await, Some(2));
    }

    #[tokio::test]
    async fn a_reader_that_hangs_up_does_not_cancel_the_fetch() {
        let flights = Arc::new(Flights::<usize>::default());
        let go = Arc::new(Notify::new());
        let waiting = go.clone();
        let mut first = Box::pin(flights.join(ORG, || async move {
            waiting.notified().await;
            7
        }));
        assert!(futures_util::poll!(&mut first).is_pending());
        let second = flights.join(ORG, || async { 8 });
        drop(first);
        go.notify_one();
        assert_eq!(second.await, Some(7));
    }
}
