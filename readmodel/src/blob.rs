//! The blob codec: canonical JSON compressed with zstd, behind a header that says whose it is.

use std::cell::RefCell;

use xxhash_rust::xxh3::Xxh3;
use zstd::bulk::Compressor;

use crate::{
    ids::{Installation, OrgId},
    model::Model,
    version::Version,
};

/// Level 1 packs JSON like ours as well as level 3 does, in two thirds of the time. Clients that want fewer bytes take br.
const ZSTD_LEVEL: i32 = 1;

/// The largest body that is packed or unpacked, and the largest frame. Fifty leads are 30 kB; with every text at its
/// longest a body has three megabytes.
pub const MAX_BYTES: usize = 8 << 20;

/// Three letters and the layout of the header. A release that reads a new layout comes before the first that writes it.
const MAGIC: [u8; 4] = *b"pwb\x01";
const HEADER_BYTES: usize = 4 + 1 + 16 + 16 + 8 + 8 + 16;

/// xxh3-128 over org, model and identity bytes: the same data of another org or model has another digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 16]);

impl Digest {
    /// The digest of one model's canonical JSON.
    pub fn of(org: OrgId, model: Model, identity: &[u8]) -> Self {
        Self::of_pieces(org, model, &[identity])
    }

    /// The same, of canonical JSON in pieces.
    pub fn of_pieces(org: OrgId, model: Model, pieces: &[&[u8]]) -> Self {
        let mut hash = Xxh3::new();
        hash.update(org.0.as_bytes());
        hash.update(&[model as u8]);
        for piece in pieces {
            hash.update(piece);
        }
        Self(hash.digest128().to_be_bytes())
    }

    /// The weak entity tag: every coding of the same bytes shares it.
    pub fn etag(self) -> String {
        format!("W/\"{:032x}\"", u128::from_be_bytes(self.0))
    }
}

/// One read model of one org, packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// The org that it belongs to.
    pub org: OrgId,
    /// The model that it holds.
    pub model: Model,
    /// The rebuild that made these bytes; later ones may have left them as they were.
    pub version: Version,
    /// Of the identity bytes.
    pub digest: Digest,
    /// The identity bytes as one zstd frame that states its content size.
    pub zstd: Vec<u8>,
}

/// Why bytes are no blob of ours for this key.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Rejected {
    /// Cut short, of another layout, or no blob at all.
    #[error("not a blob")]
    NotABlob,
    /// A blob of another installation, org or model.
    #[error("of another installation, org or model")]
    Mismatch,
    /// The bytes do not have the digest that the header states.
    #[error("damaged")]
    Damaged,
}

impl Blob {
    /// Packs canonical JSON.
    ///
    /// # Errors
    /// A body that [`unpack`] would refuse.
    pub fn pack(org: OrgId, model: Model, version: Version, identity: &[u8]) -> Result<Self, PackError> {
        let too_large = |bytes: usize| PackError::TooLarge { org, model, bytes };
        if identity.len() > MAX_BYTES {
            return Err(too_large(identity.len()));
        }
        let zstd = compress(identity).map_err(|source| PackError::Zstd { org, model, source })?;
        if zstd.len() > MAX_BYTES {
            return Err(too_large(zstd.len()));
        }
        Ok(Self { org, model, version, digest: Digest::of(org, model, identity), zstd })
    }

    /// The bytes that an installation stores.
    pub fn encode(&self, installation: Installation) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES + self.zstd.len());
        bytes.extend_from_slice(&MAGIC);
        bytes.push(self.model as u8);
        bytes.extend_from_slice(self.org.0.as_bytes());
        bytes.extend_from_slice(installation.0.as_bytes());
        bytes.extend_from_slice(&self.version.epoch.to_be_bytes());
        bytes.extend_from_slice(&self.version.n.to_be_bytes());
        bytes.extend_from_slice(&self.digest.0);
        bytes.extend_from_slice(&self.zstd);
        bytes
    }

    /// Reads stored bytes and checks org, model, digest and, if one is given, the installation that stored them.
    /// Postgres' own rows need none: a restored database holds what an earlier installation stored, and rightly so.
    pub fn decode(
        installation: Option<Installation>,
        org: OrgId,
        model: Model,
        bytes: &[u8],
    ) -> Result<Self, Rejected> {
        Self::decode_and_unpack(installation, org, model, bytes).map(|(blob, _)| blob)
    }

    /// The same, with the identity bytes.
    pub fn decode_and_unpack(
        installation: Option<Installation>,
        org: OrgId,
        model: Model,
        bytes: &[u8],
    ) -> Result<(Self, Vec<u8>), Rejected> {
        let (header, zstd) = bytes.split_at_checked(HEADER_BYTES).ok_or(Rejected::NotABlob)?;
        let mut header = Header(header);
        if header.take() != Some(MAGIC) {
            return Err(Rejected::NotABlob);
        }
        if header.take() != Some([model as u8]) || header.take() != Some(org.0.into_bytes()) {
            return Err(Rejected::Mismatch);
        }
        let stored_by = header.take().ok_or(Rejected::NotABlob)?;
        if installation.is_some_and(|installation| installation.0.into_bytes() != stored_by) {
            return Err(Rejected::Mismatch);
        }
        let epoch = header.take().map(i64::from_be_bytes).ok_or(Rejected::NotABlob)?;
        let n = header.take().map(i64::from_be_bytes).ok_or(Rejected::NotABlob)?;
        let digest = header.take().map(Digest).ok_or(Rejected::NotABlob)?;
        let blob = Self { org, model, version: Version { epoch, n }, digest, zstd: zstd.to_vec() };
        let identity = blob.unpack()?;
        if Digest::of(org, model, &identity) != digest {
            return Err(Rejected::Damaged);
        }
        Ok((blob, identity))
    }

    /// The identity bytes.
    pub fn unpack(&self) -> Result<Vec<u8>, Rejected> {
        unpack(&self.zstd)
    }
}

/// One frame. Each thread keeps its compressor: its tables take longer to set up than a small blob to pack.
fn compress(identity: &[u8]) -> std::io::Result<Vec<u8>> {
    thread_local! {
        static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    }
    COMPRESSOR.with_borrow_mut(|kept| {
        let mut compressor = kept.take().map_or_else(|| Compressor::new(ZSTD_LEVEL), Ok)?;
        let frame = compressor.compress(identity);
        *kept = Some(compressor);
        frame
    })
}

/// The identity bytes of a blob's zstd frame.
pub fn unpack(frame: &[u8]) -> Result<Vec<u8>, Rejected> {
    if frame.len() > MAX_BYTES {
        return Err(Rejected::Damaged);
    }
    let stated = zstd::zstd_safe::get_frame_content_size(frame).ok().flatten();
    let size = stated.and_then(|size| usize::try_from(size).ok()).filter(|size| *size <= MAX_BYTES);
    zstd::bulk::decompress(frame, size.ok_or(Rejected::Damaged)?).map_err(|_| Rejected::Damaged)
}

/// Why a body was not packed.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// No reader would unpack it.
    #[error("the {model} of org {org} has {bytes} bytes, and no more than {MAX_BYTES} are packed")]
    TooLarge {
        /// The org of the body.
        org: OrgId,
        /// The model of the body.
        model: Model,
        /// Its size.
        bytes: usize,
    },
    /// zstd refused; its only causes are memory and a bad level.
    #[error("the {model} of org {org} could not be compressed")]
    Zstd {
        /// The org of the body.
        org: OrgId,
        /// The model of the body.
        model: Model,
        /// zstd's reason.
        #[source]
        source: std::io::Error,
    },
}

struct Header<'a>(&'a [u8]);

impl Header<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*field)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const ORG: OrgId = OrgId(Uuid::from_u128(7));
    const HERE: Installation = Installation(Uuid::from_u128(9));
    const VERSION: Version = Version { epoch: 1, n: 42 };

    fn blob() -> Blob {
        Blob::pack(ORG, Model::Leads, VERSION, br#"{"leads":[]}"#).unwrap()
    }

    #[test]
    fn a_packed_body_round_trips() {
        let back = Blob::decode(Some(HERE), ORG, Model::Leads, &blob().encode(HERE)).unwrap();
        assert_eq!(back, blob());
        assert_eq!(back.unpack().unwrap(), br#"{"leads":[]}"#);
    }

    #[test]
    fn another_org_or_model_is_a_mismatch() {
        let bytes = blob().encode(HERE);
        let other = OrgId(Uuid::from_u128(8));
        assert_eq!(Blob::decode(Some(HERE), other, Model::Leads, &bytes), Err(Rejected::Mismatch));
        assert_eq!(Blob::decode(Some(HERE), ORG, Model::Pulse, &bytes), Err(Rejected::Mismatch));
    }

    #[test]
    fn another_layout_is_not_read() {
        let mut bytes = blob().encode(HERE);
        bytes[3] += 1;
        assert_eq!(Blob::decode(Some(HERE), ORG, Model::Leads, &bytes), Err(Rejected::NotABlob));
    }

    #[test]
    fn a_blob_of_another_installation_is_a_mismatch_except_from_postgres() {
        let bytes = blob().encode(Installation(Uuid::from_u128(10)));
        let decode = |installation| Blob::decode(installation, ORG, Model::Leads, &bytes);
        assert_eq!(decode(Some(HERE)), Err(Rejected::Mismatch));
        assert_eq!(decode(None), Ok(blob()));
    }

    #[test]
    fn pack_refuses_what_unpack_would() {
        let pack = |identity: &[u8]| Blob::pack(ORG, Model::Leads, VERSION, identity);
        assert_eq!(pack(&vec![b'a'; MAX_BYTES]).unwrap().unpack().unwrap().len(), MAX_BYTES);
        let refused = pack(&vec![b'a'; MAX_BYTES + 1]).unwrap_err().to_string();
        assert!(refused.starts_with(&format!("the leads of org {ORG} has 8388609 bytes")), "{refused}");
        // Random bytes grow by packing.
        let noise: Vec<u8> = (0..MAX_BYTES as u64 / 8)
            .flat_map(|n| xxhash_rust::xxh3::xxh3_64(&n.to_be_bytes()).to_be_bytes())
            .collect();
        assert!(matches!(pack(&noise), Err(PackError::TooLarge { bytes, .. }) if bytes > MAX_BYTES));
        assert_eq!(unpack(&vec![0; MAX_BYTES + 1]), Err(Rejected::Damaged));
    }

    #[test]
    fn every_changed_byte_is_detected() {
        let bytes = blob().encode(HERE);
        for at in 0..bytes.len() {
            // The digest does not cover the version, which is checked against Postgres.
            if (37..53).contains(&at) {
                continue;
            }
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x01;
            assert!(Blob::decode(Some(HERE), ORG, Model::Leads, &damaged).is_err(), "byte {at}");
        }
        for len in 0..bytes.len() {
            assert!(Blob::decode(Some(HERE), ORG, Model::Leads, &bytes[..len]).is_err(), "cut to {len}");
        }
    }

    #[test]
    fn equal_bytes_have_equal_tags_whatever_the_version() {
        let later = Blob::pack(ORG, Model::Leads, Version { epoch: 2, n: 1 }, br#"{"leads":[]}"#).unwrap();
        assert_eq!(later.digest, blob().digest);
        assert_eq!(blob().digest.etag().len(), 36);
    }
}
