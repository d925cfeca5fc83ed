//! All blobs of one org at one version.

use crate::{
    blob::{Blob, Rejected},
    ids::{Installation, OrgId},
    model::Model,
    time::Timestamp,
    version::Version,
};

/// The blobs of every model of an org, all true at the same instant. A rebuild makes one, and readers are served from it.
#[derive(Clone, Debug)]
pub struct Edition {
    /// The database that it was made from.
    pub installation: Installation,
    /// The org that it belongs to.
    pub org: OrgId,
    /// Which rebuild.
    pub version: Version,
    /// The instant that the models are true for.
    pub as_of: Timestamp,
    /// The first instant at which a model would differ by time alone.
    pub next_change_at: Option<Timestamp>,
    /// One blob a model, in the order of [`Model::ALL`].
    blobs: Vec<Blob>,
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
        version: Version,
        as_of: Timestamp,
        next_change_at: Option<Timestamp>,
        make: impl FnMut(Model) -> Result<Blob, E>,
    ) -> Result<Self, E> {
        let blobs = Model::ALL.into_iter().map(make).collect::<Result<_, E>>()?;
        Ok(Self { installation, org, version, as_of, next_change_at, blobs })
    }

    /// An edition of stored bytes, each checked as [`Blob::decode`] does; `stored_by` restricts which installation's bytes
    /// are accepted. `bytes` looks a model's up.
    pub fn decode<'a>(
        installation: Installation,
        stored_by: Option<Installation>,
        org: OrgId,
        version: Version,
        as_of: Timestamp,
        next_change_at: Option<Timestamp>,
        bytes: impl Fn(Model) -> Option<&'a [u8]>,
    ) -> Result<Self, Incomplete> {
        Self::of(installation, org, version, as_of, next_change_at, |model| {
            let bytes = bytes(model).ok_or(Incomplete::Missing(model))?;
            Blob::decode(stored_by, org, model, bytes).map_err(|rejected| Incomplete::Rejected(model, rejected))
        })
    }

    /// The blob of a model.
    pub fn blob(&self, model: Model) -> &Blob {
        &self.blobs[model as usize]
    }

    /// Every blob, in the order of [`Model::ALL`].
    pub fn blobs(&self) -> &[Blob] {
        &self.blobs
    }
}
