//! The counters of reads. Each is looked up once and held, since a look-up by labels would cost a read more
//! than its bytes do.

use std::time::Duration;

use axum::http::HeaderValue;
use metrics::{Counter, Histogram, counter, histogram};
use monitoring::names;
use readmodel::model::Model;

use crate::coding::Coding;

/// Where an answer came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// This process.
    L1,
    /// Redis.
    Redis,
    /// Postgres' blobs.
    Postgres,
    /// A build for this read, since there was no blob.
    Built,
    /// The source itself.
    Query,
    /// Nowhere: it is an error.
    None,
}

/// How a read ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// With a body that shows how things are.
    Fresh,
    /// With a body that may not.
    Stale,
    /// The client had it.
    NotModified,
    /// With an error.
    Error,
}

/// Where an edition is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tier {
    /// This process.
    L1,
    /// Redis.
    Redis,
    /// Postgres' blobs.
    Postgres,
}

/// What a look-up found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// An edition.
    Hit,
    /// None.
    Miss,
    /// Something unusable, or no answer.
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

impl Outcome {
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

impl Found {
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
    outcomes: [[[Counter; Outcome::ALL.len()]; Source::ALL.len()]; Model::COUNT],
    look_ups: [[Counter; Found::ALL.len()]; Tier::ALL.len()],
    bytes: [Counter; Coding::ALL.len()],
    seconds: Histogram,
}

impl std::fmt::Debug for Reads {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reads").finish_non_exhaustive()
    }
}

impl Reads {
    /// Registers all of them, so that each is there at 0.
    pub(crate) fn register() -> Self {
        let outcome = |model: Model, source: Source, outcome: Outcome| counter!(names::READS_TOTAL, "model" => model.name(), "source" => source.name(), "outcome" => outcome.name());
        let look_up = |tier: Tier, found: Found| counter!(names::CACHE_REQUESTS_TOTAL, "tier" => tier.name(), "outcome" => found.name());
        Self {
            outcomes: Model::ALL.map(|m| Source::ALL.map(|s| Outcome::ALL.map(|o| outcome(m, s, o)))),
            look_ups: Tier::ALL.map(|tier| Found::ALL.map(|found| look_up(tier, found))),
            bytes: Coding::ALL.map(|coding| counter!(names::READ_BYTES_TOTAL, "coding" => coding.name())),
            seconds: histogram!(names::READ_SECONDS),
        }
    }

    /// A read has ended.
    pub(crate) fn count(&self, model: Model, source: Source, outcome: Outcome) {
        self.outcomes[model as usize][source as usize][outcome as usize].increment(1);
    }

    /// An edition was looked for.
    pub(crate) fn look_up(&self, tier: Tier, found: Found) {
        self.look_ups[tier as usize][found as usize].increment(1);
    }

    /// A body is sent.
    pub(crate) fn count_bytes(&self, coding: Coding, bytes: usize) {
        self.bytes[coding as usize].increment(bytes as u64);
    }

    /// How long a read took.
    pub(crate) fn record(&self, took: Duration) {
        self.seconds.record(took);
    }
}
