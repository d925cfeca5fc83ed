//! A cache of verified tokens, so that a token's signature is checked once instead of at each request.

use std::hash::{BuildHasher, Hasher, RandomState};

use moka::{policy::EvictionPolicy, sync::Cache};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{claims::Claims, clock::UnixSeconds};

/// Enough for about 30,000 tokens of Supabase's usual size.
const CAPACITY_BYTES: u64 = 32 * 1024 * 1024;
/// The size of an entry besides its token.
const ENTRY_BYTES: usize = 256;

/// Valid tokens with their claims. Invalid ones are not cached, so that a flood of them evicts nothing.
///
/// The key is the whole token rather than a hash, so that a hash collision cannot mix up two tokens.
pub(super) struct Verdicts<S = Seed>(Cache<Box<str>, Verdict, S>);

/// The claims of a verified token, and how long they count.
#[derive(Clone, Copy)]
pub(super) struct Verdict {
    pub(super) claims: Claims,
    /// The token's expiry, or an earlier instant at which its key must be checked again.
    pub(super) trusted_until: UnixSeconds,
    /// The generation of the keys that it was verified with.
    pub(super) generation: u64,
}

impl Verdicts {
    pub(super) fn new() -> Self {
        Self::with_hasher(Seed(RandomState::new().build_hasher().finish()))
    }
}

impl<S: BuildHasher + Clone + Send + Sync + 'static> Verdicts<S> {
    fn with_hasher(hasher: S) -> Self {
        let cache = Cache::<Box<str>, Verdict>::builder()
            .max_capacity(CAPACITY_BYTES)
            .weigher(|token, _| u32::try_from(token.len() + ENTRY_BYTES).unwrap_or(u32::MAX))
            // Least recently used goes first. Counting uses would keep yesterday's popular, long expired tokens, and
            // today's out.
            .eviction_policy(EvictionPolicy::lru());
        Self(cache.build_with_hasher(hasher))
    }

    /// The claims of a cached token, if they still count at `now` under this generation of keys.
    pub(super) fn get(&self, token: &str, generation: u64, now: UnixSeconds) -> Option<Claims> {
        let verdict = self.0.get(token)?;
        (now < verdict.trusted_until && verdict.generation == generation).then_some(verdict.claims)
    }

    pub(super) fn insert(&self, token: &str, verdict: Verdict) {
        self.0.insert(token.into(), verdict);
    }
}

/// A random seed of the process' hashes, so that nobody can prepare colliding tokens.
#[derive(Clone, Copy)]
pub(super) struct Seed(u64);

impl BuildHasher for Seed {
    type Hasher = Xxh3;

    fn build_hasher(&self) -> Xxh3 {
        Xxh3(self.0)
    }
}

/// xxh3 over whole slices. The crate's streaming hasher would initialise some 500 bytes of state for each token.
pub(super) struct Xxh3(u64);

impl Hasher for Xxh3 {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64_with_seed(bytes, self.0);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use readmodel::ids::OrgId;
    use uuid::Uuid;

    use super::*;

    /// A hasher with which all tokens collide.
    #[derive(Clone)]
    struct Same;

    impl BuildHasher for Same {
        type Hasher = SameHasher;

        fn build_hasher(&self) -> SameHasher {
            SameHasher
        }
    }

    struct SameHasher;

    impl Hasher for SameHasher {
        fn write(&mut self, _: &[u8]) {}

        fn finish(&self) -> u64 {
            7
        }
    }

    const NOW: UnixSeconds = UnixSeconds(1_800_000_000);

    fn verdict(n: u128) -> Verdict {
        let claims = Claims { org: OrgId(Uuid::from_u128(n)), expires_at: NOW.plus(60) };
        Verdict { claims, trusted_until: NOW.plus(60), generation: 0 }
    }

    #[test]
    fn tokens_whose_hashes_collide_keep_their_own_orgs() {
        let verdicts = Verdicts::with_hasher(Same);
        for n in 0..100 {
            verdicts.insert(&format!("token {n}"), verdict(n));
        }
        for n in 0..100 {
            assert_eq!(verdicts.get(&format!("token {n}"), 0, NOW), Some(verdict(n).claims));
        }
        assert_eq!(verdicts.get("token 100", 0, NOW), None);
    }

    #[test]
    fn the_cache_is_bounded_and_keeps_the_newest_tokens() {
        let verdicts = Verdicts::new();
        let token = |n: u128| format!("{n:08000}");
        for n in 0..5_000 {
            verdicts.insert(&token(n), verdict(n));
        }
        verdicts.0.run_pending_tasks();
        assert!(verdicts.0.weighted_size() <= CAPACITY_BYTES);
        assert_eq!(verdicts.get(&token(4_999), 0, NOW), Some(verdict(4_999).claims));
        assert_eq!(verdicts.get(&token(0), 0, NOW), None);
    }
}
