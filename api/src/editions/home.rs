//! The installation that a node serves. When the database turns out to be another one (restored, promoted, swapped), all
//! that the node holds belongs to a past that may never have been.

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

/// How often the installation is noted in Redis, for nodes that start while Postgres is away.
const NOTE_EVERY: Duration = Duration::from_secs(60);

/// Names an installation in an entry, in one word. Of two installations the random ids differ in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct HomeTag(u64);

impl HomeTag {
    /// The tag of an installation; of none, where the database is not known.
    pub(crate) fn of(installation: Option<Installation>) -> Self {
        Self(installation.map_or(0, |installation| installation.0.as_u64_pair().1))
    }
}

/// The installation as this node knows it.
pub(crate) struct Home {
    present: watch::Sender<Option<Installation>>,
    tag: AtomicU64,
    /// The last transaction that was seen in it.
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

    /// The installation, once there has been word of it.
    pub(super) fn present(&self) -> Option<Installation> {
        *self.present.borrow()
    }

    /// The same, in one word.
    pub(super) fn tag(&self) -> HomeTag {
        HomeTag(self.tag.load(Ordering::Acquire))
    }

    /// Whether an entry belongs to the present installation. A fetch that began before a move ends after it, and what it
    /// brings is not served. While the installation is unknown every entry counts: those of an earlier one are gone.
    pub(super) fn is_of(&self, entry: HomeTag) -> bool {
        let home = self.tag();
        entry == home || home == HomeTag::default()
    }

    /// The installation, as it changes.
    pub(super) fn follow(&self) -> watch::Receiver<Option<Installation>> {
        self.present.subscribe()
    }

    /// Tells whether the node has moved.
    fn move_to(&self, installation: Option<Installation>) -> bool {
        self.present.send_if_modified(|present| {
            let moved = *present != installation;
            *present = installation;
            self.tag.store(HomeTag::of(installation).0, Ordering::Release);
            moved
        })
    }

    /// A transaction that this node has seen and the database has not come to; none if all is in order.
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
        let is_noted = noted.is_some_and(|(before, at)| before == installation && at.elapsed() < NOTE_EVERY);
        if !is_noted {
            *noted = Some((installation, Instant::now()));
        }
        !is_noted
    }
}

impl Editions {
    /// Takes in which installation the database is; tells whether that is news. Then nothing that is held is of use: the
    /// versions of a higher epoch follow, on open streams as well.
    pub(super) fn settle_in(&self, installation: Option<Installation>) -> bool {
        let moved = self.home.move_to(installation);
        if moved {
            self.l1.invalidate_all();
            self.floors.invalidate_all();
        }
        moved
    }

    /// The same of a regular look. `false`: the database was set back while this node ran. It is another installation now,
    /// or will be at the next look.
    pub(super) async fn recognise(&self, present: Present) -> bool {
        if let Some((installation, seen)) = self.home.lost(present) {
            let renewed = tokio::time::timeout(POSTGRES_BUDGET, self.store.renew_if_behind(installation, seen)).await;
            if let Ok(Err(error)) = renewed {
                tracing::debug!(error = &error as &dyn std::error::Error, "the database was set back");
            }
            return false;
        }
        self.settle_in(present.installation);
        if let Some(installation) = present.installation.filter(|present| self.home.is_to_be_noted(*present)) {
            let store = self.store.clone();
            tokio::spawn(async move { store.note_installation(installation).await });
        }
        true
    }

    /// The installation for a look into Redis before there has been any word from Postgres, which has just been asked in
    /// vain: what serves is labelled as unconfirmed.
    pub(super) async fn home_without_postgres(&self) -> Option<Installation> {
        let noted = self.store.noted_installation().await?;
        if self.home.present().is_none() {
            self.settle_in(Some(noted));
        }
        self.home.present()
    }

    /// [`Home::is_of`] this node.
    pub(super) fn is_at_home(&self, tag: HomeTag) -> bool {
        self.home.is_of(tag)
    }

    /// An org is held, or somebody waits for it.
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
