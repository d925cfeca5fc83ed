//! Reports orgs whose time zone has an unknown name: their days are those of UTC, so "today" may be off.

use std::{
    collections::HashSet,
    sync::{LazyLock, Mutex, PoisonError},
};

use metrics::counter;
use monitoring::names::UNKNOWN_TIMEZONES_TOTAL;
use readmodel::ids::OrgId;

/// Names that are remembered. Beyond that some are reported again.
const MAX_REMEMBERED: usize = 10_000;

/// The longest name in the log, in characters: a tenant wrote it.
const MAX_SHOWN_CHARS: usize = 64;

/// The reported names. An org is rebuilt every few seconds; each name is reported once a process.
static REPORTED: LazyLock<Mutex<HashSet<(OrgId, String)>>> = LazyLock::new(Mutex::default);

pub(crate) fn report(org: OrgId, zone: &str) {
    let shown: String = zone.chars().take(MAX_SHOWN_CHARS).collect();
    if is_new(org, &shown) {
        counter!(UNKNOWN_TIMEZONES_TOTAL).increment(1);
        tracing::warn!(%org, zone = ?shown, "unknown time zone; the org's days are those of UTC");
    }
}

fn is_new(org: OrgId, zone: &str) -> bool {
    let mut reported = REPORTED.lock().unwrap_or_else(PoisonError::into_inner);
    if reported.len() >= MAX_REMEMBERED {
        reported.clear();
    }
    reported.insert((org, zone.to_owned()))
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
