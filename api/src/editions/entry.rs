//! An edition as a node holds it: the bytes of each model, ready to send.

use std::sync::OnceLock;

use axum::http::HeaderValue;
use bytes::Bytes;
use readmodel::{
    blob::{Blob, Digest, Rejected},
    edition::Edition,
    ids::OrgId,
    model::Model,
    time::Timestamp,
    version::Version,
};

use crate::coding::Coding;

/// All models of an org at one version.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Whose.
    pub org: OrgId,
    /// Which rebuild.
    pub version: Version,
    /// The instant that the models are true for.
    pub as_of: Timestamp,
    /// The first instant at which a model would differ by time alone.
    pub next_change_at: Option<Timestamp>,
    bodies: [Body; Model::COUNT],
}

/// One model's body in every coding, each made on first demand and once.
#[derive(Debug)]
pub(crate) struct Body {
    /// The weak entity tag that all codings share.
    pub etag: HeaderValue,
    zstd: Bytes,
    identity: OnceLock<Bytes>,
    br: OnceLock<Bytes>,
    gzip: OnceLock<Bytes>,
}

/// A body could not be coded: its bytes are damaged, or memory is short.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CodeError {
    /// The stored bytes do not unpack.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// The compressor refused.
    #[error("compression")]
    Compress(#[from] std::io::Error),
}

/// Beside the bodies: what an entry takes in tables.
const OVERHEAD_BYTES: usize = 2048;

/// gzip, br and identity are made later; together they come to about this many times the zstd bytes.
const CODINGS_FACTOR: usize = 8;

impl Entry {
    /// Makes an edition ready to send.
    pub(crate) fn of(edition: Edition) -> Self {
        let Edition { org, version, as_of, next_change_at, .. } = edition;
        let bodies = Model::ALL.map(|model| Body::of(edition.blob(model)));
        Self { org, version, as_of, next_change_at, bodies }
    }

    /// The body of a model.
    pub(crate) fn body(&self, model: Model) -> &Body {
        &self.bodies[model as usize]
    }

    /// About how much memory the entry takes, once every coding has been asked for.
    pub(crate) fn weight_bytes(&self) -> u32 {
        let zstd: usize = self.bodies.iter().map(|body| body.zstd.len()).sum();
        u32::try_from(OVERHEAD_BYTES + zstd * CODINGS_FACTOR).unwrap_or(u32::MAX)
    }
}

impl Body {
    fn of(blob: &Blob) -> Self {
        Self {
            etag: etag(blob.digest),
            zstd: Bytes::copy_from_slice(&blob.zstd),
            identity: OnceLock::new(),
            br: OnceLock::new(),
            gzip: OnceLock::new(),
        }
    }

    /// The bytes in a coding.
    pub(crate) fn coded(&self, coding: Coding) -> Result<Bytes, CodeError> {
        let held = match coding {
            Coding::Zstd => return Ok(self.zstd.clone()),
            Coding::Identity => return self.identity(),
            Coding::Br => &self.br,
            Coding::Gzip => &self.gzip,
        };
        if let Some(bytes) = held.get() {
            return Ok(bytes.clone());
        }
        let coded = Bytes::from(coding.encode(&self.identity()?)?);
        Ok(held.get_or_init(|| coded).clone())
    }

    fn identity(&self) -> Result<Bytes, CodeError> {
        if let Some(bytes) = self.identity.get() {
            return Ok(bytes.clone());
        }
        let unpacked = Bytes::from(readmodel::blob::unpack(&self.zstd)?);
        Ok(self.identity.get_or_init(|| unpacked).clone())
    }
}

/// A digest is hexadecimal, so its tag is always a header's value.
fn etag(digest: Digest) -> HeaderValue {
    HeaderValue::try_from(digest.etag()).unwrap_or(HeaderValue::from_static("W/\"\""))
}
