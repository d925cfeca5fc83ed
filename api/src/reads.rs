//! The counters of reads. They are looked up once, since a look-up by labels would cost more than the rest of a read.

use std::time::Duration;

use axum::http::HeaderValue;
use metrics::{Counter, Histogram, counter, histogram};
use monitoring::names;
use readmodel::model::Model;

use crate::coding::Coding;

/// Where an answer comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The cache of this process.
    L1,
    /// Redis.
    Redis,
    /// The blobs in Postgres.
    Postgres,
    /// A build for this read, because there was no blob.
    Built,
    /// A query of the source.
    Query,
    /// Nothing, in the case of an error.
    None,
}

/// The outcome of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadOutcome {
    /// An up-to-date body.
    Fresh,
    /// A body labelled stale.
    Stale,
    /// A 304.
    NotModified,
    /// An error.
    Error,
}

/// A tier in which an edition is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tier {
    /// The cache of this process.
    L1,
    /// Redis.
    Redis,
    /// The blobs in Postgres.
    Postgres,
}

/// The outcome of a look-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LookUpOutcome {
    /// An edition.
    Hit,
    /// No edition.
    Miss,
    /// An unusable edition, or no answer.
    Error,
}

impl Source {
    const ALL: [Self; 6] = [Self::L1, Self::Redis, Self::Postgres, Self::Built, Self::Query, Self::None];

    const fn name(self) -> &'static str {
        match self {
            Self::L1 => "l1",
            Self::Redis => "redis",
            Self::Postgres => "postgres",
            Self::Built => "built",
            Self::Query => "query",
            Self::None => "none",
        }
    }

    /// The value of `Prewarm-Source`.
    pub(crate) const fn label(self) -> HeaderValue {
        HeaderValue::from_static(self.name())
    }
}

impl ReadOutcome {
    const ALL: [Self; 4] = [Self::Fresh, Self::Stale, Self::NotModified, Self::Error];

    const fn name(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Stale => "stale",
            Self::NotModified => "not_modified",
            Self::Error => "error",
        }
    }
}

impl Tier {
    const ALL: [Self; 3] = [Self::L1, Self::Redis, Self::Postgres];

    /// The name in metrics and logs.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::L1 => "l1",
            Self::Redis => "redis",
            Self::Postgres => "postgres",
        }
    }
}

impl LookUpOutcome {
    const ALL: [Self; 3] = [Self::Hit, Self::Miss, Self::Error];

    const fn name(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Error => "error",
        }
    }
}

/// The counters.
pub(crate) struct Reads {
    outcomes: [[[Counter; ReadOutcome::ALL.len()]; Source::ALL.len()]; Model::COUNT],
    look_ups: [[Counter; LookUpOutcome::ALL.len()]; Tier::ALL.len()],
    bytes: [Counter; Coding::ALL.len()],
    seconds: Histogram,
}

impl std::fmt::Debug for Reads {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reads").finish_non_exhaustive()
    }
}

impl Reads {
    /// Registers all counters, so that each exists at 0.
    pub(crate) fn register() -> Self {
        let outcome = |model: Model, source: Source, outcome: ReadOutcome| counter!(names::READS_TOTAL, "model" => model.name(), "source" => source.name(), "outcome" => outcome.name());
        let look_up = |tier: Tier, found: LookUpOutcome| counter!(names::CACHE_REQUESTS_TOTAL, "tier" => tier.name(), "outcome" => found.name());
        Self {
            outcomes: Model::ALL.map(|m| Source::ALL.map(|s| ReadOutcome::ALL.map(|o| outcome(m, s, o)))),
            look_ups: Tier::ALL.map(|tier| LookUpOutcome::ALL.map(|found| look_up(tier, found))),
            bytes: Coding::ALL.map(|coding| counter!(names::READ_BYTES_TOTAL, "coding" => coding.name())),
            seconds: histogram!(names::READ_SECONDS),
        }
    }

    /// Counts a read.
    pub(crate) fn count(&self, model: Model, source: Source, outcome: ReadOutcome) {
        self.outcomes[model as usize][source as usize][outcome as usize].increment(1);
    }

    /// Counts a look-up.
    pub(crate) fn look_up(&self, tier: Tier, found: LookUpOutcome) {
        self.look_ups[tier as usize][found as usize].increment(1);
    }

    /// Counts the bytes of a sent body.
    pub(crate) fn count_bytes(&self, coding: Coding, bytes: usize) {
        self.bytes[coding as usize].increment(bytes as u64);
    }

    /// Records the duration of a read.
    pub(crate) fn record(&self, took: Duration) {
        self.seconds.record(took);
    }
}
