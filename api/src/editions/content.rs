//! One model's bytes as a node holds them: in every coding, and as deltas from what clients may hold. Each is made on
//! first demand and once, and shared by all versions that left the bytes as they were.

use std::sync::{Arc, OnceLock};

use axum::http::HeaderValue;
use bytes::Bytes;
use readmodel::blob::{Blob, Digest};
use sha2::{Digest as _, Sha256};

use crate::{coding::Coding, delta::DictionaryHash};

/// Earlier bodies that a delta may start from. A page that shows each version as it comes holds the last one; one that
/// asks now and then may be some behind.
const MAX_BASES: usize = 16;
/// zstd bytes of the earlier bodies of one model, at most.
const MAX_BASE_BYTES: usize = 96 * 1024;
/// gzip, br and identity come to about this many times the zstd bytes.
const CODINGS_FACTOR: usize = 8;
/// A delta is a few hundred bytes, and has a slot a base.
const DELTA_BYTES: usize = 256;

/// How a dcz body begins (RFC 9842, 4): a skippable frame of zstd, which holds the hash of the dictionary.
const DCZ_MAGIC: [u8; 8] = [0x5e, 0x2a, 0x4d, 0x18, 0x20, 0x00, 0x00, 0x00];
/// From level 3 on zstd finds matches that far back; higher levels save little more.
const DELTA_LEVEL: i32 = 3;

/// A body in all its forms.
#[derive(Debug)]
pub(crate) struct Content {
    /// The weak entity tag that all forms share.
    pub etag: HeaderValue,
    digest: Digest,
    identity: OnceLock<Option<Bytes>>,
    br: OnceLock<Option<Bytes>>,
    gzip: OnceLock<Option<Bytes>>,
    /// This body, then the ones before it, newest first.
    bases: Vec<(Arc<Base>, OnceLock<Option<Bytes>>)>,
}

/// A body that clients may hold.
#[derive(Debug)]
struct Base {
    zstd: Bytes,
    hash: OnceLock<Option<DictionaryHash>>,
}

impl Content {
    /// The content of a blob. `before` is what the org's clients may hold: if it has the same bytes, it is the content.
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

    /// The bytes in a coding; `None` when they cannot be made. A dcz body is a [`delta`](Self::delta).
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

    /// The bytes as a dcz body for a client that holds the body of that hash; `None` when it is not among the last ones.
    ///
    /// Only this org's own bodies of this model are ever compared with.
    pub(crate) fn delta(&self, held: DictionaryHash) -> Option<Bytes> {
        let (base, delta) = self.bases.iter().find(|(base, _)| base.hash() == Some(held))?;
        delta.get_or_init(|| self.encode_delta(base, held)).clone()
    }

    /// About how much memory this takes once everything has been asked for; what it shares with others is counted too.
    pub(crate) fn weight_bytes(&self) -> usize {
        let bases: usize = self.bases.iter().map(|(base, _)| base.zstd.len() + DELTA_BYTES).sum();
        bases + self.zstd().len() * CODINGS_FACTOR
    }

    /// As the worker stored it.
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

/// A digest is hexadecimal, so its tag is always a header's value.
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

    /// A body of 50 rows of which one is the `n`th.
    fn body(n: usize) -> Vec<u8> {
        let row = |i: usize| format!("{{\"id\":\"{}\",\"name\":\"{}\"}}", i * 7919, if i == 9 { n } else { i });
        (0..50).map(row).collect::<Vec<_>>().join(",").into_bytes()
    }

    fn hash(identity: &[u8]) -> DictionaryHash {
        DictionaryHash(Sha256::digest(identity).into())
    }

    #[test]
    fn a_delta_starts_from_any_of_the_last_bodies_and_from_nothing_else() {
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
    fn equal_bytes_are_the_same_content_and_each_form_is_made_once() {
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
    fn the_bases_are_bounded_in_bytes() {
        // Noise, so that nothing is saved by compression.
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
