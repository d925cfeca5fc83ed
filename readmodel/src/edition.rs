//! All blobs of one org at one version.

use crate::{
    blob::{Blob, Format, Rejected},
    ids::{Installation, OrgId},
    model::Model,
    time::Timestamp,
    version::Version,
};

/// What a rebuild makes and a reader is served from: every model of an org, true at the same instant.
#[derive(Clone, Debug)]
pub struct Edition {
    /// The database that it was made from.
    pub installation: Installation,
    /// Whose it is.
    pub org: OrgId,
    /// How its blobs are laid out.
    pub format: Format,
    /// Which rebuild.
    pub version: Version,
    /// The instant that the models are true for.
    pub as_of: Timestamp,
    /// The first instant at which a model would differ by time alone.
    pub next_change_at: Option<Timestamp>,
    /// One blob a model, in the order of [`Model::ALL`].
    blobs: [Blob; Model::COUNT],
}

/// Why stored bytes make no edition.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Incomplete {
    /// A model is not there.
    #[error("the blob of {0} is missing")]
    Missing(Model),
    /// A model's bytes are not its blob.
    #[error("the blob of {0} is {1}")]
    Rejected(Model, #[source] Rejected),
}

impl Edition {
    /// An edition of blobs that `make` yields, one a model.
    pub fn of<E>(
        installation: Installation,
        org: OrgId,
        format: Format,
        version: Version,
        as_of: Timestamp,
        next_change_at: Option<Timestamp>,
        mut make: impl FnMut(Model) -> Result<Blob, E>,
    ) -> Result<Self, E> {
        let [leads, pulse, activity, calls, inbound, outbound, dashboard] = Model::ALL.map(&mut make);
        let blobs = [leads?, pulse?, activity?, calls?, inbound?, outbound?, dashboard?];
        Ok(Self { installation, org, format, version, as_of, next_change_at, blobs })
    }

    /// An edition of stored bytes, each checked as [`Blob::decode`] does; `stored_by` restricts which installation's bytes
    /// are accepted. `bytes` looks a model's up.
    pub fn decode<'a>(
        installation: Installation,
        stored_by: Option<Installation>,
        (org, format): (OrgId, Format),
        version: Version,
        as_of: Timestamp,
        next_change_at: Option<Timestamp>,
        bytes: impl Fn(Model) -> Option<&'a [u8]>,
    ) -> Result<Self, Incomplete> {
        Self::of(installation, org, format, version, as_of, next_change_at, |model| {
            let bytes = bytes(model).ok_or(Incomplete::Missing(model))?;
            Blob::decode(stored_by, org, model, format, bytes).map_err(|rejected| Incomplete::Rejected(model, rejected))
        })
    }

    /// The blob of a model.
    pub fn blob(&self, model: Model) -> &Blob {
        &self.blobs[model as usize]
    }

    /// Every blob, in the order of [`Model::ALL`].
    pub fn blobs(&self) -> &[Blob; Model::COUNT] {
        &self.blobs
    }
}
