//! The blob codec: canonical JSON compressed with zstd, behind a header that says whose it is.

use std::{cell::RefCell, fmt};

use xxhash_rust::xxh3::Xxh3;
use zstd::bulk::Compressor;

use crate::{ids::OrgId, model::Model, version::Version};

/// The layout of the header and the shapes of the models. Raised when either changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Format(pub u8);

impl Format {
    /// What this release makes and reads.
    pub const CURRENT: Self = Self(1);
    /// The oldest that it can still make, for nodes of an earlier release.
    pub const OLDEST: Self = Self(1);

    /// The oldest format to make where somebody reads `read`: never newer than this one, which is a node's own.
    #[must_use]
    pub fn no_older_than(self, read: i32) -> Self {
        u8::try_from(read).map_or(self, Self).clamp(Self::OLDEST.min(self), self)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Of JSON like ours level 1 makes as little as level 3, in two thirds of its time; whoever wants less takes br.
const ZSTD_LEVEL: i32 = 1;

/// The most that a blob may unpack to. Fifty leads are 30 kB; a summary may be long.
const MAX_IDENTITY_BYTES: usize = 64 << 20;

const MAGIC: [u8; 3] = *b"pwb";
const HEADER_BYTES: usize = 3 + 1 + 1 + 16 + 8 + 8 + 16;

/// xxh3-128 over org, model and identity bytes: the same data of another org or model has another digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 16]);

impl Digest {
    /// The digest of one model's canonical JSON.
    pub fn of(org: OrgId, model: Model, identity: &[u8]) -> Self {
        let mut hash = Xxh3::new();
        hash.update(org.0.as_bytes());
        hash.update(&[model as u8]);
        hash.update(identity);
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
    /// Whose it is.
    pub org: OrgId,
    /// What it shows.
    pub model: Model,
    /// How it is laid out.
    pub format: Format,
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
    /// Not a blob, cut short, or of another format.
    #[error("not a blob of the format")]
    Format,
    /// A blob of another org or model.
    #[error("of another org or model")]
    Mismatch,
    /// The bytes do not have the digest that the header states.
    #[error("damaged")]
    Damaged,
}

impl Blob {
    /// Packs canonical JSON.
    pub fn pack(
        org: OrgId,
        model: Model,
        format: Format,
        version: Version,
        identity: &[u8],
    ) -> Result<Self, PackError> {
        let zstd = compress(identity).map_err(PackError)?;
        Ok(Self { org, model, format, version, digest: Digest::of(org, model, identity), zstd })
    }

    /// The bytes that are stored.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES + self.zstd.len());
        bytes.extend_from_slice(&MAGIC);
        bytes.push(self.format.0);
        bytes.push(self.model as u8);
        bytes.extend_from_slice(self.org.0.as_bytes());
        bytes.extend_from_slice(&self.version.epoch.to_be_bytes());
        bytes.extend_from_slice(&self.version.n.to_be_bytes());
        bytes.extend_from_slice(&self.digest.0);
        bytes.extend_from_slice(&self.zstd);
        bytes
    }

    /// Reads stored bytes, and believes nothing: format, org, model and digest are all checked.
    pub fn decode(org: OrgId, model: Model, format: Format, bytes: &[u8]) -> Result<Self, Rejected> {
        let (header, zstd) = bytes.split_at_checked(HEADER_BYTES).ok_or(Rejected::Format)?;
        let mut header = Header(header);
        if header.take() != Some(MAGIC) || header.take() != Some([format.0]) {
            return Err(Rejected::Format);
        }
        if header.take() != Some([model as u8]) || header.take() != Some(org.0.into_bytes()) {
            return Err(Rejected::Mismatch);
        }
        let epoch = header.take().map(i64::from_be_bytes).ok_or(Rejected::Format)?;
        let n = header.take().map(i64::from_be_bytes).ok_or(Rejected::Format)?;
        let digest = header.take().map(Digest).ok_or(Rejected::Format)?;
        let blob = Self { org, model, format, version: Version { epoch, n }, digest, zstd: zstd.to_vec() };
        let identity = blob.unpack()?;
        if Digest::of(org, model, &identity) != digest {
            return Err(Rejected::Damaged);
        }
        Ok(blob)
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
    let stated = zstd::zstd_safe::get_frame_content_size(frame).ok().flatten();
    let size = stated.and_then(|size| usize::try_from(size).ok()).filter(|size| *size <= MAX_IDENTITY_BYTES);
    zstd::bulk::decompress(frame, size.ok_or(Rejected::Damaged)?).map_err(|_| Rejected::Damaged)
}

/// zstd refused; its only causes are memory and a bad level.
#[derive(Debug, thiserror::Error)]
#[error("the models could not be compressed")]
pub struct PackError(#[source] std::io::Error);

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
    const VERSION: Version = Version { epoch: 1, n: 42 };

    fn blob() -> Blob {
        Blob::pack(ORG, Model::Leads, Format::CURRENT, VERSION, br#"{"leads":[]}"#).unwrap()
    }

    #[test]
    fn what_is_packed_comes_back() {
        let back = Blob::decode(ORG, Model::Leads, Format::CURRENT, &blob().encode()).unwrap();
        assert_eq!(back, blob());
        assert_eq!(back.unpack().unwrap(), br#"{"leads":[]}"#);
    }

    #[test]
    fn another_org_or_model_is_a_mismatch() {
        let bytes = blob().encode();
        assert_eq!(
            Blob::decode(OrgId(Uuid::from_u128(8)), Model::Leads, Format::CURRENT, &bytes),
            Err(Rejected::Mismatch)
        );
        assert_eq!(Blob::decode(ORG, Model::Pulse, Format::CURRENT, &bytes), Err(Rejected::Mismatch));
    }

    #[test]
    fn another_format_is_not_read() {
        let bytes = blob().encode();
        assert_eq!(Blob::decode(ORG, Model::Leads, Format(Format::CURRENT.0 + 1), &bytes), Err(Rejected::Format));
    }

    #[test]
    fn no_changed_byte_goes_unnoticed() {
        let bytes = blob().encode();
        for at in 0..bytes.len() {
            // The version is the writer's word; it is checked against Postgres, not against the digest.
            if (21..37).contains(&at) {
                continue;
            }
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x01;
            assert!(Blob::decode(ORG, Model::Leads, Format::CURRENT, &damaged).is_err(), "byte {at}");
        }
        for len in 0..bytes.len() {
            assert!(Blob::decode(ORG, Model::Leads, Format::CURRENT, &bytes[..len]).is_err(), "cut to {len}");
        }
    }

    #[test]
    fn equal_bytes_have_equal_tags_whatever_the_version() {
        let later =
            Blob::pack(ORG, Model::Leads, Format::CURRENT, Version { epoch: 2, n: 1 }, br#"{"leads":[]}"#).unwrap();
        assert_eq!(later.digest, blob().digest);
        assert_eq!(blob().digest.etag().len(), 36);
    }
}
