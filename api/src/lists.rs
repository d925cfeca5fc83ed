//! Places for lists of calls. A tenant decides what a list costs, and how many it asks for: so an org has one at a time and a
//! short queue, and rests after one that took long; and all orgs together have so few that Postgres has time for everybody
//! else.

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

/// Lists of one org that run at once on this node.
const ORG_RUNS: usize = 1;
/// Lists of one org that run or wait for their turn.
const ORG_ASKS: usize = 8;
/// After a list that takes longer than this its org rests for as long again.
const LONG: Duration = Duration::from_millis(20);
/// No rest is longer: a list may be slow by no fault of its org.
const LONGEST_REST: Duration = Duration::from_millis(500);

/// The places of a node. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Lists {
    node: Arc<Semaphore>,
    orgs: Arc<Mutex<HashMap<OrgId, Line>>>,
}

/// The lists of one org.
#[derive(Clone, Debug)]
struct Line {
    asks: Arc<Semaphore>,
    runs: Arc<Semaphore>,
}

/// A list that waits for its turn, or runs.
#[derive(Debug)]
pub(crate) struct Ask {
    org: OrgId,
    line: Line,
    lists: Lists,
    /// Given back before the org's line is looked at.
    permit: Option<OwnedSemaphorePermit>,
}

/// The right to run a list, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    began: Instant,
    turn: Option<Turn>,
    _node: OwnedSemaphorePermit,
}

/// While an org's turn is held, no other list of the org runs.
#[derive(Debug)]
struct Turn {
    _run: OwnedSemaphorePermit,
    _ask: Ask,
}

/// The org has as many lists under way as it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMany;

impl Default for Lists {
    fn default() -> Self {
        Self { node: Arc::new(Semaphore::new(store::LISTS)), orgs: Arc::default() }
    }
}

impl Lists {
    /// Gets in line, if the org's is not full.
    pub(crate) fn ask(&self, org: OrgId) -> Result<Ask, TooMany> {
        let mut orgs = self.lock();
        let line = orgs.entry(org).or_insert_with(Line::new).clone();
        let permit = Arc::clone(&line.asks).try_acquire_owned().map_err(|_| TooMany)?;
        Ok(Ask { org, line, lists: self.clone(), permit: Some(permit) })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<OrgId, Line>> {
        self.orgs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    fn new() -> Self {
        Self { asks: Arc::new(Semaphore::new(ORG_ASKS)), runs: Arc::new(Semaphore::new(ORG_RUNS)) }
    }
}

impl Ask {
    /// Waits for a turn: the org's own first, so that those of one org which wait keep no place from another's.
    ///
    /// `None`: never, since nobody closes the semaphores.
    pub(crate) async fn turn(self) -> Option<Place> {
        let run = Arc::clone(&self.line.runs).acquire_owned().await.ok()?;
        let node = Arc::clone(&self.lists.node).acquire_owned().await.ok()?;
        Some(Place { began: Instant::now(), turn: Some(Turn { _run: run, _ask: self }), _node: node })
    }
}

impl Drop for Place {
    /// Another org may take the place at once; its own org after a rest, so that an org which always comes back leaves the
    /// others half of the time.
    fn drop(&mut self) {
        let took = self.began.elapsed();
        if took > LONG
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
    /// The last one takes the org's line off the table.
    fn drop(&mut self) {
        let mut orgs = self.lists.lock();
        drop(self.permit.take());
        if self.line.asks.available_permits() == ORG_ASKS {
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
        for (took, rest) in [(LONG, Duration::ZERO), (2 * LONG, 2 * LONG), (10 * LONGEST_REST, LONGEST_REST)] {
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
