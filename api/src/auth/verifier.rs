//! From a token to what it entitles to.

use std::sync::Arc;

use jsonwebtoken::DecodingKey;

use super::{
    claims::{Claims, Denied},
    clock::{UnixSeconds, wall_clock},
    config::{Config, ConfigError},
    jwks::{Jwks, TrustedKey},
    token::{Header, MAX_TOKEN_BYTES, SignedBy, Token},
    verdicts::{Verdict, Verdicts},
};

/// Verifies access tokens by the keys that [`Config`] names. One a process, shared.
pub struct Verifier {
    secret: Option<Arc<DecodingKey>>,
    jwks: Option<Arc<Jwks>>,
    issuer: Option<String>,
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
            issuer: config.issuer.clone(),
            verdicts: Verdicts::new(),
        })
    }

    /// What the token entitles to at `now`. Waits only when it names a key that is not known yet, for one fetch of the keys.
    ///
    /// # Errors
    /// The reason to refuse it. The client must not be told which.
    pub async fn verify(&self, token: &str, now: UnixSeconds) -> Result<Claims, Denied> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Denied::Malformed);
        }
        match self.verify_cached(token, now) {
            Some(claims) => Ok(claims),
            // In a box, so that those who are known do not carry its state around.
            None => Box::pin(self.verify_anew(token, now)).await,
        }
    }

    async fn verify_anew(&self, token: &str, now: UnixSeconds) -> Result<Claims, Denied> {
        let parts = Token::parse(token)?;
        let key = self.key(&parts.header, now).await.ok_or(Denied::UnknownKey)?;
        let claims = Claims::read(&parts.verified_payload(&key.decoding)?, self.issuer.as_deref(), now)?;
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
            jwks.refresh(wall_clock()).await;
            tokio::time::sleep(jwks.due_in(wall_clock())).await;
        }
    }

    /// Fetches the published keys, unless that was tried less than 30 s ago: so a key revoked just now is refused at once.
    pub async fn refresh_keys(&self, now: UnixSeconds) {
        if let Some(jwks) = &self.jwks {
            jwks.refresh(now).await;
        }
    }

    /// The key to verify with. Its kind is decided by where it comes from, so that a public key is never taken for a secret.
    async fn key(&self, header: &Header, now: UnixSeconds) -> Option<TrustedKey> {
        if let SignedBy::HS256 = header.alg {
            let decoding = Arc::clone(self.secret.as_ref()?);
            return Some(TrustedKey { decoding, trusted_until: UnixSeconds(i64::MAX), generation: self.generation() });
        }
        let (jwks, kid) = (self.jwks.as_ref()?, header.kid.as_deref()?);
        let algorithm = header.alg.into();
        if let Some(key) = jwks.find(kid, algorithm, now) {
            return Some(key);
        }
        jwks.refresh(now).await;
        jwks.find(kid, algorithm, now)
    }

    fn generation(&self) -> u64 {
        self.jwks.as_ref().map_or(0, |jwks| jwks.generation())
    }
}
