//! Signing of tokens, for `prewarm token` and tests.

use std::time::Duration;

use jsonwebtoken::{EncodingKey, Header, encode};
use readmodel::ids::OrgId;
use serde_json::json;
use uuid::Uuid;

use super::{claims::Aal, clock::UnixSeconds, config::Config};

/// Why a token could not be signed.
#[derive(Debug, thiserror::Error)]
pub enum MintError {
    /// There is no secret; the private half of the published keys is Supabase's.
    #[error("SUPABASE_JWT_SECRET is not set, and tokens can only be signed with it")]
    NoSecret,
    /// The signing failed.
    #[error("cannot sign the token")]
    Sign(#[from] jsonwebtoken::errors::Error),
}

impl Config {
    /// Signs a token like Supabase's (HS256) for a made-up user of `org`, valid from `now`. A
    /// [`Verifier`](super::Verifier) of the same config accepts it.
    ///
    /// # Errors
    /// There is no secret.
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
