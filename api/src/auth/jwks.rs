//! The published keys: where they are fetched from, and how long they are trusted.

use std::{
    sync::{Arc, Once, PoisonError, RwLock, RwLockReadGuard},
    time::Duration,
};

use jsonwebtoken::{Algorithm, DecodingKey};
use reqwest::{Client, StatusCode, Url, redirect::Policy};
use tokio::sync::Mutex;

use super::{
    clock::UnixSeconds,
    key_set::{KeySet, KeySetError},
};

/// The least time between two fetches, which bounds the cost of tokens with made-up key ids.
const MIN_INTERVAL_SECONDS: i64 = 30;
/// The least time between two fetches while there are no keys and every token is refused.
const MIN_INTERVAL_WITHOUT_KEYS_SECONDS: i64 = 2;
/// Age at which the keys are fetched again, and so the longest that a revoked key is accepted while they can be
/// fetched.
const REFRESH_SECONDS: i64 = 600;
/// Age at which the keys are no longer trusted, and so the longest that a revoked key is accepted while they cannot be
/// fetched.
const MAX_AGE_SECONDS: i64 = 24 * 3600;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
const MAX_BODY_BYTES: usize = 256 * 1024;

/// The keys published at one URL: the last good set, and when it was requested.
pub(super) struct Jwks {
    url: Url,
    client: Client,
    current: RwLock<Current>,
    /// Locked during a fetch, so that there is only one at a time.
    last_attempt: Arc<Mutex<Option<UnixSeconds>>>,
}

#[derive(Default)]
struct Current {
    keys: KeySet,
    fetched_at: Option<UnixSeconds>,
    generation: u64,
    /// Why the last fetch failed, if it did.
    failure: Option<String>,
}

/// The state of the published keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// There are keys, and the last fetch succeeded.
    Fresh,
    /// The last fetch failed; the previous keys, of this age in seconds, are in use.
    Kept(i64),
    /// There are no keys, or only some that are too old to be trusted.
    None,
}

impl Current {
    /// When the keys were fetched, unless they are too old to be trusted.
    fn trusted_since(&self, now: UnixSeconds) -> Option<UnixSeconds> {
        self.fetched_at.filter(|at| now < at.plus(MAX_AGE_SECONDS))
    }

    fn min_interval(&self, now: UnixSeconds) -> i64 {
        match self.trusted_since(now) {
            Some(_) => MIN_INTERVAL_SECONDS,
            None => MIN_INTERVAL_WITHOUT_KEYS_SECONDS,
        }
    }
}

/// A key, with the time until which its signatures count without another look at it.
pub(super) struct TrustedKey {
    pub(super) decoding: Arc<DecodingKey>,
    pub(super) trusted_until: UnixSeconds,
    pub(super) generation: u64,
}

#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("the request failed")]
    Request(#[from] reqwest::Error),
    #[error("the answer was {0}")]
    Status(StatusCode),
    #[error("the body is longer than {MAX_BODY_BYTES} bytes")]
    TooLong,
    #[error(transparent)]
    KeySet(#[from] KeySetError),
}

impl Jwks {
    /// An empty set until the first [`refresh`](Self::refresh).
    pub(super) fn new(url: Url) -> Result<Self, reqwest::Error> {
        let client = http_client()?;
        Ok(Self { url, client, current: RwLock::default(), last_attempt: Arc::default() })
    }

    /// The key of an id and algorithm in the last good set.
    pub(super) fn find(&self, kid: &str, algorithm: Algorithm, now: UnixSeconds) -> Option<TrustedKey> {
        let current = self.current();
        let trusted_until = current.trusted_since(now)?.plus(MAX_AGE_SECONDS);
        let decoding = current.keys.find(kid, algorithm)?;
        Some(TrustedKey { decoding: Arc::clone(decoding), trusted_until, generation: current.generation })
    }

    /// The number of times that keys have left the set. Tokens verified under an earlier generation must be verified
    /// again.
    pub(super) fn generation(&self) -> u64 {
        self.current().generation
    }

    /// The state of the keys.
    pub(super) fn keys(&self, now: UnixSeconds) -> Keys {
        let current = self.current();
        match (current.trusted_since(now), &current.failure) {
            (None, _) => Keys::None,
            (Some(_), None) => Keys::Fresh,
            (Some(at), Some(_)) => Keys::Kept(now.since(at)),
        }
    }

    /// Why the last fetch failed, if it did.
    pub(super) fn failure(&self) -> Option<String> {
        self.current().failure.clone()
    }

    fn current(&self) -> RwLockReadGuard<'_, Current> {
        self.current.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fetches the keys, unless that was tried less than 30 s ago (2 s while there are none). Requests that come during
    /// a fetch wait for it. On failure the last good keys stay.
    pub(super) async fn refresh(self: &Arc<Self>, now: UnixSeconds) {
        let mut last_attempt = Arc::clone(&self.last_attempt).lock_owned().await;
        // A negative age means that the clock was set back; such an attempt blocks nothing.
        let min_interval = self.current().min_interval(now);
        if last_attempt.is_some_and(|at| (0..min_interval).contains(&now.since(at))) {
            return;
        }
        *last_attempt = Some(now);
        let jwks = Arc::clone(self);
        // In a task of its own: a client that hangs up must not end a fetch that others wait for.
        let fetch = tokio::spawn(async move {
            match jwks.fetch().await {
                Ok(keys) => jwks.replace(keys, now),
                Err(error) => jwks.note_failure(&error, now),
            }
            drop(last_attempt);
        });
        if fetch.await.is_err() {
            tracing::error!("the fetch of the token keys ended early");
        }
    }

    fn note_failure(&self, error: &FetchError, now: UnixSeconds) {
        let reason = monitoring::logging::chain(error);
        match self.current().trusted_since(now) {
            Some(at) => {
                let age_seconds = now.since(at);
                tracing::warn!(reason, age_seconds, "could not fetch the token keys; the last good ones stay in use");
            }
            None => {
                tracing::error!(reason, "could not fetch the token keys, and there are none: all tokens are refused")
            }
        }
        self.current.write().unwrap_or_else(PoisonError::into_inner).failure = Some(reason);
    }

    /// The time until the next fetch.
    pub(super) fn due_in(&self, now: UnixSeconds) -> Duration {
        due_in(self.current().trusted_since(now), now)
    }

    async fn fetch(&self) -> Result<KeySet, FetchError> {
        let mut response = self.client.get(self.url.clone()).send().await?;
        if response.status() != StatusCode::OK {
            return Err(FetchError::Status(response.status()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > MAX_BODY_BYTES {
                return Err(FetchError::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(KeySet::parse(&body)?)
    }

    fn replace(&self, keys: KeySet, now: UnixSeconds) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if !keys.contains_all(&current.keys) {
            current.generation += 1;
        }
        current.keys = keys;
        current.fetched_at = Some(now);
        current.failure = None;
    }
}

/// The time until the next fetch: until the keys are ten minutes old, or, after a failure or before the first success,
/// until an attempt is allowed.
fn due_in(trusted_since: Option<UnixSeconds>, now: UnixSeconds) -> Duration {
    let seconds = match trusted_since {
        Some(at) => (REFRESH_SECONDS - now.since(at).clamp(0, REFRESH_SECONDS)).max(MIN_INTERVAL_SECONDS),
        None => MIN_INTERVAL_WITHOUT_KEYS_SECONDS,
    };
    Duration::from_secs(seconds.unsigned_abs())
}

/// A client that checks certificates against the system's roots (`rustls-platform-verifier`, reqwest's default), so
/// that a private authority installed by the operator is trusted.
fn http_client() -> Result<Client, reqwest::Error> {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // On an error the process has chosen a provider already, which will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    Client::builder()
        .user_agent(concat!("prewarm/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(FETCH_TIMEOUT)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_set_is_refetched_after_ten_minutes_and_a_missing_one_as_soon_as_allowed() {
        let at = |seconds| Some(UnixSeconds(seconds));
        for (fetched_at, now, seconds) in [
            (None, 1_000, 2),
            (at(1_000), 1_000, 600),
            (at(1_000), 1_100, 500),
            (at(1_000), 1_590, 30),
            (at(1_000), 1_600, 30),
            (at(1_000), 90_000, 30),
            // The clock was set back.
            (at(1_000), 0, 600),
        ] {
            assert_eq!(due_in(fetched_at, UnixSeconds(now)).as_secs(), seconds, "{fetched_at:?} at {now}");
        }
    }
}
