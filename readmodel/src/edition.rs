//! All blobs of one org at one version.

use crate::{
    blob::{Blob, Digest, PackError, Rejected},
    ids::{Installation, OrgId},
    model::{Canonical, Model, dashboard_pieces},
    time::Timestamp,
    version::Version,
};

/// The blobs of an org, all true at the same instant. A rebuild makes one, and readers are served from it.
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
    /// One blob a model, in the order of [`Model::STORED`].
    blobs: Vec<Blob>,
    /// The digest of the dashboard, which has no blob.
    dashboard: Digest,
}

/// The facts of an edition besides its bodies.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields of Edition, by the same names")]
pub struct Head {
    pub installation: Installation,
    pub org: OrgId,
    pub version: Version,
    pub as_of: Timestamp,
    pub next_change_at: Option<Timestamp>,
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
    /// Packs the models of a rebuild. Those with the bytes of the version before keep its blobs.
    ///
    /// # Errors
    /// A body that no reader would unpack.
    pub fn pack(head: Head, models: &Canonical, before: Option<(&Canonical, &Self)>) -> Result<Self, PackError> {
        let identities = models.bytes();
        let pack = |model: Model| {
            let identity = identities[model as usize];
            let kept =
                before.filter(|(bytes, edition)| edition.org == head.org && bytes.bytes()[model as usize] == identity);
            match kept.and_then(|(_, edition)| edition.blob(model)) {
                Some(blob) => Ok(blob.clone()),
                None => Blob::pack(head.org, model, head.version, identity),
            }
        };
        let blobs = Model::STORED.into_iter().map(pack).collect::<Result<_, _>>()?;
        Ok(Self::of(head, blobs, |panel| identities[panel as usize]))
    }

    /// An edition of stored bytes, each checked as [`Blob::decode`] does; `stored_by` restricts which installation's bytes
    /// are accepted. `bytes` looks a model's up.
    pub fn decode<'a>(
        head: Head,
        stored_by: Option<Installation>,
        bytes: impl Fn(Model) -> Option<&'a [u8]>,
    ) -> Result<Self, Incomplete> {
        let decode = |model: Model| {
            let bytes = bytes(model).ok_or(Incomplete::Missing(model))?;
            Blob::decode_and_unpack(stored_by, head.org, model, bytes)
                .map_err(|rejected| Incomplete::Rejected(model, rejected))
        };
        let decoded = Model::STORED.into_iter().map(decode).collect::<Result<Vec<_>, _>>()?;
        let (blobs, identities): (Vec<_>, Vec<_>) = decoded.into_iter().unzip();
        Ok(Self::of(head, blobs, |panel| &identities[panel as usize]))
    }

    fn of<'a>(head: Head, blobs: Vec<Blob>, identity: impl Fn(Model) -> &'a [u8]) -> Self {
        let Head { installation, org, version, as_of, next_change_at } = head;
        let pieces = dashboard_pieces(Model::PANELS.map(identity));
        let dashboard = Digest::of_pieces(org, Model::Dashboard, &pieces);
        Self { installation, org, version, as_of, next_change_at, blobs, dashboard }
    }

    /// The blob of a stored model; the dashboard has none.
    pub fn blob(&self, model: Model) -> Option<&Blob> {
        self.blobs.get(model as usize)
    }

    /// Every blob, in the order of [`Model::STORED`].
    pub fn blobs(&self) -> &[Blob] {
        &self.blobs
    }

    /// The digest of a model.
    pub fn digest(&self, model: Model) -> Digest {
        self.blob(model).map_or(self.dashboard, |blob| blob.digest)
    }

    /// The canonical JSON of a model.
    pub fn identity(&self, model: Model) -> Result<Vec<u8>, Rejected> {
        match self.blob(model) {
            Some(blob) => blob.unpack(),
            None => {
                let [pulse, leads, activity, calls] = Model::PANELS.map(|panel| self.identity(panel));
                Ok(dashboard_pieces([&pulse?, &leads?, &activity?, &calls?]).concat())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::model::Models;

    #[test]
    fn the_dashboard_has_the_digest_of_its_joined_bytes_packed_or_read() {
        let head = Head {
            installation: Installation(Uuid::from_u128(9)),
            org: OrgId(Uuid::from_u128(7)),
            version: Version { epoch: 1, n: 2 },
            as_of: Timestamp::from_micros(3),
            next_change_at: None,
        };
        let packed = Edition::pack(head, &Models::empty().canonical(None).unwrap(), None).unwrap();
        let stored: Vec<_> = packed.blobs().iter().map(|blob| blob.encode(head.installation)).collect();
        let read = Edition::decode(head, None, |model| stored.get(model as usize).map(Vec::as_slice)).unwrap();
        for model in Model::ALL {
            assert_eq!(read.digest(model), packed.digest(model));
            assert_eq!(read.digest(model), Digest::of(head.org, model, &read.identity(model).unwrap()), "{model}");
        }
    }
}
