//! From a token to what it entitles to.

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

/// Verifies access tokens by the keys that [`Config`] names. One a process, shared.
pub struct Verifier {
    secret: Option<Arc<DecodingKey>>,
    jwks: Option<Arc<Jwks>>,
    policy: Policy,
    verdicts: Verdicts,
}

impl Verifier {
    /// Starts without published keys: [`keep_keys_fresh`](Self::keep_keys_fresh) or the first token fetches them.
    ///
    /// # Errors
    /// TLS cannot be set up, for instance because the system has no root certificates.
    pub fn new(config: &Config) -> Result<Self, ConfigError> {
        Ok(Self {
            secret: config.secret.as_ref().map(|secret| Arc::new(DecodingKey::from_secret(secret.as_bytes()))),
            jwks: config.jwks_url.clone().map(Jwks::new).transpose()?.map(Arc::new),
            policy: config.policy.clone(),
            verdicts: Verdicts::new(),
        })
    }

    /// What the token entitles to at `now`. Waits only when it names a key that is not known yet, for one fetch of the keys.
    ///
    /// # Errors
    /// The reason to refuse it. The client must not be told which.
    pub async fn verify(&self, token: &str, now: UnixSeconds) -> Result<Claims, Denied> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Denied::TooLong);
        }
        match self.verify_cached(token, now) {
            Some(claims) => Ok(claims),
            // In a box, so that those who are known do not carry its state around.
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

    /// The same for a token that was verified before, without waiting; `None` says nothing about the token.
    pub fn verify_cached(&self, token: &str, now: UnixSeconds) -> Option<Claims> {
        self.verdicts.get(token, self.generation(), now)
    }

    /// Fetches the published keys now and from then on, every ten minutes or sooner after a failure. Never ends when there
    /// are keys to fetch; to be run beside the server, and dropped with it.
    pub async fn keep_keys_fresh(&self) {
        let Some(jwks) = &self.jwks else { return };
        loop {
            self.refresh_keys(wall_clock()).await;
            tokio::time::sleep(jwks.due_in(wall_clock())).await;
        }
    }

    /// Fetches the published keys, unless that was tried less than 30 s ago: so a key revoked just now is refused at once.
    pub async fn refresh_keys(&self, now: UnixSeconds) {
        if let Some(jwks) = &self.jwks {
            jwks.refresh(now).await;
        }
    }

    /// How the published keys are at `now`; `None` where none are to be fetched.
    pub fn keys(&self, now: UnixSeconds) -> Option<Keys> {
        self.jwks.as_ref().map(|jwks| jwks.keys(now))
    }

    /// Why the published keys could not be fetched the last time, if so.
    pub fn key_failure(&self) -> Option<String> {
        self.jwks.as_ref()?.failure()
    }

    /// Whether tokens are verified without published keys, too.
    pub fn has_secret(&self) -> bool {
        self.secret.is_some()
    }

    /// The key to verify with. Its kind is decided by where it comes from, so that a public key is never taken for a secret.
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
        // Without any set nobody knows whether the token is good.
        let unknown = || if jwks.keys(now) == Keys::None { Denied::NoKeys } else { Denied::UnknownKey };
        jwks.find(kid, algorithm, now).ok_or_else(unknown)
    }

    fn generation(&self) -> u64 {
        self.jwks.as_ref().map_or(0, |jwks| jwks.generation())
    }
}
