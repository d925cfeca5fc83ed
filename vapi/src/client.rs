//! The client of Vapi's REST API.
//!
//! A process has one [`Client`]; its clones share the connections and the [`Gate`], so that limits and outages that one
//! of them meets hold for all. No method retries a request: its [`Error`] says what the caller may do.

mod answer;
mod assistants;
mod calls;
mod error;
mod gate;
mod phone_numbers;
mod request;
mod retry_after;
mod words;

use std::{
    fmt,
    sync::{Arc, Once},
    time::Duration,
};

use reqwest::{Method, Url, redirect::Policy};
use serde_json::Value;
use tokio::time::Instant;

use self::{answer::answered, request::Request};
pub use self::{
    assistants::{Assistant, PAGE_SIZE},
    calls::{Call, Calls, WebCall},
    error::{Cause, Error},
    gate::{Gate, Times},
    phone_numbers::PhoneNumber,
    request::Operation,
};
use crate::{is_loopback, private::Private};

/// The limit for connecting. A connection within a continent takes a tenth of it; a longer wait means a broken network.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Called after every request that was sent.
pub type Observer = Arc<dyn Fn(&Observation) + Send + Sync>;

/// A completed request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// The kind of request.
    pub operation: Operation,
    /// The status of the answer, or in its absence `connect`, `timeout`, `broken` or `unreadable`.
    pub status: String,
    /// Its duration.
    pub took: Duration,
}

/// The address of Vapi, the key, and the limits of requests.
#[derive(Clone)]
pub struct Config {
    /// `https://api.vapi.ai`, or a stand-in.
    pub base_url: String,
    /// The private key, which may do everything except starting web calls.
    pub private_key: Private,
    /// The public key, which may start web calls. Without it the private key is tried; some organisations' keys may.
    pub public_key: Option<Private>,
    /// Vapi's edge rejects requests without one.
    pub user_agent: String,
    /// Counts and times the requests.
    pub observer: Option<Observer>,
    /// Timeouts and pauses.
    pub times: Times,
}

/// Why no client can be made.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The base URL is invalid.
    #[error("VAPI_BASE_URL is not an http or https URL")]
    BaseUrl,
    /// A key or the user agent cannot be sent in a header.
    #[error("{0} contains characters that no header may contain")]
    Header(&'static str),
    /// TLS could not be initialised.
    #[error("the HTTP client could not be set up")]
    Http(#[source] reqwest::Error),
}

/// The client of Vapi's REST API. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base_url: Url,
    private_key: Private,
    public_key: Option<Private>,
    observer: Option<Observer>,
    gate: Gate,
}

impl Client {
    /// A client with a gate of its own. It connects on first use.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        let base_url = Url::parse(&config.base_url).map_err(|_| ConfigError::BaseUrl)?;
        if !matches!(base_url.scheme(), "http" | "https") || base_url.cannot_be_a_base() {
            return Err(ConfigError::BaseUrl);
        }
        check_header("VAPI_API_KEY", config.private_key.as_str())?;
        check_header("VAPI_PUBLIC_KEY", config.public_key.as_ref().map_or("", Private::as_str))?;
        check_header("the user agent", &config.user_agent)?;
        Ok(Self {
            http: http_client(&config, &base_url).map_err(ConfigError::Http)?,
            base_url,
            private_key: config.private_key,
            public_key: config.public_key,
            observer: config.observer,
            gate: Gate::new(config.times),
        })
    }

    /// The gate that holds requests back.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Sends a request once and parses the answer with `read`, which returns `None` for anything that is not Vapi's.
    async fn send<T>(&self, request: Request<'_>, read: impl FnOnce(Value) -> Option<T>) -> Result<T, Error> {
        let pass = self.gate.enter().await?;
        let started = Instant::now();
        let (result, status) = self.exchange(&request, read).await;
        // A failure that the length of a list may have caused says nothing about Vapi, so the gate does not learn of
        // it.
        if !(request.operation.is_list() && result.as_ref().is_err_and(Error::may_be_length)) {
            pass.report(&result);
        }
        if let Some(observer) = &self.observer {
            observer(&Observation { operation: request.operation, status, took: started.elapsed() });
        }
        result
    }

    async fn exchange<T>(
        &self,
        request: &Request<'_>,
        read: impl FnOnce(Value) -> Option<T>,
    ) -> (Result<T, Error>, String) {
        let sent = self.http.request(request.method.clone(), request.url(&self.base_url));
        let sent = match request.body {
            Some(body) => sent.json(body),
            None => sent,
        };
        match sent.bearer_auth(self.key_for(request).as_str()).send().await {
            Ok(response) => answered(request, response, &self.keys(), read).await,
            Err(error) => {
                let cause = Cause::of(&error);
                (Err(request.failed(cause, None)), cause.to_string())
            }
        }
    }

    fn key_for(&self, request: &Request<'_>) -> &Private {
        match request.operation {
            Operation::CreateWebCall => self.public_key.as_ref().unwrap_or(&self.private_key),
            _ => &self.private_key,
        }
    }

    fn keys(&self) -> Vec<&str> {
        [Some(&self.private_key), self.public_key.as_ref()].into_iter().flatten().map(Private::as_str).collect()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("gate", &self.gate).finish_non_exhaustive()
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("private_key", &self.private_key)
            .field("public_key", &self.public_key)
            .field("user_agent", &self.user_agent)
            .finish_non_exhaustive()
    }
}

fn check_header(what: &'static str, text: &str) -> Result<(), ConfigError> {
    let visible = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if visible { Ok(()) } else { Err(ConfigError::Header(what)) }
}

fn http_client(config: &Config, base_url: &Url) -> Result<reqwest::Client, reqwest::Error> {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // On an error the process has chosen a provider already, which will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    let builder = reqwest::Client::builder()
        .user_agent(&config.user_agent)
        .redirect(Policy::none())
        // Callers decide whether to retry.
        .retry(reqwest::retry::never())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(config.times.request);
    // No proxy leads back to this machine.
    if base_url.host_str().is_some_and(is_loopback) { builder.no_proxy().build() } else { builder.build() }
}

/// A request with method and path.
fn request<'a>(operation: Operation, method: Method, path: &[&'a str]) -> Request<'a> {
    Request { operation, method, path: path.to_vec(), query: Vec::new(), body: None }
}
