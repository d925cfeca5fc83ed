//! The api's settings.

use std::{net::SocketAddr, time::Duration};

use axum::http::HeaderValue;
use vapi::{AuthError, Authenticator, Deployment};

use crate::{auth, quota::StreamLimits};

/// The api's settings. Necessary ones have no default, so that the api does not start without protection.
#[derive(Debug)]
pub struct Config {
    /// `PREWARM_HTTP_ADDR`: the address for dashboards and webhooks.
    pub http_addr: SocketAddr,
    /// The signers of tokens.
    pub auth: auth::Config,
    /// `VAPI_WEBHOOK_SECRET` and `VAPI_WEBHOOK_HMAC`: the authentication of webhooks.
    pub webhooks: Authenticator,
    /// The settings that all assistants share; without them no configuration has a hash. Set by the caller, which gives
    /// the same to the worker.
    pub deployment: Option<Deployment>,
    /// `PREWARM_HTTP_KEEP_ALIVE`: how long a connection may be idle between two requests.
    pub keep_alive: Duration,
    /// The most open streams of an organisation and of a token.
    pub streams: StreamLimits,
    /// `PREWARM_CORS_ORIGINS`: the origins whose pages may read, comma-separated.
    pub cors_origins: Vec<HeaderValue>,
}

/// Why the api cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The settings for tokens.
    #[error(transparent)]
    Auth(#[from] auth::ConfigError),
    /// The settings for webhooks.
    #[error(transparent)]
    Webhooks(#[from] AuthError),
    /// The address to listen on.
    #[error("PREWARM_HTTP_ADDR is not an address such as 127.0.0.1:8080")]
    HttpAddr(#[from] std::net::AddrParseError),
    /// A number out of range.
    #[error("{name} is not a whole number of {unit} from {least} to {most}")]
    Number {
        /// The variable.
        name: &'static str,
        /// The unit.
        unit: &'static str,
        /// The minimum.
        least: usize,
        /// The maximum.
        most: usize,
    },
    /// An invalid origin.
    #[error("PREWARM_CORS_ORIGINS: write each origin like https://app.example.com")]
    Origin,
}

/// The default of `PREWARM_HTTP_ADDR`.
pub const DEFAULT_HTTP_ADDR: &str = "127.0.0.1:8080";

/// Longer than most balancers keep an idle connection, so that the balancer closes it.
const DEFAULT_KEEP_ALIVE_SECONDS: usize = 75;
const MOST_KEEP_ALIVE_SECONDS: usize = 3600;
/// As many as the most connections.
const MOST_STREAMS: usize = 20_000;

impl Config {
    /// Reads the settings.
    pub fn from_env(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let number = |name, unit, most, default| number(name, unit, most, lookup(name).as_deref(), default);
        let streams = StreamLimits::default();
        let keep_alive =
            number("PREWARM_HTTP_KEEP_ALIVE", "seconds", MOST_KEEP_ALIVE_SECONDS, DEFAULT_KEEP_ALIVE_SECONDS)?;
        Ok(Self {
            http_addr: lookup("PREWARM_HTTP_ADDR").as_deref().unwrap_or(DEFAULT_HTTP_ADDR).parse()?,
            auth: auth::Config::from_env(&lookup)?,
            webhooks: Authenticator::from_env(&lookup)?,
            deployment: None,
            keep_alive: Duration::from_secs(keep_alive as u64),
            streams: StreamLimits {
                per_org: number("PREWARM_STREAMS_PER_ORG", "streams", MOST_STREAMS, streams.per_org)?,
                per_token: number("PREWARM_STREAMS_PER_TOKEN", "streams", MOST_STREAMS, streams.per_token)?,
            },
            cors_origins: origins(&lookup("PREWARM_CORS_ORIGINS").unwrap_or_default())?,
        })
    }
}

fn number(
    name: &'static str,
    unit: &'static str,
    most: usize,
    given: Option<&str>,
    default: usize,
) -> Result<usize, ConfigError> {
    let Some(given) = given else { return Ok(default) };
    let number = given.trim().parse().ok().filter(|number| (1..=most).contains(number));
    number.ok_or(ConfigError::Number { name, unit, least: 1, most })
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
    fn the_api_refuses_to_start_without_keys_or_a_webhook_secret() {
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
    fn numbers_have_bounds_and_defaults() {
        let secret = ("VAPI_WEBHOOK_SECRET", "s");
        let plain = config(&[TOKENS, secret]).unwrap();
        assert_eq!((plain.keep_alive, plain.streams), (Duration::from_secs(75), StreamLimits::default()));
        let set = config(&[TOKENS, secret, ("PREWARM_HTTP_KEEP_ALIVE", " 600 "), ("PREWARM_STREAMS_PER_ORG", "7")]);
        let set = set.unwrap();
        assert_eq!((set.keep_alive, set.streams.per_org), (Duration::from_secs(600), 7));
        for (name, value) in [
            ("PREWARM_HTTP_KEEP_ALIVE", "0"),
            ("PREWARM_HTTP_KEEP_ALIVE", "75s"),
            ("PREWARM_STREAMS_PER_TOKEN", "-1"),
            ("PREWARM_STREAMS_PER_ORG", "20001"),
        ] {
            let refused = config(&[TOKENS, secret, (name, value)]).unwrap_err().to_string();
            assert!(refused.starts_with(&format!("{name} is not a whole number of ")), "{refused}");
        }
    }

    #[test]
    fn origins_are_exact() {
        assert_eq!(origins("https://a.example, http://localhost:3000/").unwrap().len(), 2);
        for bad in ["*", "https://*.example", "a.example", "https://", "null"] {
            assert!(matches!(origins(bad), Err(ConfigError::Origin)), "{bad}");
        }
    }
}
