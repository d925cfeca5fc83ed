//! The settings that decide which tokens are trusted.

use std::{fmt, net::IpAddr};

use reqwest::Url;
use vapi::{SettingError, flag, is_loopback};

use super::claims::{Aal, Policy};

/// RFC 7518, 3.2 demands an HS256 key as long as the hash. Some projects have shorter ones.
const ADVISED_SECRET_BYTES: usize = 32;

const JWT_SECRET: &str = "SUPABASE_JWT_SECRET";
const SUPABASE_URL: &str = "SUPABASE_URL";
const JWKS_URL: &str = "PREWARM_JWKS_URL";
const JWT_ISSUER: &str = "PREWARM_JWT_ISSUER";
const ALLOW_ANONYMOUS: &str = "PREWARM_ALLOW_ANONYMOUS";
const REQUIRE_AAL: &str = "PREWARM_REQUIRE_AAL";

/// Top-level names that only private networks resolve (RFC 6762, RFC 9476 and IANA's reservation of `internal`), and
/// that of Kubernetes' services.
const PRIVATE_SUFFIXES: [&str; 4] = [".internal", ".local", ".localhost", ".svc"];

/// The signers that are trusted: the holder of the secret (HS256), of the published keys (ES256, RS256), or both.
#[derive(Debug)]
pub struct Config {
    pub(super) secret: Option<Secret>,
    pub(super) jwks_url: Option<Url>,
    /// The checks of claims.
    pub(super) policy: Policy,
}

/// A fault in the settings, with which the api does not start.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// No key to verify tokens with.
    #[error("tokens cannot be verified: set {JWT_SECRET} (HS256), or {SUPABASE_URL} or {JWKS_URL} (ES256 and RS256)")]
    NoSource,
    /// An invalid URL, or one that keys cannot be fetched from safely.
    #[error("{variable} {reason}")]
    Url {
        /// The variable. Its value is left out, since it may contain a password.
        variable: &'static str,
        /// The fault.
        reason: &'static str,
    },
    /// An invalid value.
    #[error("{variable} must be {wanted}")]
    Value {
        /// The variable.
        variable: &'static str,
        /// The valid values.
        wanted: &'static str,
    },
    /// A flag that is neither `true` nor `false`.
    #[error(transparent)]
    Switch(#[from] SettingError),
    /// The client for fetching keys cannot be made.
    #[error("cannot set up TLS for fetching the token keys")]
    Tls(#[from] reqwest::Error),
}

/// A signing secret, which `Debug` hides.
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
    /// Reads `SUPABASE_JWT_SECRET`, `SUPABASE_URL`, `PREWARM_JWKS_URL`, `PREWARM_JWT_ISSUER`, `PREWARM_ALLOW_ANONYMOUS`
    /// and `PREWARM_REQUIRE_AAL`; empty ones count as unset. `SUPABASE_URL` implies the URL of the keys and the issuer,
    /// and `PREWARM_JWKS_URL` and `PREWARM_JWT_ISSUER` replace them.
    ///
    /// # Errors
    /// Tokens cannot be verified, or a variable is invalid.
    pub fn from_env(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let set = |variable: &str| lookup(variable).filter(|value| !value.is_empty());
        let secret = set(JWT_SECRET).map(Secret);
        if secret.as_ref().is_some_and(|secret| secret.as_bytes().len() < ADVISED_SECRET_BYTES) {
            tracing::warn!(
                "{JWT_SECRET} has fewer than {ADVISED_SECRET_BYTES} bytes and may be guessed; use a longer one"
            );
        }
        let project = set(SUPABASE_URL).map(|value| safe_url(SUPABASE_URL, &value)).transpose()?;
        let auth_url = project.map(|url| format!("{}/auth/v1", url.as_str().trim_end_matches('/')));
        let jwks_url = match (set(JWKS_URL), &auth_url) {
            (Some(value), _) => Some(safe_url(JWKS_URL, &value)?),
            (None, Some(auth_url)) => Some(parse_url(SUPABASE_URL, &format!("{auth_url}/.well-known/jwks.json"))?),
            (None, None) => None,
        };
        if secret.is_none() && jwks_url.is_none() {
            return Err(ConfigError::NoSource);
        }
        let policy = Policy {
            issuers: set(JWT_ISSUER).map_or_else(|| Ok(auth_url.into_iter().collect()), |list| issuers(&list))?,
            allow_anonymous: flag(set, ALLOW_ANONYMOUS, false)?,
            require_aal: set(REQUIRE_AAL).map(|value| level(&value)).transpose()?,
        };
        Ok(Self { secret, jwks_url, policy })
    }
}

/// Parses the list of issuers. An empty list is an error: counted as unset, it would accept tokens of any issuer.
fn issuers(list: &str) -> Result<Vec<String>, ConfigError> {
    let wanted = "one issuer, such as https://project.supabase.co/auth/v1, or several, comma-separated";
    let issuers: Vec<_> =
        list.split(',').map(str::trim).filter(|issuer| !issuer.is_empty()).map(str::to_owned).collect();
    if issuers.is_empty() { Err(ConfigError::Value { variable: JWT_ISSUER, wanted }) } else { Ok(issuers) }
}

fn level(value: &str) -> Result<Aal, ConfigError> {
    Aal::parse(value.trim()).ok_or(ConfigError::Value { variable: REQUIRE_AAL, wanted: "aal1, aal2 or aal3" })
}

/// A URL to fetch keys from. Its server decides which tokens are valid, so it must be https, except on this machine
/// and, with a warning, on a private network.
fn safe_url(variable: &'static str, value: &str) -> Result<Url, ConfigError> {
    let refused = |reason| ConfigError::Url { variable, reason };
    let url = parse_url(variable, value)?;
    let host = url.host_str().ok_or(refused("names no host"))?;
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(host) => {}
        "http" if is_private(host) => {
            tracing::warn!("{variable} is plain http: anyone on the network to {host} could forge tokens; use https");
        }
        _ => return Err(refused("must begin with https:// (http:// only on a loopback or private address)")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused("must not contain a user or a password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refused("must not contain a query or a fragment"));
    }
    Ok(url)
}

fn parse_url(variable: &'static str, value: &str) -> Result<Url, ConfigError> {
    Url::parse(value).map_err(|_| ConfigError::Url { variable, reason: "is not a URL" })
}

/// Whether a host exists only on a private network: an address of RFC 1918 or RFC 4193, a name without a dot, such as a
/// container's, or one under a private top level. Link-local addresses do not count: clouds publish credentials there.
fn is_private(host: &str) -> bool {
    match address(host) {
        Some(IpAddr::V4(address)) => address.is_private(),
        Some(IpAddr::V6(address)) => address.is_unique_local(),
        None => {
            let name = host.trim_end_matches('.');
            !name.is_empty() && (!name.contains('.') || PRIVATE_SUFFIXES.iter().any(|suffix| name.ends_with(suffix)))
        }
    }
}

fn address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}
