//! Tokens of our own making, for `prewarm token` and tests.

use std::time::Duration;

use jsonwebtoken::{EncodingKey, Header, encode};
use readmodel::ids::OrgId;
use serde_json::json;
use uuid::Uuid;

use super::{claims::Aal, clock::UnixSeconds, config::Config};

/// Why no token could be made.
#[derive(Debug, thiserror::Error)]
pub enum MintError {
    /// Only Supabase holds the private half of the published keys.
    #[error("signing a token takes SUPABASE_JWT_SECRET, which is not set")]
    NoSecret,
    /// The signer refused.
    #[error("cannot sign the token")]
    Sign(#[from] jsonwebtoken::errors::Error),
}

impl Config {
    /// Signs a token for a user of `org` who does not exist, valid from `now` on: as Supabase would write it (HS256), so a
    /// [`Verifier`](super::Verifier) of the same config accepts it.
    ///
    /// # Errors
    /// There is no secret to sign with.
    pub fn mint(&self, org: OrgId, lifetime: Duration, now: UnixSeconds) -> Result<String, MintError> {
        let secret = self.secret.as_ref().ok_or(MintError::NoSecret)?;
        let mut claims = json!({
            "aud": "authenticated",
            "role": "authenticated",
            "sub": Uuid::new_v4(),
            "iat": now.0,
            "exp": now.plus(i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX)).0,
            "aal": self.policy.require_aal.unwrap_or(Aal::Aal1).name(),
            "app_metadata": { "org_id": org },
        });
        if let Some(issuer) = self.policy.issuers.first() {
            claims["iss"] = json!(issuer);
        }
        Ok(encode(&Header::default(), &claims, &EncodingKey::from_secret(secret.as_bytes()))?)
    }
}
