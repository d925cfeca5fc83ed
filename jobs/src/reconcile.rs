//! Takes in calls whose webhooks were lost: asks Vapi for the calls that have changed since the last pass, and
//! processes what is new as if Vapi had reported it.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use intake::{Message, Outcome};
use metrics::{counter, gauge};
use monitoring::names::{RECONCILED_CALLS_TOTAL, RECONCILED_UNTIL_SECONDS};
use readmodel::time::Timestamp;
use serde_json::Value;
use store::Store;
use vapi::{
    CallState, Envelope,
    client::{Call, Calls, Cause, Client, Error},
};

use crate::{Context, JobError};

/// The first pass looks back this far.
const FIRST_LOOKBACK: Duration = Duration::from_hours(24);
/// The overlap of passes. Longer than the clock skew, and than Vapi may take to list a changed call.
const OVERLAP: Duration = Duration::from_mins(10);
/// Calls in a page. With their transcripts they are long; a page that proves too long is halved.
const PAGE_SIZE: usize = 100;
/// The resolution of Vapi's timestamps.
const VAPI_CLOCK_RESOLUTION: Duration = Duration::from_millis(1);

pub(crate) async fn run(context: &Context) -> Result<(), JobError> {
    let Some(assistants) = &context.assistants else { return Ok(()) };
    let store = &context.store;
    let now = store.now().await.map_err(JobError::retry)?;
    let last = store.reconciled_until().await.map_err(JobError::retry)?;
    let since = before(last.unwrap_or(before(now, FIRST_LOOKBACK)), OVERLAP);
    let taken = pass(store, &assistants.client, since).await?;
    // Recorded last: a pass that was cut short starts again where the last complete one ended.
    store.advance_reconciliation(now).await.map_err(JobError::retry)?;
    gauge!(RECONCILED_UNTIL_SECONDS).set(now.as_micros() as f64 / 1e6);
    if taken > 0 {
        tracing::warn!(calls = taken, %since, "took in calls that no webhook had reported");
    }
    Ok(())
}

/// Reads pages, newest first, down to `since`. Returns how many calls were new.
async fn pass(store: &Store, client: &Client, since: Timestamp) -> Result<u64, JobError> {
    let mut taken = 0;
    let mut seen = HashSet::new();
    let mut made_until = None;
    let mut size = PAGE_SIZE;
    loop {
        let page = match client.calls_changed_since(since, made_until, size).await {
            Ok(page) => page,
            Err(error) if error.may_be_length() && size > 1 => {
                size /= 2;
                continue;
            }
            Err(error) => return Err(JobError::retry(error)),
        };
        if page.unreadable > 0 {
            tracing::warn!(calls = page.unreadable, "skipped calls in Vapi's list without an id or a time");
        }
        let next = next(&page, size)?;
        let new: Vec<Call> = page.calls.into_iter().filter(|call| seen.insert(call.id.clone())).collect();
        let is_stuck = new.is_empty();
        taken += take(store, new).await?;
        match next {
            None => return Ok(taken),
            // All calls of the page were made at one instant and seen before: the next page starts before it.
            Some(oldest)
                if is_stuck && made_until.is_none_or(|until| before(oldest, VAPI_CLOCK_RESOLUTION) < until) =>
            {
                made_until = Some(before(oldest, VAPI_CLOCK_RESOLUTION));
            }
            Some(_) if is_stuck => return Ok(taken),
            oldest => made_until = oldest,
        }
    }
}

/// The instant before which the next page's calls were made; `None` after the last page.
fn next(page: &Calls, size: usize) -> Result<Option<Timestamp>, JobError> {
    if page.listed() < size {
        return Ok(None);
    }
    let unreadable = Error::Unavailable { cause: Cause::Unreadable, retry_after: None };
    page.calls.last().map(|call| Some(call.created_at)).ok_or_else(|| JobError::retry(unreadable))
}

async fn take(store: &Store, calls: Vec<Call>) -> Result<u64, JobError> {
    let ids: Vec<String> = calls.iter().map(|call| call.id.clone()).collect();
    let known = store.known_calls(&ids).await.map_err(JobError::retry)?;
    let messages: Vec<Message> = calls.iter().filter_map(|call| message(call, &known)).collect();
    if messages.is_empty() {
        return Ok(0);
    }
    let (mut taken, mut refused) = (0, None);
    for outcome in intake::take(store, &messages).await {
        match outcome {
            Ok(outcome) => {
                taken += u64::from(!matches!(outcome, Outcome::Duplicate(_)));
                count(outcome.name());
            }
            // A call that Postgres rejects must not keep the others out, now or in any later pass.
            Err(error) if error.is_permanent() => {
                tracing::error!(error = &error as &dyn std::error::Error, "a call that Vapi lists cannot be stored");
                count("failed");
            }
            Err(error) => refused = Some(error),
        }
    }
    refused.map_or(Ok(taken), |error| Err(JobError::retry(error)))
}

/// The message for a call; `None` if all of it is known, as with most calls: their webhooks came, or passes overlap.
fn message(call: &Call, known: &HashMap<String, Value>) -> Option<Message> {
    // Skips a call that cannot be read; the next one may be readable.
    let envelope = Envelope::of_listed_call(&call.body).ok()?;
    let known = known.get(&call.id).and_then(|state| serde_json::from_value::<CallState>(state.clone()).ok());
    let is_known = known.zip(envelope.call_update()).is_some_and(|(known, update)| !known.learns_from(&update.state));
    if is_known {
        count("duplicate");
        return None;
    }
    Some(Message::from(envelope).received_at(call.created_at))
}

fn count(outcome: &'static str) {
    counter!(RECONCILED_CALLS_TOTAL, "outcome" => outcome).increment(1);
}

fn before(at: Timestamp, by: Duration) -> Timestamp {
    Timestamp::from_micros(at.as_micros().saturating_sub(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
}
