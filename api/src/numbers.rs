//! Which assistant takes the calls of a number, asked while the caller's phone rings.
//!
//! An answer is believed for [`BELIEVED`], so that a change of the mapping holds for the next call within a second. Then
//! Postgres is asked again; if it does not answer, the last answer serves: no call is dropped because the database blinks.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use moka::sync::Cache;
use readmodel::phone::PhoneNumber;
use store::Store;
use vapi::CallRef;

/// How long an answer is believed, from the moment when it was asked for.
pub const BELIEVED: Duration = Duration::from_millis(500);
/// Postgres is given this long. Vapi waits 7.5 s before it drops the call.
const PATIENCE: Duration = Duration::from_secs(1);
/// Numbers that are remembered. More than these and the least used are asked for each time.
const REMEMBERED: u64 = 10_000;

/// The mapping of numbers to assistants, as this node knows it.
pub struct Numbers {
    store: Store,
    clock: Box<dyn Fn() -> Instant + Send + Sync>,
    known: Cache<Number, Known>,
}

/// Our number that was called: Vapi's id of it, and the number itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Number {
    id: Option<String>,
    digits: Option<String>,
}

#[derive(Clone)]
struct Known {
    found: Found,
    since: Instant,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Vapi's id of the assistant; none takes the calls of this number.
    pub assistant: Option<Arc<str>>,
    /// Postgres did not say so now, but some time before.
    pub is_late: bool,
}

/// Postgres does not answer, and has not been asked for this number before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no assistant is known, and postgres does not answer")]
pub struct NotFound;

impl Numbers {
    /// Knows nothing yet.
    pub fn new(store: Store, clock: impl Fn() -> Instant + Send + Sync + 'static) -> Self {
        Self { store, clock: Box::new(clock), known: Cache::new(REMEMBERED) }
    }

    /// The assistant that takes a call to one of our numbers.
    pub async fn assistant_of(&self, call: &CallRef) -> Result<Found, NotFound> {
        let digits = call.our_number.as_ref().map(|number| number.as_str().to_owned());
        let number = Number { id: call.phone_number_id.clone(), digits };
        let asked = (self.clock)();
        let known = self.known.get(&number);
        if let Some(known) = known.as_ref().filter(|known| asked.saturating_duration_since(known.since) < BELIEVED) {
            return Ok(known.found.clone());
        }
        let known = match (self.ask(&number).await, known) {
            (Some(assistant), _) => Known { found: Found { assistant, is_late: false }, since: asked },
            // Believed from now on: whoever calls next need not wait to find out that Postgres is silent.
            (None, Some(known)) => Known { found: Found { is_late: true, ..known.found }, since: (self.clock)() },
            (None, None) => return Err(NotFound),
        };
        self.known.insert(number, known.clone());
        Ok(known.found)
    }

    /// What Postgres says; `None` if it does not say anything in time.
    async fn ask(&self, number: &Number) -> Option<Option<Arc<str>>> {
        let mut spellings =
            number.digits.as_deref().map(|text| PhoneNumber::parse(text).spellings()).unwrap_or_default();
        spellings.extend(number.digits.clone());
        let asked = self.store.assistant_of(number.id.as_deref(), &spellings);
        match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(assistant)) => Some(assistant.map(Arc::from)),
            Ok(Err(error)) => {
                tracing::error!(error = &error as &dyn std::error::Error, "assistant-request");
                None
            }
            Err(_) => {
                tracing::error!("assistant-request: postgres takes too long");
                None
            }
        }
    }
}
