//! The reasons why an edition may be out of date.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use axum::http::HeaderValue;

use super::{Editions, Entry};

/// The time that Postgres' last confirmation counts.
const CONFIRMED_FOR: Duration = Duration::from_secs(5);
/// The largest error of this node's estimate of the database's time.
const CLOCK_ERROR_MICROS: i64 = 1_000_000;

/// Why an answer may be out of date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stale {
    /// Its `next_change_at` has passed.
    DeadlinePassed,
    /// Its snapshot lies in the future: the database's clock went back.
    ClockWentBack,
    /// A newer version is known and could not be fetched; or changes have waited too long for one, as during a large
    /// import.
    BehindVersion,
    /// It does not include the write of the request's receipt.
    BehindReceipt,
    /// Postgres has not confirmed it for a while.
    Unconfirmed,
    /// The source differs from its map.
    SourceDrift,
}

impl Stale {
    /// The value of `Prewarm-Stale`.
    pub(crate) const fn label(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::DeadlinePassed => "deadline-passed",
            Self::ClockWentBack => "clock-went-back",
            Self::BehindVersion => "behind-version",
            Self::BehindReceipt => "behind-receipt",
            Self::Unconfirmed => "unconfirmed",
            Self::SourceDrift => "source-drift",
        })
    }
}

impl Editions {
    /// Why an entry may be out of date; `None` if it is fresh.
    pub(crate) fn stale(&self, entry: &Entry, now: Instant) -> Option<Stale> {
        if let Some(drift) = self.drift() {
            return Some(drift);
        }
        let there = self.now.at(now);
        if entry.next_change_at.is_some_and(|deadline| deadline <= there) {
            return Some(Stale::DeadlinePassed);
        }
        if entry.as_of.as_micros() > there.as_micros().saturating_add(CLOCK_ERROR_MICROS) {
            return Some(Stale::ClockWentBack);
        }
        if entry.is_behind() || entry.is_lagging() {
            return Some(Stale::BehindVersion);
        }
        let confirmed = match self.confirmed_ms.load(Ordering::Relaxed) {
            0 => None,
            after_start => Some(self.started + Duration::from_millis(after_start)),
        };
        let recently = |confirmed: Instant| now.saturating_duration_since(confirmed) <= CONFIRMED_FOR;
        (!confirmed.is_some_and(recently)).then_some(Stale::Unconfirmed)
    }

    /// Why any answer may be wrong, if the source differs from its map.
    pub(crate) fn drift(&self) -> Option<Stale> {
        self.drifted.load(Ordering::Relaxed).then_some(Stale::SourceDrift)
    }

    /// Records that Postgres has just said which versions are the newest.
    pub(super) fn confirm(&self) {
        let after_start = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.confirmed_ms.store(after_start.max(1), Ordering::Relaxed);
    }
}
