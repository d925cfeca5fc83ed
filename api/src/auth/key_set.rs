//! Parsing of published keys (RFC 7517).

use std::sync::Arc;

use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse},
};
use serde::Deserialize;

/// Public keys: those in use, those standing by for the next rotation, and those before the last one.
#[derive(Default)]
pub(super) struct KeySet(Vec<Key>);

struct Key {
    jwk: Jwk,
    algorithm: Algorithm,
    decoding: Arc<DecodingKey>,
}

/// Why a body has no key to verify with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum KeySetError {
    #[error("the body is not a JSON Web Key Set")]
    NotAKeySet,
    #[error("the set holds no ES256 or RS256 key with an id")]
    NoUsableKey,
}

impl KeySet {
    /// Parses a key set. Keys of other kinds are skipped; a set without a usable key is an error, since a project that
    /// signs with keys has at least one.
    pub(super) fn parse(body: &[u8]) -> Result<Self, KeySetError> {
        #[derive(Deserialize)]
        struct Body {
            keys: Vec<serde_json::Value>,
        }
        let body: Body = serde_json::from_slice(body).map_err(|_| KeySetError::NotAKeySet)?;
        let keys: Vec<_> = body.keys.into_iter().filter_map(Key::parse).collect();
        if keys.is_empty() { Err(KeySetError::NoUsableKey) } else { Ok(Self(keys)) }
    }

    /// The key of an id and algorithm.
    pub(super) fn find(&self, kid: &str, algorithm: Algorithm) -> Option<&Arc<DecodingKey>> {
        let named = |key: &&Key| key.jwk.common.key_id.as_deref() == Some(kid) && key.algorithm == algorithm;
        self.0.iter().find(named).map(|key| &key.decoding)
    }

    /// Whether every key of `older` is still in this set.
    pub(super) fn contains_all(&self, older: &Self) -> bool {
        older.0.iter().all(|old| self.0.iter().any(|key| key.jwk == old.jwk))
    }
}

impl Key {
    fn parse(jwk: serde_json::Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(jwk).ok()?;
        jwk.common.key_id.as_ref()?;
        let algorithm = signature_algorithm(&jwk)?;
        let decoding = Arc::new(DecodingKey::from_jwk(&jwk).ok()?);
        Some(Self { jwk, algorithm, decoding })
    }
}

/// The algorithm of a key. It follows from the key, never from a token. A symmetric key (`oct`) has none: if published,
/// anyone could sign with it.
fn signature_algorithm(jwk: &Jwk) -> Option<Algorithm> {
    let algorithm = match &jwk.algorithm {
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => Algorithm::ES256,
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        _ => return None,
    };
    let common = &jwk.common;
    let stated = common.key_algorithm.is_none_or(|stated| stated == algorithm.into());
    let for_signatures = common.public_key_use.as_ref().is_none_or(|key_use| *key_use == PublicKeyUse::Signature);
    let verifies = common.key_operations.as_ref().is_none_or(|operations| operations.contains(&KeyOperations::Verify));
    (stated && for_signatures && verifies).then_some(algorithm)
}
