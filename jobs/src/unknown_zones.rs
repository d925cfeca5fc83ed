//! Tells of orgs whose time zone has a name that is not known: their days are those of UTC, and "today" may be off.

use std::{
    collections::HashSet,
    sync::{LazyLock, Mutex, PoisonError},
};

use metrics::counter;
use monitoring::names::UNKNOWN_TIMEZONES_TOTAL;
use readmodel::ids::OrgId;

/// Orgs that are remembered. Beyond them some are told a second time.
const REMEMBERED: usize = 10_000;

/// Characters of a name that are logged: a tenant wrote it.
const SHOWN: usize = 64;

/// An org's rebuilds come every few seconds; each name is told once a process.
static TOLD: LazyLock<Mutex<HashSet<(OrgId, String)>>> = LazyLock::new(Mutex::default);

pub(crate) fn tell(org: OrgId, zone: &str) {
    let shown: String = zone.chars().take(SHOWN).collect();
    if is_new(org, &shown) {
        counter!(UNKNOWN_TIMEZONES_TOTAL).increment(1);
        tracing::warn!(%org, zone = ?shown, "the org's time zone has no known name: its days are those of UTC");
    }
}

fn is_new(org: OrgId, zone: &str) -> bool {
    let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    if told.len() >= REMEMBERED {
        told.clear();
    }
    told.insert((org, zone.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn each_unknown_zone_of_an_org_is_logged_once() {
        let [one, other] = [1, 2].map(|n| OrgId(Uuid::from_u128(n)));
        assert!(is_new(one, "GMT+2"));
        assert!(!is_new(one, "GMT+2"));
        assert!(is_new(one, "GMT+3"));
        assert!(is_new(other, "GMT+2"));
    }
}
