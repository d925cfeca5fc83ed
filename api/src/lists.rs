//! Limits for lists of calls, whose cost and number a tenant decides. An org runs one at a time, has a short queue, and
//! rests after one that took long. All orgs together run few, so that Postgres has time for everything else.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use readmodel::ids::OrgId;
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep},
};

/// Lists of an org that run at once on this node.
const ORG_RUNS: usize = 1;
/// Lists of an org that run or wait.
const ORG_ASKS: usize = 8;
/// An org rests after a list that takes longer than this, for as long as the list took.
const LONG_LIST: Duration = Duration::from_millis(20);
/// The longest rest, since a list may be slow for other reasons than its org.
const LONGEST_REST: Duration = Duration::from_millis(500);

/// The limits of a node. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Lists {
    node: Arc<Semaphore>,
    orgs: Arc<Mutex<HashMap<OrgId, OrgLists>>>,
}

/// The lists of an org.
#[derive(Clone, Debug)]
struct OrgLists {
    asks: Arc<Semaphore>,
    runs: Arc<Semaphore>,
}

/// A list that waits or runs.
#[derive(Debug)]
pub(crate) struct Ask {
    org: OrgId,
    org_lists: OrgLists,
    lists: Lists,
    /// Released before checking whether the org's queue is empty.
    permit: Option<OwnedSemaphorePermit>,
}

/// The right to run a list, released on drop.
#[derive(Debug)]
pub(crate) struct Place {
    began: Instant,
    turn: Option<Turn>,
    _node: OwnedSemaphorePermit,
}

/// The org's part of that right: no other list of the org runs meanwhile.
#[derive(Debug)]
struct Turn {
    _run: OwnedSemaphorePermit,
    _ask: Ask,
}

/// The org has too many lists running or waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMany;

impl Default for Lists {
    fn default() -> Self {
        Self { node: Arc::new(Semaphore::new(store::LISTS)), orgs: Arc::default() }
    }
}

impl Lists {
    /// Enters the org's queue, unless it is full.
    pub(crate) fn ask(&self, org: OrgId) -> Result<Ask, TooMany> {
        let mut orgs = self.lock();
        let org_lists = orgs.entry(org).or_insert_with(OrgLists::new).clone();
        let permit = Arc::clone(&org_lists.asks).try_acquire_owned().map_err(|_| TooMany)?;
        Ok(Ask { org, org_lists, lists: self.clone(), permit: Some(permit) })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<OrgId, OrgLists>> {
        self.orgs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OrgLists {
    fn new() -> Self {
        Self { asks: Arc::new(Semaphore::new(ORG_ASKS)), runs: Arc::new(Semaphore::new(ORG_RUNS)) }
    }
}

impl Ask {
    /// Waits for a turn; first the org's own, so that the waiting lists of one org do not occupy the node.
    ///
    /// `None` never occurs, since the semaphores are not closed.
    pub(crate) async fn turn(self) -> Option<Place> {
        let run = Arc::clone(&self.org_lists.runs).acquire_owned().await.ok()?;
        let node = Arc::clone(&self.lists.node).acquire_owned().await.ok()?;
        Some(Place { began: Instant::now(), turn: Some(Turn { _run: run, _ask: self }), _node: node })
    }
}

impl Drop for Place {
    /// Frees the node's part at once and the org's after a rest, so that an org which always comes back leaves half of
    /// the time to the others.
    fn drop(&mut self) {
        let took = self.began.elapsed();
        if took > LONG_LIST
            && let Some(turn) = self.turn.take()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(async move {
                sleep(took.min(LONGEST_REST)).await;
                drop(turn);
            });
        }
    }
}

impl Drop for Ask {
    /// Removes the org's queue with its last list.
    fn drop(&mut self) {
        let mut orgs = self.lists.lock();
        drop(self.permit.take());
        if self.org_lists.asks.available_permits() == ORG_ASKS {
            orgs.remove(&self.org);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use uuid::Uuid;

    use super::*;

    fn org(n: u128) -> OrgId {
        OrgId(Uuid::from_u128(n))
    }

    #[tokio::test]
    async fn an_org_runs_one_list_at_a_time_and_has_a_short_queue() {
        let lists = Lists::default();
        let running = lists.ask(org(1)).unwrap().turn().await.unwrap();
        let mut waiting: Vec<_> = (1..ORG_ASKS).map(|_| Box::pin(lists.ask(org(1)).unwrap().turn())).collect();
        assert!(waiting.iter_mut().all(|turn| turn.now_or_never().is_none()));
        assert_eq!(lists.ask(org(1)).unwrap_err(), TooMany);
        assert!(lists.ask(org(2)).unwrap().turn().now_or_never().is_some(), "another org does not wait");
        // A cancelled list makes room in the queue, and a completed one lets the next run.
        waiting.pop();
        assert!(lists.ask(org(1)).is_ok());
        drop(running);
        assert!(waiting[0].as_mut().now_or_never().is_some());
        drop(waiting);
        assert!(lists.lock().is_empty(), "nobody is remembered");
    }

    #[tokio::test(start_paused = true)]
    async fn an_org_rests_after_a_slow_list_and_other_orgs_do_not() {
        let lists = Lists::default();
        for (took, rest) in
            [(LONG_LIST, Duration::ZERO), (2 * LONG_LIST, 2 * LONG_LIST), (10 * LONGEST_REST, LONGEST_REST)]
        {
            let running = lists.ask(org(1)).unwrap().turn().await.unwrap();
            sleep(took).await;
            let ended = Instant::now();
            drop(running);
            assert_eq!(lists.node.available_permits(), store::LISTS);
            assert!(lists.ask(org(2)).unwrap().turn().now_or_never().is_some(), "another org does not wait");
            drop(lists.ask(org(1)).unwrap().turn().await.unwrap());
            assert_eq!(ended.elapsed(), rest);
        }
        assert!(lists.lock().is_empty(), "nobody is remembered");
    }

    #[tokio::test]
    async fn lists_of_all_orgs_share_a_fixed_number_of_places() {
        let lists = Lists::default();
        let turns = (0..store::LISTS as u128).map(|n| lists.ask(org(n)).unwrap().turn().now_or_never().unwrap());
        let running: Vec<_> = turns.collect();
        let mut next = Box::pin(lists.ask(org(99)).unwrap().turn());
        assert!(next.as_mut().now_or_never().is_none());
        drop(running);
        assert!(next.now_or_never().is_some());
    }
}
