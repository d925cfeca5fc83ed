//! An edition on a node: for each model its headers and bytes, ready to send.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::http::HeaderValue;
use readmodel::{edition::Edition, model::Model, time::Timestamp, version::Version};

use super::{
    Labels,
    content::{Content, Packed},
    home::HomeTag,
};

/// All models of an org at one version.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The installation it belongs to.
    pub home: HomeTag,
    /// The version.
    pub version: Version,
    /// The instant of its snapshot.
    pub as_of: Timestamp,
    /// The first instant at which a model changes by time alone.
    pub next_change_at: Option<Timestamp>,
    bodies: [Body; Model::COUNT],
    /// The dashboards of earlier versions that this node has seen, newest first.
    past: Vec<Past>,
    /// Whether a newer version exists.
    behind: AtomicBool,
    /// Whether a change has waited too long for a newer version.
    lagging: AtomicBool,
}

/// A model of an entry.
#[derive(Debug)]
pub(crate) struct Body {
    /// The headers of every answer.
    pub labels: Labels,
    /// The bytes.
    pub content: Arc<Content>,
}

/// The dashboard of an earlier version. Deltas start from its bytes.
#[derive(Clone, Debug)]
pub(crate) struct Past {
    /// The version.
    pub version: Version,
    /// The headers of every answer.
    pub labels: Labels,
    /// The instant of its snapshot.
    pub as_of: Timestamp,
    /// The entity tag.
    pub etag: HeaderValue,
    /// The bytes.
    pub packed: Packed,
}

/// Versions that can be read, including the newest.
const KEPT_VERSIONS: usize = 16;
/// Most zstd bytes of an org's earlier versions.
const MAX_PAST_BYTES: usize = 256 * 1024;

/// The memory of an entry besides its bodies: tables and labels.
const OVERHEAD_BYTES: usize = 8 * 1024;

impl Entry {
    /// Prepares an edition for sending. `before` is the entry that the org's clients may have seen.
    pub(crate) fn of(edition: &Edition, before: Option<&Self>) -> Self {
        let Edition { version, as_of, next_change_at, .. } = *edition;
        let held = |model| before.map(|before| &before.body(model).content);
        let stored: Vec<_> = edition.blobs().iter().map(|blob| Content::of(blob, held(blob.model))).collect();
        let bodies = Model::ALL.map(|model| {
            let content = match stored.get(model as usize) {
                Some(content) => Arc::clone(content),
                None => {
                    let panels = Model::PANELS.map(|panel| &*stored[panel as usize]);
                    Content::joined(edition.digest(model), panels, held(model))
                }
            };
            Body { labels: Labels::new(version, as_of, next_change_at, &content.etag), content }
        });
        let home = HomeTag::of(Some(edition.installation));
        let past = before.filter(|before| before.home == home).map(Self::pasts).unwrap_or_default();
        let (behind, lagging) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { home, version, as_of, next_change_at, bodies, past, behind, lagging }
    }

    /// This version and the earlier ones, for the next entry.
    fn pasts(&self) -> Vec<Past> {
        let mut room = MAX_PAST_BYTES;
        let all = std::iter::once(self.as_past()).chain(self.past.iter().cloned());
        let fits = |past: &Past| {
            let fits = past.packed.len() <= room;
            room = room.saturating_sub(past.packed.len());
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
            packed: content.packed().clone(),
        }
    }

    /// The dashboard at a version, this one or an earlier one.
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

    /// Whether an edition adds nothing to this entry: it has the same installation and is not newer. With equal
    /// versions but different instants, the version was given again after the database was set back.
    pub(crate) fn is_no_older_than(&self, edition: &Edition) -> bool {
        self.home == HomeTag::of(Some(edition.installation))
            && (self.version > edition.version || (self.version == edition.version && self.as_of == edition.as_of))
    }

    /// Whether a newer version is known to exist.
    pub(crate) fn is_behind(&self) -> bool {
        self.behind.load(Ordering::Acquire)
    }

    /// Records that a newer version exists.
    pub(crate) fn fall_behind(&self) {
        self.behind.store(true, Ordering::Release);
    }

    /// Whether a change has waited too long for a newer version.
    pub(crate) fn is_lagging(&self) -> bool {
        self.lagging.load(Ordering::Relaxed)
    }

    /// Records whether a change has waited too long, according to Postgres.
    pub(crate) fn set_lagging(&self, lagging: bool) {
        self.lagging.store(lagging, Ordering::Relaxed);
    }

    /// The approximate memory with all forms made.
    pub(crate) fn weight_bytes(&self) -> u32 {
        let bodies: usize = self.bodies.iter().map(|body| body.content.weight_bytes()).sum();
        let past: usize = self.past.iter().map(|past| past.packed.len()).sum();
        u32::try_from(OVERHEAD_BYTES + bodies + past).unwrap_or(u32::MAX)
    }
}
