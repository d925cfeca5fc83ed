//! The parts of a token (RFC 7515's compact form). Nothing in it may be trusted before its signature is checked.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde::{Deserialize, Deserializer, de::Error};

use super::claims::Denied;

/// Longer tokens are refused unread. Supabase's have some 700 bytes, or more than 8 kB if roles are kept in metadata.
/// The listener accepts heads of twice this size.
pub(super) const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// The encoded parts of a token, and its decoded header.
pub(super) struct Token<'a> {
    /// The signed part: the encoded header, a dot, the encoded payload.
    signed: &'a str,
    payload: &'a str,
    signature: &'a str,
    pub(super) header: Header,
}

/// The key and algorithm of the signature. Keys that a token contains or points to (`jwk`, `jku`, `x5c`, `x5u`) are
/// ignored.
#[derive(Deserialize)]
pub(super) struct Header {
    pub(super) alg: SignedBy,
    pub(super) kid: Option<String>,
    #[serde(default, rename = "crit")]
    _crit: NeverPresent,
}

/// The accepted algorithms. `none` is not one of them.
#[derive(Clone, Copy, Deserialize)]
pub(super) enum SignedBy {
    HS256,
    ES256,
    RS256,
}

impl From<SignedBy> for Algorithm {
    fn from(signed_by: SignedBy) -> Self {
        match signed_by {
            SignedBy::HS256 => Self::HS256,
            SignedBy::ES256 => Self::ES256,
            SignedBy::RS256 => Self::RS256,
        }
    }
}

/// A member whose mere presence refuses the token.
#[derive(Default)]
struct NeverPresent;

impl<'de> Deserialize<'de> for NeverPresent {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(D::Error::custom("not understood here"))
    }
}

impl<'a> Token<'a> {
    /// Splits a token and parses its header.
    pub(super) fn parse(token: &'a str) -> Result<Self, Denied> {
        let (signed, signature) = token.rsplit_once('.').ok_or(Denied::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(Denied::Malformed)?;
        let header = serde_json::from_slice(&decode(header)?).map_err(|_| Denied::Malformed)?;
        Ok(Self { signed, payload, signature, header })
    }

    /// The decoded payload, after verifying that `key` signed it.
    pub(super) fn verified_payload(&self, key: &DecodingKey) -> Result<Vec<u8>, Denied> {
        match crypto::verify(self.signature, self.signed.as_bytes(), key, self.header.alg.into()) {
            Ok(true) => decode(self.payload),
            Ok(false) | Err(_) => Err(Denied::BadSignature),
        }
    }
}

/// Decodes strictly, without padding, stray bits or other characters, so that a token has one spelling.
fn decode(part: &str) -> Result<Vec<u8>, Denied> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Denied::Malformed)
}
