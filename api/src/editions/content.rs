//! The bytes of a model on a node: in every coding, and as deltas from bodies that clients may have. Each form is made
//! on first demand, once, and shared by all versions with the same bytes.

use std::sync::{Arc, OnceLock};

use axum::http::HeaderValue;
use bytes::Bytes;
use readmodel::{
    blob::{Blob, Digest},
    model::dashboard_pieces,
};
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
    zstd: OnceLock<Option<Bytes>>,
    br: OnceLock<Option<Bytes>>,
    gzip: OnceLock<Option<Bytes>>,
    /// This body.
    packed: Packed,
    /// The same and the ones before it, newest first.
    bases: Vec<(Arc<Base>, OnceLock<Option<Bytes>>)>,
}

/// A body as it is kept.
#[derive(Clone, Debug)]
pub(crate) enum Packed {
    /// The frame that the worker stored.
    Zstd(Bytes),
    /// A dashboard: the frames of its panels, which their own contents share.
    Joined([Bytes; 4]),
}

impl Packed {
    /// The identity bytes; `None` if they cannot be made.
    pub(crate) fn unpack(&self) -> Option<Vec<u8>> {
        match self {
            Self::Zstd(frame) => readmodel::blob::unpack(frame).ok(),
            Self::Joined(panels) => {
                let [pulse, leads, activity, calls] =
                    panels.each_ref().map(|panel| readmodel::blob::unpack(panel).ok());
                Some(dashboard_pieces([&pulse?, &leads?, &activity?, &calls?]).concat())
            }
        }
    }

    /// The size in memory, some of which may be shared.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Zstd(frame) => frame.len(),
            Self::Joined(panels) => panels.iter().map(Bytes::len).sum(),
        }
    }
}

/// A body that clients may have.
#[derive(Debug)]
struct Base {
    packed: Packed,
    hash: OnceLock<Option<DictionaryHash>>,
}

impl Content {
    /// The content of a blob. `before` is the content that the org's clients may have; it is reused if the bytes are
    /// the same.
    pub(crate) fn of(blob: &Blob, before: Option<&Arc<Self>>) -> Arc<Self> {
        Self::packed_as(blob.digest, before, || Packed::Zstd(Bytes::copy_from_slice(&blob.zstd)))
    }

    /// The content of a dashboard, joined of the contents of its panels.
    pub(crate) fn joined(digest: Digest, panels: [&Self; 4], before: Option<&Arc<Self>>) -> Arc<Self> {
        Self::packed_as(digest, before, || {
            Packed::Joined(panels.map(|panel| match &panel.packed {
                Packed::Zstd(frame) => frame.clone(),
                Packed::Joined(_) => Bytes::new(),
            }))
        })
    }

    fn packed_as(digest: Digest, before: Option<&Arc<Self>>, packed: impl FnOnce() -> Packed) -> Arc<Self> {
        if let Some(same) = before.filter(|before| before.digest == digest) {
            return Arc::clone(same);
        }
        let packed = packed();
        let this = Arc::new(Base { packed: packed.clone(), hash: OnceLock::new() });
        let earlier = before.into_iter().flat_map(|before| &before.bases).map(|(base, _)| base);
        let mut room = MAX_BASE_BYTES;
        let earlier = earlier.take(MAX_BASES).take_while(|base| {
            let fits = base.packed.len() <= room;
            room = room.saturating_sub(base.packed.len());
            fits
        });
        let bases = std::iter::once(&this).chain(earlier).map(|base| (Arc::clone(base), OnceLock::new()));
        Arc::new(Self {
            etag: etag(digest),
            digest,
            identity: OnceLock::new(),
            zstd: OnceLock::new(),
            br: OnceLock::new(),
            gzip: OnceLock::new(),
            packed,
            bases: bases.collect(),
        })
    }

    /// The bytes in a coding; `None` if they cannot be made. For dcz use [`delta`](Self::delta).
    pub(crate) fn coded(&self, coding: Coding) -> Option<Bytes> {
        let made = match (coding, &self.packed) {
            (Coding::Zstd, Packed::Zstd(frame)) => return Some(frame.clone()),
            (Coding::Zstd, Packed::Joined(_)) => &self.zstd,
            (Coding::Dcz, _) => return None,
            (Coding::Identity, _) => &self.identity,
            (Coding::Br, _) => &self.br,
            (Coding::Gzip, _) => &self.gzip,
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
        let bases: usize = self.bases.iter().map(|(base, _)| base.packed.len() + DELTA_BYTES).sum();
        bases + self.packed.len() * CODINGS_FACTOR
    }

    /// The bytes as they are kept.
    pub(crate) const fn packed(&self) -> &Packed {
        &self.packed
    }

    fn encode(&self, coding: Coding) -> Option<Bytes> {
        let identity = match coding {
            Coding::Identity => return self.packed.unpack().map(Bytes::from),
            _ => self.coded(Coding::Identity)?,
        };
        coding.encode(&identity).ok().map(Bytes::from)
    }

    fn encode_delta(&self, base: &Base, hash: DictionaryHash) -> Option<Bytes> {
        let identity = self.coded(Coding::Identity)?;
        let dictionary = base.packed.unpack()?;
        let mut compressor = zstd::bulk::Compressor::with_dictionary(DELTA_LEVEL, &dictionary).ok()?;
        let frame = compressor.compress(&identity).ok()?;
        Some([&DCZ_MAGIC[..], &hash.0, &frame].concat().into())
    }
}

impl Base {
    fn hash(&self) -> Option<DictionaryHash> {
        *self.hash.get_or_init(|| Some(DictionaryHash(Sha256::digest(self.packed.unpack()?).into())))
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
    fn a_dashboard_is_joined_of_its_panels_in_every_coding() {
        let dashboard = |n: usize, before| {
            let panels = [0, 1, 2, n].map(|n| Content::of(&blob(&body(n)), None));
            let [pulse, leads, activity, calls] = [0, 1, 2, n].map(body);
            let identity = dashboard_pieces([&pulse, &leads, &activity, &calls]).concat();
            let digest = Digest::of(ORG, Model::Dashboard, &identity);
            (Content::joined(digest, panels.each_ref().map(|panel| &**panel), before), identity)
        };
        let (first, held) = dashboard(3, None);
        let (second, identity) = dashboard(4, Some(&first));
        assert_eq!(second.coded(Coding::Identity).unwrap(), identity);
        let zstd = second.coded(Coding::Zstd).unwrap();
        assert_eq!(readmodel::blob::unpack(&zstd).unwrap(), identity);
        assert!(zstd.len() < identity.len() / 2);
        let delta = second.delta(hash(&held)).unwrap();
        let mut decoder = zstd::bulk::Decompressor::with_dictionary(&held).unwrap();
        assert_eq!(decoder.decompress(&delta[40..], 1 << 20).unwrap(), identity);
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
        let earlier: usize = content.bases[1..].iter().map(|(base, _)| base.packed.len()).sum();
        assert!((1..=MAX_BASE_BYTES).contains(&earlier), "{earlier} bytes");
    }
}
