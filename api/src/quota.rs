//! Limits on what an org and a token may occupy on a node: streams, watches, bodies that are being read.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::http::{HeaderMap, header::AUTHORIZATION};
use readmodel::ids::OrgId;
use xxhash_rust::xxh3::xxh3_128;

use crate::error::ApiError;

/// Limits of watches. They are lower than those of streams, because a watch queries the database each second.
const WATCHERS_PER_ORG: usize = 64;
const WATCHERS_PER_TOKEN: usize = 16;
/// Saves of an org whose bodies are read at once. People click one at a time.
const BODIES_PER_ORG: usize = 16;

/// The limits of open streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamLimits {
    /// `PREWARM_STREAMS_PER_ORG`: open streams of versions of an org on this node.
    pub per_org: usize,
    /// `PREWARM_STREAMS_PER_TOKEN`: open streams of a token.
    pub per_token: usize,
}

impl Default for StreamLimits {
    fn default() -> Self {
        Self { per_org: 512, per_token: 64 }
    }
}

/// The limits of a node, by kind.
#[derive(Clone, Debug)]
pub(crate) struct Quotas {
    streams: Shares,
    watchers: Shares,
    bodies: Quota<OrgId>,
}

impl Quotas {
    pub(crate) fn new(streams: StreamLimits) -> Self {
        let watchers = StreamLimits { per_org: WATCHERS_PER_ORG, per_token: WATCHERS_PER_TOKEN };
        Self { streams: Shares::of(streams), watchers: Shares::of(watchers), bodies: Quota::of(BODIES_PER_ORG) }
    }

    /// Counts another stream of versions.
    pub(crate) fn stream(&self, org: OrgId, headers: &HeaderMap) -> Result<Share, ApiError> {
        self.streams.take(org, headers)
    }

    /// Counts another watch of an agent or a test call.
    pub(crate) fn watcher(&self, org: OrgId, headers: &HeaderMap) -> Result<Share, ApiError> {
        self.watchers.take(org, headers)
    }

    /// Counts another body.
    pub(crate) fn body(&self, org: OrgId) -> Result<Slot<OrgId>, ApiError> {
        self.bodies.take(org).ok_or(ApiError::TooMany)
    }
}

/// Limits of open answers of one kind.
#[derive(Clone, Debug)]
struct Shares {
    orgs: Quota<OrgId>,
    tokens: Quota<u128>,
}

/// An open answer, counted until it is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    _org: Slot<OrgId>,
    _token: Slot<u128>,
}

impl Shares {
    fn of(limits: StreamLimits) -> Self {
        Self { orgs: Quota::of(limits.per_org), tokens: Quota::of(limits.per_token) }
    }

    fn take(&self, org: OrgId, headers: &HeaderMap) -> Result<Share, ApiError> {
        // Tokens are told apart by a hash. Two with the same hash share a limit and nothing else.
        let token = headers.get(AUTHORIZATION).map_or(0, |token| xxh3_128(token.as_bytes()));
        let (org, token) = (self.orgs.take(org), self.tokens.take(token));
        Ok(Share { _org: org.ok_or(ApiError::TooMany)?, _token: token.ok_or(ApiError::TooMany)? })
    }
}

/// A limit for each key.
#[derive(Debug)]
struct Quota<K> {
    most: usize,
    held: Arc<Mutex<HashMap<K, usize>>>,
}

impl<K> Clone for Quota<K> {
    fn clone(&self) -> Self {
        Self { most: self.most, held: Arc::clone(&self.held) }
    }
}

/// A counted unit, released on drop.
#[derive(Debug)]
pub(crate) struct Slot<K: Copy + Eq + Hash> {
    key: K,
    held: Arc<Mutex<HashMap<K, usize>>>,
}

impl<K: Copy + Eq + Hash> Quota<K> {
    fn of(most: usize) -> Self {
        Self { most, held: Arc::default() }
    }

    fn take(&self, key: K) -> Option<Slot<K>> {
        let mut held = lock(&self.held);
        let count = held.entry(key).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Slot { key, held: Arc::clone(&self.held) })
    }
}

impl<K: Copy + Eq + Hash> Drop for Slot<K> {
    fn drop(&mut self) {
        let mut held = lock(&self.held);
        if let Some(count) = held.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.key);
            }
        }
    }
}

fn lock<K>(held: &Mutex<HashMap<K, usize>>) -> MutexGuard<'_, HashMap<K, usize>> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use uuid::Uuid;

    use super::*;

    fn token(text: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static(text))])
    }

    #[test]
    fn streams_are_limited_per_org_and_per_token() {
        let quotas = Quotas::new(StreamLimits { per_org: 3, per_token: 2 });
        let (org, other) = (OrgId(Uuid::from_u128(1)), OrgId(Uuid::from_u128(2)));
        let first: Vec<_> = (0..2).map(|_| quotas.stream(org, &token("Bearer a")).unwrap()).collect();
        assert_eq!(quotas.stream(org, &token("Bearer a")).unwrap_err(), ApiError::TooMany);
        let third = quotas.stream(org, &token("Bearer b")).unwrap();
        assert_eq!(quotas.stream(org, &token("Bearer c")).unwrap_err(), ApiError::TooMany);
        assert!(quotas.stream(other, &token("Bearer d")).is_ok() && quotas.watcher(org, &token("Bearer a")).is_ok());
        drop((first, third));
        assert!(lock(&quotas.streams.orgs.held).is_empty() && lock(&quotas.streams.tokens.held).is_empty());
        assert!(quotas.stream(org, &token("Bearer a")).is_ok());
    }
}
