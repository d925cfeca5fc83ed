//! Verification of tokens.

use std::sync::Arc;

use jsonwebtoken::DecodingKey;

use super::{
    claims::{Claims, Denied, Policy},
    clock::{UnixSeconds, wall_clock},
    config::{Config, ConfigError},
    jwks::{Jwks, Keys, TrustedKey},
    token::{Header, MAX_TOKEN_BYTES, SignedBy, Token},
    verdicts::{Verdict, Verdicts},
};

/// Verifies access tokens with the keys of [`Config`]. A process has one.
pub struct Verifier {
    secret: Option<Arc<DecodingKey>>,
    jwks: Option<Arc<Jwks>>,
    policy: Policy,
    verdicts: Verdicts,
}

impl Verifier {
    /// A verifier without published keys; [`keep_keys_fresh`](Self::keep_keys_fresh) or the first token fetches them.
    ///
    /// # Errors
    /// TLS cannot be set up, for example because the system has no root certificates.
    pub fn new(config: &Config) -> Result<Self, ConfigError> {
        Ok(Self {
            secret: config.secret.as_ref().map(|secret| Arc::new(DecodingKey::from_secret(secret.as_bytes()))),
            jwks: config.jwks_url.clone().map(Jwks::new).transpose()?.map(Arc::new),
            policy: config.policy.clone(),
            verdicts: Verdicts::new(),
        })
    }

    /// The claims of a token at `now`. Waits, for one fetch of the keys, only if the token names an unknown key.
    ///
    /// # Errors
    /// The reason for refusing the token. It must not be told to the client.
    pub async fn verify(&self, token: &str, now: UnixSeconds) -> Result<Claims, Denied> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Denied::TooLong);
        }
        match self.verify_cached(token, now) {
            Some(claims) => Ok(claims),
            // Boxed, so that cached tokens do not carry its state.
            None => Box::pin(self.verify_anew(token, now)).await,
        }
    }

    async fn verify_anew(&self, token: &str, now: UnixSeconds) -> Result<Claims, Denied> {
        let parts = Token::parse(token)?;
        let key = self.key(&parts.header, now).await?;
        let claims = Claims::read(&parts.verified_payload(&key.decoding)?, &self.policy, now)?;
        let trusted_until = claims.expires_at.min(key.trusted_until);
        self.verdicts.insert(token, Verdict { claims, trusted_until, generation: key.generation });
        Ok(claims)
    }

    /// The claims of a token that was verified before, without waiting; `None` says nothing about the token.
    pub fn verify_cached(&self, token: &str, now: UnixSeconds) -> Option<Claims> {
        self.verdicts.get(token, self.generation(), now)
    }

    /// Fetches the published keys now, then every ten minutes, or sooner after a failure. Never returns if there are
    /// keys to fetch; run it beside the server and drop it with it.
    pub async fn keep_keys_fresh(&self) {
        let Some(jwks) = &self.jwks else { return };
        loop {
            self.refresh_keys(wall_clock()).await;
            tokio::time::sleep(jwks.due_in(wall_clock())).await;
        }
    }

    /// Fetches the published keys, unless that was tried less than 30 s ago. A key revoked just now is refused
    /// afterwards.
    pub async fn refresh_keys(&self, now: UnixSeconds) {
        if let Some(jwks) = &self.jwks {
            jwks.refresh(now).await;
        }
    }

    /// The state of the published keys; `None` if none are configured.
    pub fn keys(&self, now: UnixSeconds) -> Option<Keys> {
        self.jwks.as_ref().map(|jwks| jwks.keys(now))
    }

    /// Why the last fetch of the published keys failed, if it did.
    pub fn key_failure(&self) -> Option<String> {
        self.jwks.as_ref()?.failure()
    }

    /// Whether tokens can also be verified with a secret.
    pub fn has_secret(&self) -> bool {
        self.secret.is_some()
    }

    /// The key to verify with. Its kind follows from its source, so that a public key is never used as a secret.
    async fn key(&self, header: &Header, now: UnixSeconds) -> Result<TrustedKey, Denied> {
        if let SignedBy::HS256 = header.alg {
            let decoding = Arc::clone(self.secret.as_ref().ok_or(Denied::UnknownKey)?);
            return Ok(TrustedKey { decoding, trusted_until: UnixSeconds(i64::MAX), generation: self.generation() });
        }
        let jwks = self.jwks.as_ref().ok_or(Denied::UnknownKey)?;
        let (kid, algorithm) = (header.kid.as_deref().ok_or(Denied::UnknownKey)?, header.alg.into());
        if let Some(key) = jwks.find(kid, algorithm, now) {
            return Ok(key);
        }
        jwks.refresh(now).await;
        // Without any keys it is unknown whether the token is valid.
        let unknown = || if jwks.keys(now) == Keys::None { Denied::NoKeys } else { Denied::UnknownKey };
        jwks.find(kid, algorithm, now).ok_or_else(unknown)
    }

    fn generation(&self) -> u64 {
        self.jwks.as_ref().map_or(0, |jwks| jwks.generation())
    }
}
