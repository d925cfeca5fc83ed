//! The installation that a node serves. If the database turns out to be another one (restored, promoted, swapped),
//! everything that the node holds is of a past that may never have been.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use readmodel::ids::{Installation, OrgId};
use store::installation::Present;
use tokio::sync::watch;

use super::{Editions, POSTGRES_BUDGET};

/// Interval of recording the installation in Redis, for nodes that start while Postgres is down.
const NOTE_INTERVAL: Duration = Duration::from_secs(60);

/// A short tag of an installation in entries. It is part of the random id, so installations differ in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct HomeTag(u64);

impl HomeTag {
    /// The tag of an installation; a fixed one while the installation is unknown.
    pub(crate) fn of(installation: Option<Installation>) -> Self {
        Self(installation.map_or(0, |installation| installation.0.as_u64_pair().1))
    }
}

/// The installation, as this node knows it.
pub(crate) struct Home {
    present: watch::Sender<Option<Installation>>,
    tag: AtomicU64,
    /// The last transaction that was seen in the installation.
    seen: Mutex<Option<(Installation, i64)>>,
    noted: Mutex<Option<(Installation, Instant)>>,
}

impl Home {
    pub(super) fn unknown() -> Self {
        Self {
            present: watch::Sender::new(None),
            tag: AtomicU64::new(0),
            seen: Mutex::default(),
            noted: Mutex::default(),
        }
    }

    /// The installation, once it is known.
    pub(super) fn present(&self) -> Option<Installation> {
        *self.present.borrow()
    }

    /// The tag of the installation.
    pub(super) fn tag(&self) -> HomeTag {
        HomeTag(self.tag.load(Ordering::Acquire))
    }

    /// Whether an entry belongs to the present installation. A fetch that began before a move may end after it, and its
    /// entry is not served. While the installation is unknown every entry counts, since those of an earlier one were
    /// dropped.
    pub(super) fn is_of(&self, entry: HomeTag) -> bool {
        let home = self.tag();
        entry == home || home == HomeTag::default()
    }

    /// Changes of the installation.
    pub(super) fn follow(&self) -> watch::Receiver<Option<Installation>> {
        self.present.subscribe()
    }

    /// Sets the installation; returns whether it changed.
    fn move_to(&self, installation: Option<Installation>) -> bool {
        self.present.send_if_modified(|present| {
            let moved = *present != installation;
            *present = installation;
            self.tag.store(HomeTag::of(installation).0, Ordering::Release);
            moved
        })
    }

    /// A transaction that this node has seen and that the database has not reached; `None` in the regular case.
    fn lost(&self, present: Present) -> Option<(Installation, i64)> {
        let now = (present.installation?, present.next_xid?);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match *seen {
            Some(before) if before.0 == now.0 && before.1 > now.1 => Some(before),
            _ => {
                *seen = Some(now);
                None
            }
        }
    }

    fn is_to_be_noted(&self, installation: Installation) -> bool {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let is_noted = noted.is_some_and(|(before, at)| before == installation && at.elapsed() < NOTE_INTERVAL);
        if !is_noted {
            *noted = Some((installation, Instant::now()));
        }
        !is_noted
    }
}

impl Editions {
    /// Records the database's installation; returns whether it changed. Then everything held is dropped; versions of
    /// the higher epoch follow, on open streams as well.
    pub(super) fn set_installation(&self, installation: Option<Installation>) -> bool {
        let moved = self.home.move_to(installation);
        if moved {
            self.l1.invalidate_all();
            self.floors.invalidate_all();
        }
        moved
    }

    /// Checks the installation at a regular query. False if the database was set back while this node ran: it is a new
    /// installation now, or will be at the next query.
    pub(super) async fn recognise(&self, present: Present) -> bool {
        if let Some((installation, seen)) = self.home.lost(present) {
            let renewed = tokio::time::timeout(POSTGRES_BUDGET, self.store.renew_if_behind(installation, seen)).await;
            if let Ok(Err(error)) = renewed {
                tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "could not renew the installation of a database that was set back"
                );
            }
            return false;
        }
        self.set_installation(present.installation);
        if let Some(installation) = present.installation.filter(|present| self.home.is_to_be_noted(*present)) {
            let store = self.store.clone();
            tokio::spawn(async move { store.note_installation(installation).await });
        }
        true
    }

    /// The installation for reads from Redis while Postgres is down and has not been heard of yet. Such answers are
    /// labelled as unconfirmed.
    pub(super) async fn home_without_postgres(&self) -> Option<Installation> {
        let noted = self.store.noted_installation().await?;
        if self.home.present().is_none() {
            self.set_installation(Some(noted));
        }
        self.home.present()
    }

    /// Whether an entry belongs to the present installation: see [`Home::is_of`].
    pub(super) fn is_at_home(&self, tag: HomeTag) -> bool {
        self.home.is_of(tag)
    }

    /// Whether an org is in the cache, or somebody waits for it.
    pub(super) fn cares_for(&self, org: OrgId) -> bool {
        self.l1.contains_key(&org) || self.hub.wants(org)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const HERE: Installation = Installation(Uuid::from_u128(1));
    const THERE: Installation = Installation(Uuid::from_u128(2));

    #[test]
    fn a_database_with_an_older_transaction_id_was_set_back() {
        let home = Home::unknown();
        let at = |installation, next_xid| Present { installation: Some(installation), next_xid };
        assert_eq!(home.lost(at(HERE, Some(10))), None);
        assert_eq!(home.lost(at(HERE, Some(9))), Some((HERE, 10)));
        // A standby lags and reports no transaction.
        assert_eq!(home.lost(at(HERE, None)), None);
        assert_eq!(home.lost(at(THERE, Some(3))), None);
        assert_eq!(home.lost(at(THERE, Some(2))), Some((THERE, 3)));
    }

    #[test]
    fn a_change_of_installation_is_reported_once() {
        let home = Home::unknown();
        assert!(home.move_to(Some(HERE)));
        assert!(!home.move_to(Some(HERE)));
        let before = home.tag();
        assert!(home.move_to(Some(THERE)));
        assert_ne!(home.tag(), before);
        assert!(home.move_to(None));
        assert_eq!(home.tag(), HomeTag::default());
    }

    #[test]
    fn a_fetch_begun_before_a_change_of_installation_is_not_served() {
        let home = Home::unknown();
        home.move_to(Some(HERE));
        let begun = HomeTag::of(Some(HERE));
        assert!(home.is_of(begun));
        home.move_to(Some(THERE));
        assert!(!home.is_of(begun));
        home.move_to(None);
        assert!(home.is_of(begun));
    }
}
