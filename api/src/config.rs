//! What the api is told by its environment.

use std::net::SocketAddr;

use axum::http::HeaderValue;
use vapi::{AuthError, Authenticator, Deployment};

use crate::auth;

/// The api's settings. A missing one without a default is an error: the api does not start half guarded.
#[derive(Debug)]
pub struct Config {
    /// `PREWARM_HTTP_ADDR`: where dashboards and webhooks come in.
    pub http_addr: SocketAddr,
    /// Who may sign tokens.
    pub auth: auth::Config,
    /// `VAPI_WEBHOOK_SECRET` and `VAPI_WEBHOOK_HMAC`: what Vapi presents, or signs with.
    pub webhooks: Authenticator,
    /// What all assistants share, if any are made. Without it an agent's configuration has no hash. The environment says
    /// more of it than the api minds, so that whoever starts the api and the worker gives it to both.
    pub deployment: Option<Deployment>,
    /// `PREWARM_CORS_ORIGINS`: whose pages may read, comma-separated.
    pub cors_origins: Vec<HeaderValue>,
}

/// Why the api cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Tokens.
    #[error(transparent)]
    Auth(#[from] auth::ConfigError),
    /// Webhooks.
    #[error(transparent)]
    Webhooks(#[from] AuthError),
    /// An address to listen on.
    #[error("PREWARM_HTTP_ADDR is not an address such as 127.0.0.1:8080")]
    HttpAddr(#[from] std::net::AddrParseError),
    /// An origin.
    #[error("PREWARM_CORS_ORIGINS: each origin is written like https://app.example.com")]
    Origin,
}

/// `PREWARM_HTTP_ADDR` unless it is set.
pub const DEFAULT_HTTP_ADDR: &str = "127.0.0.1:8080";

impl Config {
    /// Reads the settings.
    pub fn from_env(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        Ok(Self {
            http_addr: lookup("PREWARM_HTTP_ADDR").as_deref().unwrap_or(DEFAULT_HTTP_ADDR).parse()?,
            auth: auth::Config::from_env(&lookup)?,
            webhooks: Authenticator::from_env(&lookup)?,
            deployment: None,
            cors_origins: origins(&lookup("PREWARM_CORS_ORIGINS").unwrap_or_default())?,
        })
    }
}

fn origins(list: &str) -> Result<Vec<HeaderValue>, ConfigError> {
    list.split(',')
        .map(|origin| origin.trim().trim_end_matches('/'))
        .filter(|origin| !origin.is_empty())
        .map(|origin| {
            let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
            let plain = host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '*', '?', '#']));
            HeaderValue::from_str(origin).ok().filter(|_| plain).ok_or(ConfigError::Origin)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(set: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let lookup = |name: &str| set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Config::from_env(lookup)
    }

    const TOKENS: (&str, &str) = ("SUPABASE_JWT_SECRET", "a-secret-of-more-than-thirty-two-bytes");

    #[test]
    fn the_api_does_not_start_half_guarded() {
        assert!(matches!(config(&[("VAPI_WEBHOOK_SECRET", "s")]), Err(ConfigError::Auth(_))));
        assert!(matches!(config(&[TOKENS]), Err(ConfigError::Webhooks(AuthError::NoSecrets))));
        assert!(matches!(
            config(&[TOKENS, ("VAPI_WEBHOOK_SECRET", " , ")]),
            Err(ConfigError::Webhooks(AuthError::NoSecrets))
        ));
        let secret = ("VAPI_WEBHOOK_SECRET", "s");
        assert!(matches!(config(&[TOKENS, secret, ("VAPI_WEBHOOK_HMAC", "crc32")]), Err(ConfigError::Webhooks(_))));
        assert!(config(&[TOKENS, secret]).is_ok());
    }

    #[test]
    fn origins_are_exact() {
        assert_eq!(origins("https://a.example, http://localhost:3000/").unwrap().len(), 2);
        for bad in ["*", "https://*.example", "a.example", "https://", "null"] {
            assert!(matches!(origins(bad), Err(ConfigError::Origin)), "{bad}");
        }
    }
}
