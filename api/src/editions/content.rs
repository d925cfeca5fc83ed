//! The bytes of a model on a node: in every coding, and as deltas from bodies that clients may have. Each form is made
//! on first demand, once, and shared by all versions with the same bytes.

use std::sync::{Arc, OnceLock};

use axum::http::HeaderValue;
use bytes::Bytes;
use readmodel::blob::{Blob, Digest};
use sha2::{Digest as _, Sha256};

use crate::{coding::Coding, delta::DictionaryHash};

/// Most earlier bodies that deltas start from. A page that shows each version has the last one; one that polls slowly
/// may be some behind.
const MAX_BASES: usize = 16;
/// Most zstd bytes of a model's earlier bodies.
const MAX_BASE_BYTES: usize = 96 * 1024;
/// The size of gzip, br and identity together, as a multiple of the zstd bytes.
const CODINGS_FACTOR: usize = 8;
/// The typical size of a delta; there is one for each base.
const DELTA_BYTES: usize = 256;

/// The start of a dcz body (RFC 9842, 4): a skippable zstd frame with the hash of the dictionary.
const DCZ_MAGIC: [u8; 8] = [0x5e, 0x2a, 0x4d, 0x18, 0x20, 0x00, 0x00, 0x00];
/// From level 3 on zstd finds matches in the dictionary; higher levels save little more.
const DELTA_LEVEL: i32 = 3;

/// A body in all its forms.
#[derive(Debug)]
pub(crate) struct Content {
    /// The weak entity tag of all forms.
    pub etag: HeaderValue,
    digest: Digest,
    identity: OnceLock<Option<Bytes>>,
    br: OnceLock<Option<Bytes>>,
    gzip: OnceLock<Option<Bytes>>,
    /// This body and the ones before it, newest first.
    bases: Vec<(Arc<Base>, OnceLock<Option<Bytes>>)>,
}

/// A body that clients may have.
#[derive(Debug)]
struct Base {
    zstd: Bytes,
    hash: OnceLock<Option<DictionaryHash>>,
}

impl Content {
    /// The content of a blob. `before` is the content that the org's clients may have; it is reused if the bytes are
    /// the same.
    pub(crate) fn of(blob: &Blob, before: Option<&Arc<Self>>) -> Arc<Self> {
        if let Some(same) = before.filter(|before| before.digest == blob.digest) {
            return Arc::clone(same);
        }
        let this = Arc::new(Base { zstd: Bytes::copy_from_slice(&blob.zstd), hash: OnceLock::new() });
        let earlier = before.into_iter().flat_map(|before| &before.bases).map(|(base, _)| base);
        let mut room = MAX_BASE_BYTES;
        let earlier = earlier.take(MAX_BASES).take_while(|base| {
            let fits = base.zstd.len() <= room;
            room = room.saturating_sub(base.zstd.len());
            fits
        });
        let bases = std::iter::once(&this).chain(earlier).map(|base| (Arc::clone(base), OnceLock::new()));
        Arc::new(Self {
            etag: etag(blob.digest),
            digest: blob.digest,
            identity: OnceLock::new(),
            br: OnceLock::new(),
            gzip: OnceLock::new(),
            bases: bases.collect(),
        })
    }

    /// The bytes in a coding; `None` if they cannot be made. For dcz use [`delta`](Self::delta).
    pub(crate) fn coded(&self, coding: Coding) -> Option<Bytes> {
        let made = match coding {
            Coding::Zstd => return Some(self.zstd().clone()),
            Coding::Dcz => return None,
            Coding::Identity => &self.identity,
            Coding::Br => &self.br,
            Coding::Gzip => &self.gzip,
        };
        made.get_or_init(|| self.encode(coding)).clone()
    }

    /// A dcz body for a client that has the body of this hash; `None` if that is not among the bases.
    ///
    /// The bases are this org's own bodies of this model.
    pub(crate) fn delta(&self, held: DictionaryHash) -> Option<Bytes> {
        let (base, delta) = self.bases.iter().find(|(base, _)| base.hash() == Some(held))?;
        delta.get_or_init(|| self.encode_delta(base, held)).clone()
    }

    /// The approximate memory with all forms made; memory shared with other contents is counted as well.
    pub(crate) fn weight_bytes(&self) -> usize {
        let bases: usize = self.bases.iter().map(|(base, _)| base.zstd.len() + DELTA_BYTES).sum();
        bases + self.zstd().len() * CODINGS_FACTOR
    }

    /// The bytes as the worker stored them.
    pub(crate) fn zstd(&self) -> &Bytes {
        static NONE: Bytes = Bytes::new();
        self.bases.first().map_or(&NONE, |(base, _)| &base.zstd)
    }

    fn encode(&self, coding: Coding) -> Option<Bytes> {
        let identity = match coding {
            Coding::Identity => return readmodel::blob::unpack(self.zstd()).ok().map(Bytes::from),
            _ => self.coded(Coding::Identity)?,
        };
        coding.encode(&identity).ok().map(Bytes::from)
    }

    fn encode_delta(&self, base: &Base, hash: DictionaryHash) -> Option<Bytes> {
        let identity = self.coded(Coding::Identity)?;
        let dictionary = readmodel::blob::unpack(&base.zstd).ok()?;
        let mut compressor = zstd::bulk::Compressor::with_dictionary(DELTA_LEVEL, &dictionary).ok()?;
        let frame = compressor.compress(&identity).ok()?;
        Some([&DCZ_MAGIC[..], &hash.0, &frame].concat().into())
    }
}

impl Base {
    fn hash(&self) -> Option<DictionaryHash> {
        *self.hash.get_or_init(|| {
            let identity = readmodel::blob::unpack(&self.zstd).ok()?;
            Some(DictionaryHash(Sha256::digest(identity).into()))
        })
    }
}

/// The entity tag. A digest is hexadecimal, so it is always a valid header value.
fn etag(digest: Digest) -> HeaderValue {
    HeaderValue::try_from(digest.etag()).unwrap_or(HeaderValue::from_static("W/\"\""))
}

#[cfg(test)]
mod tests {
    use readmodel::{ids::OrgId, model::Model, version::Version};
    use uuid::Uuid;

    use super::*;

    const ORG: OrgId = OrgId(Uuid::from_u128(1));

    fn blob(identity: &[u8]) -> Blob {
        Blob::pack(ORG, Model::Leads, Version { epoch: 1, n: 1 }, identity).unwrap()
    }

    /// A body of 50 rows, one of which depends on `n`.
    fn body(n: usize) -> Vec<u8> {
        let row = |i: usize| format!("{{\"id\":\"{}\",\"name\":\"{}\"}}", i * 7919, if i == 9 { n } else { i });
        (0..50).map(row).collect::<Vec<_>>().join(",").into_bytes()
    }

    fn hash(identity: &[u8]) -> DictionaryHash {
        DictionaryHash(Sha256::digest(identity).into())
    }

    #[test]
    fn a_delta_is_made_from_any_remembered_body_and_from_no_other() {
        let mut content = Content::of(&blob(&body(0)), None);
        for n in 1..=20 {
            content = Content::of(&blob(&body(n)), Some(&content));
        }
        for n in 20 - MAX_BASES..=20 {
            let delta = content.delta(hash(&body(n))).unwrap();
            assert_eq!(delta[..8], DCZ_MAGIC);
            assert_eq!(delta[8..40], hash(&body(n)).0);
            let mut decoder = zstd::bulk::Decompressor::with_dictionary(&body(n)).unwrap();
            assert_eq!(decoder.decompress(&delta[40..], 1 << 20).unwrap(), body(20));
            assert!(delta.len() < 120, "{} bytes", delta.len());
        }
        assert_eq!(content.delta(hash(&body(20 - MAX_BASES - 1))), None);
        assert_eq!(content.delta(hash(b"another org's")), None);
    }

    #[test]
    fn equal_bytes_share_one_content_and_each_coding_is_made_once() {
        let first = Content::of(&blob(&body(1)), None);
        let (gzip, identity) = (first.coded(Coding::Gzip).unwrap(), first.coded(Coding::Identity).unwrap());
        let second = Content::of(&blob(&body(1)), Some(&first));
        assert!(Arc::ptr_eq(&first, &second));
        assert_eq!(second.coded(Coding::Gzip).unwrap().as_ptr(), gzip.as_ptr());
        assert_eq!(second.coded(Coding::Identity).unwrap().as_ptr(), identity.as_ptr());
        let delta = || second.delta(hash(&body(1))).unwrap().as_ptr();
        assert_eq!(delta(), delta());
    }

    #[test]
    fn remembered_bodies_are_bounded_in_bytes() {
        // Random bytes, which do not compress.
        let noise = |n: u64| -> Vec<u8> {
            (0..5_000)
                .flat_map(|i: u64| xxhash_rust::xxh3::xxh3_64(&(n * 10_000 + i).to_be_bytes()).to_be_bytes())
                .collect()
        };
        let mut content = Content::of(&blob(&noise(0)), None);
        for n in 1..20 {
            content = Content::of(&blob(&noise(n)), Some(&content));
        }
        let earlier: usize = content.bases[1..].iter().map(|(base, _)| base.zstd.len()).sum();
        assert!((1..=MAX_BASE_BYTES).contains(&earlier), "{earlier} bytes");
    }
}
