//! Which tokens are trusted, from the environment.

use std::{fmt, net::IpAddr};

use reqwest::Url;

/// HS256 asks for a key as long as its hash (RFC 7518, 3.2). A project may have been set up with a shorter one.
const ADVISED_SECRET_BYTES: usize = 32;

const JWT_SECRET: &str = "SUPABASE_JWT_SECRET";
const SUPABASE_URL: &str = "SUPABASE_URL";
const JWKS_URL: &str = "PREWARM_JWKS_URL";

/// Who may sign tokens: the holder of the secret (HS256), of the published keys (ES256, RS256), or both.
#[derive(Debug)]
pub struct Config {
    pub(super) secret: Option<Secret>,
    pub(super) jwks_url: Option<Url>,
    /// What `iss` has to be, when a project is named.
    pub(super) issuer: Option<String>,
}

/// What is wrong with the environment. The api does not start with it.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Nothing to verify a token by.
    #[error("no way to verify a token: set {JWT_SECRET} (HS256), or {SUPABASE_URL} or {JWKS_URL} (ES256 and RS256)")]
    NoSource,
    /// An address that is none, or that is not safe to fetch keys from.
    #[error("{variable} {reason}")]
    Url {
        /// The variable's name. Its value stays unsaid: it may hold a password.
        variable: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The client that fetches the keys cannot be made.
    #[error("cannot set up TLS for fetching the token keys")]
    Tls(#[from] reqwest::Error),
}

/// A secret: it is compared and signed with, and never printed.
pub struct Secret(String);

impl Secret {
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

impl Config {
    /// Reads `SUPABASE_JWT_SECRET`, `SUPABASE_URL` and `PREWARM_JWKS_URL`; an empty one counts as unset. `SUPABASE_URL` says
    /// where the keys are published and who the issuer is; `PREWARM_JWKS_URL` says where they are published instead.
    ///
    /// # Errors
    /// None of them is set, or one is unusable.
    pub fn from_env(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let set = |variable| lookup(variable).filter(|value| !value.is_empty());
        let secret = set(JWT_SECRET).map(Secret);
        if secret.as_ref().is_some_and(|secret| secret.as_bytes().len() < ADVISED_SECRET_BYTES) {
            tracing::warn!("{JWT_SECRET} has fewer than {ADVISED_SECRET_BYTES} bytes: it may be guessed");
        }
        let project = set(SUPABASE_URL).map(|value| safe_url(SUPABASE_URL, &value)).transpose()?;
        let issuer = project.map(|url| format!("{}/auth/v1", url.as_str().trim_end_matches('/')));
        let jwks_url = match (set(JWKS_URL), &issuer) {
            (Some(value), _) => Some(safe_url(JWKS_URL, &value)?),
            (None, Some(issuer)) => Some(safe_url(SUPABASE_URL, &format!("{issuer}/.well-known/jwks.json"))?),
            (None, None) => None,
        };
        if secret.is_none() && jwks_url.is_none() {
            return Err(ConfigError::NoSource);
        }
        Ok(Self { secret, jwks_url, issuer })
    }
}

/// An address to fetch keys from: whoever answers there decides who is let in. So https, except on this machine.
fn safe_url(variable: &'static str, value: &str) -> Result<Url, ConfigError> {
    let refused = |reason| ConfigError::Url { variable, reason };
    let url = Url::parse(value).map_err(|_| refused("is not a URL"))?;
    let host = url.host_str().ok_or(refused("names no host"))?;
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(host) => {}
        _ => return Err(refused("must begin with https:// (http:// only on a loopback address)")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused("must not hold a user or a password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refused("must not hold a query or a fragment"));
    }
    Ok(url)
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}
