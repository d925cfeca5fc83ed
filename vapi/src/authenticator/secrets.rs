//! Webhooks that present a secret itself.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use super::headers::{Headers, WebhookRefused};

/// The header of an assistant's inline `server.secret`.
const SECRET_HEADER: &str = "x-vapi-secret";
/// The header of a bearer credential.
const BEARER_HEADER: &str = "authorization";
const BEARER_SCHEME: &[u8] = b"bearer ";

/// The accepted secrets; several while one is being rotated out.
///
/// Kept as digests of equal length, so that comparing them reveals nothing of a secret's length.
#[derive(Clone)]
pub(super) struct Secrets(Vec<[u8; 32]>);

impl Secrets {
    pub(super) fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        Self(secrets.into_iter().map(digest).collect())
    }

    /// Checks that one of them is presented, as `X-Vapi-Secret: <secret>` or as `Authorization: Bearer <secret>`.
    pub(super) fn check(&self, headers: Headers<'_, '_>) -> Result<(), WebhookRefused> {
        let presented = [headers.only(SECRET_HEADER)?, headers.only(BEARER_HEADER)?.and_then(bearer_token)];
        let presented = presented.into_iter().flatten().map(<[u8]>::trim_ascii).filter(|secret| !secret.is_empty());
        let presented: Vec<_> = presented.collect();
        if presented.is_empty() {
            return Err(WebhookRefused::Missing);
        }
        let ours = presented.into_iter().fold(Choice::from(0), |ours, secret| ours | self.contains(secret));
        if bool::from(ours) { Ok(()) } else { Err(WebhookRefused::Wrong) }
    }

    /// Compares with every secret, even after a match, so that the time reveals nothing.
    fn contains(&self, presented: &[u8]) -> Choice {
        let presented = digest(presented);
        self.0.iter().fold(Choice::from(0), |found, secret| found | secret.ct_eq(&presented))
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({} hidden)", self.0.len())
    }
}

fn digest(secret: impl AsRef<[u8]>) -> [u8; 32] {
    Sha256::digest(secret).into()
}

fn bearer_token(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(BEARER_SCHEME.len())?;
    scheme.eq_ignore_ascii_case(BEARER_SCHEME).then_some(token)
}
