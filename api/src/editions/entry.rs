//! An edition as a node holds it: for each model what an answer says and the bytes it carries, ready to send.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::http::HeaderValue;
use bytes::Bytes;
use readmodel::{edition::Edition, model::Model, time::Timestamp, version::Version};

use super::{Labels, content::Content, home::HomeTag};

/// All models of an org at one version.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The installation that it is of.
    pub home: HomeTag,
    /// Which rebuild.
    pub version: Version,
    /// The instant that the models are true for.
    pub as_of: Timestamp,
    /// The first instant at which a model would differ by time alone.
    pub next_change_at: Option<Timestamp>,
    bodies: [Body; Model::COUNT],
    /// The versions before it that this node has seen, newest first, as their dashboards were.
    past: Vec<Past>,
    /// A newer version exists.
    behind: AtomicBool,
    /// A change has waited for a newer version for too long.
    lagging: AtomicBool,
}

/// One model of an entry.
#[derive(Debug)]
pub(crate) struct Body {
    /// What every answer with it says.
    pub labels: Labels,
    /// What it carries.
    pub content: Arc<Content>,
}

/// A version that was, as its dashboard showed it. The bytes are those that deltas start from.
#[derive(Clone, Debug)]
pub(crate) struct Past {
    /// Which rebuild.
    pub version: Version,
    /// What every answer with it says.
    pub labels: Labels,
    /// The instant that it is true for.
    pub as_of: Timestamp,
    /// Its tag.
    pub etag: HeaderValue,
    /// Its body.
    pub zstd: Bytes,
}

/// Versions that can be looked at, the newest included.
const KEPT_VERSIONS: usize = 16;
/// zstd bytes of the past of one org, at most.
const MAX_PAST_BYTES: usize = 256 * 1024;

/// Beside the bodies: what an entry takes in tables and labels.
const OVERHEAD_BYTES: usize = 8 * 1024;

impl Entry {
    /// Makes an edition ready to send. `before` is what the org's clients may hold.
    pub(crate) fn of(edition: &Edition, before: Option<&Self>) -> Self {
        let Edition { version, as_of, next_change_at, .. } = *edition;
        let bodies = Model::ALL.map(|model| {
            let content = Content::of(edition.blob(model), before.map(|before| &before.body(model).content));
            Body { labels: Labels::new(version, as_of, next_change_at, &content.etag), content }
        });
        let home = HomeTag::of(Some(edition.installation));
        let past = before.filter(|before| before.home == home).map(Self::pasts).unwrap_or_default();
        let (behind, lagging) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { home, version, as_of, next_change_at, bodies, past, behind, lagging }
    }

    /// This version and those before it, as the next one will remember them.
    fn pasts(&self) -> Vec<Past> {
        let mut room = MAX_PAST_BYTES;
        let all = std::iter::once(self.as_past()).chain(self.past.iter().cloned());
        let fits = |past: &Past| {
            let fits = past.zstd.len() <= room;
            room = room.saturating_sub(past.zstd.len());
            fits
        };
        all.take(KEPT_VERSIONS - 1).take_while(fits).collect()
    }

    fn as_past(&self) -> Past {
        let Body { labels, content } = self.body(Model::Dashboard);
        Past {
            version: self.version,
            labels: labels.clone(),
            as_of: self.as_of,
            etag: content.etag.clone(),
            zstd: content.zstd().clone(),
        }
    }

    /// The dashboard as it was at a version, this one or one before.
    pub(crate) fn at(&self, version: Version) -> Option<Past> {
        if version == self.version {
            return Some(self.as_past());
        }
        self.past.iter().find(|past| past.version == version).cloned()
    }

    /// The body of a model.
    pub(crate) fn body(&self, model: Model) -> &Body {
        &self.bodies[model as usize]
    }

    /// Whether an edition adds nothing to this entry: it is of the same installation, and no newer. One of the same version
    /// and another instant was given its version a second time, after the database was set back.
    pub(crate) fn is_no_older_than(&self, edition: &Edition) -> bool {
        self.home == HomeTag::of(Some(edition.installation))
            && (self.version > edition.version || (self.version == edition.version && self.as_of == edition.as_of))
    }

    /// Whether a newer version is known to exist.
    pub(crate) fn is_behind(&self) -> bool {
        self.behind.load(Ordering::Acquire)
    }

    /// A newer version exists.
    pub(crate) fn fall_behind(&self) {
        self.behind.store(true, Ordering::Release);
    }

    /// Whether a change has waited for a newer version for too long.
    pub(crate) fn is_lagging(&self) -> bool {
        self.lagging.load(Ordering::Relaxed)
    }

    /// Postgres has told whether a change waits.
    pub(crate) fn set_lagging(&self, lagging: bool) {
        self.lagging.store(lagging, Ordering::Relaxed);
    }

    /// About how much memory the entry takes, once everything has been asked for.
    pub(crate) fn weight_bytes(&self) -> u32 {
        let bodies: usize = self.bodies.iter().map(|body| body.content.weight_bytes()).sum();
        let past: usize = self.past.iter().map(|past| past.zstd.len()).sum();
        u32::try_from(OVERHEAD_BYTES + bodies + past).unwrap_or(u32::MAX)
    }
}
