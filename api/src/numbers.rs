//! The assistant that answers a number's calls, looked up while the caller's phone rings.
//!
//! An answer is cached for [`CACHE_TIME`], so that a change of the mapping takes effect within a second. Then Postgres
//! is asked again; if it does not answer, the last answer serves, so that no call is dropped because of a short outage.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use moka::sync::Cache;
use readmodel::phone::PhoneNumber;
use store::Store;
use vapi::CallRef;

/// The time that an answer is cached, from the moment of the request.
pub const CACHE_TIME: Duration = Duration::from_millis(500);
/// The limit of the wait for Postgres. Vapi drops the call after 7.5 s.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);
/// Most cached numbers.
const MAX_CACHED: u64 = 10_000;

/// A cache of the mapping from numbers to assistants.
pub struct Numbers {
    store: Store,
    clock: Box<dyn Fn() -> Instant + Send + Sync>,
    cached: Cache<Number, CachedAnswer>,
}

/// Our called number: Vapi's id, and the number itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Number {
    id: Option<String>,
    digits: Option<String>,
}

#[derive(Clone)]
struct CachedAnswer {
    answer: NumberAssistant,
    since: Instant,
}

/// The result of a look-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberAssistant {
    /// Vapi's id of the assistant; `None` if no assistant answers this number.
    pub assistant: Option<Arc<str>>,
    /// Whether the answer is an earlier one, because Postgres does not answer now.
    pub is_late: bool,
}

/// Postgres does not answer, and there is no earlier answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("postgres does not answer, and no earlier answer is known")]
pub struct NotAnswered;

impl Numbers {
    /// An empty cache.
    pub fn new(store: Store, clock: impl Fn() -> Instant + Send + Sync + 'static) -> Self {
        Self { store, clock: Box::new(clock), cached: Cache::new(MAX_CACHED) }
    }

    /// The assistant that answers a call to one of our numbers.
    pub async fn assistant_of(&self, call: &CallRef) -> Result<NumberAssistant, NotAnswered> {
        let digits = call.our_number.as_ref().map(|number| number.as_str().to_owned());
        let number = Number { id: call.phone_number_id.clone(), digits };
        let asked = (self.clock)();
        let cached = self.cached.get(&number);
        if let Some(cached) =
            cached.as_ref().filter(|cached| asked.saturating_duration_since(cached.since) < CACHE_TIME)
        {
            return Ok(cached.answer.clone());
        }
        let cached = match (self.ask(&number).await, cached) {
            (Some(assistant), _) => {
                CachedAnswer { answer: NumberAssistant { assistant, is_late: false }, since: asked }
            }
            // Cached again, so that the next caller need not find out that Postgres is silent.
            (None, Some(cached)) => {
                CachedAnswer { answer: NumberAssistant { is_late: true, ..cached.answer }, since: (self.clock)() }
            }
            (None, None) => return Err(NotAnswered),
        };
        self.cached.insert(number, cached.clone());
        Ok(cached.answer)
    }

    /// Asks Postgres; `None` if it does not answer in time.
    async fn ask(&self, number: &Number) -> Option<Option<Arc<str>>> {
        let mut spellings =
            number.digits.as_deref().map(|text| PhoneNumber::parse(text).spellings()).unwrap_or_default();
        spellings.extend(number.digits.clone());
        let asked = self.store.assistant_of(number.id.as_deref(), &spellings);
        match tokio::time::timeout(ANSWER_TIMEOUT, asked).await {
            Ok(Ok(assistant)) => Some(assistant.map(Arc::from)),
            Ok(Err(error)) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "an assistant-request could not be looked up"
                );
                None
            }
            Err(_) => {
                tracing::error!("an assistant-request could not be looked up: postgres takes too long");
                None
            }
        }
    }
}
