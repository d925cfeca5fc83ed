//! Fills what webhooks have dropped: asks Vapi for the calls that have changed since the last pass, and takes in what each
//! of them says as if Vapi had reported it. What was reported is a duplicate, and changes nothing.

use std::{collections::HashSet, time::Duration};

use intake::{Message, Outcome};
use metrics::{counter, gauge};
use monitoring::names::{RECONCILED_CALLS_TOTAL, RECONCILED_UNTIL_SECONDS};
use readmodel::time::Timestamp;
use store::{Store, clock};
use vapi::{
    Envelope,
    client::{Call, Client},
};

use crate::{Context, JobError};

/// Where nothing is known of an earlier pass.
const FIRST: Duration = Duration::from_hours(24);
/// Passes overlap by more than Vapi's clock and ours may differ, and than Vapi may take to list a call that has changed.
const OVERLAP: Duration = Duration::from_mins(10);
/// Calls asked for at a time: with their transcripts they are long.
const PAGE: usize = 100;

pub(crate) async fn run(context: &Context) -> Result<(), JobError> {
    let Some(prewarm) = &context.prewarm else { return Ok(()) };
    let store = &context.store;
    let now = clock::now(&store.pg).await.map_err(JobError::retry)?;
    let last = store.reconciled_until().await.map_err(JobError::retry)?;
    let since = before(last.unwrap_or(before(now, FIRST)), OVERLAP);
    let found = pass(store, &prewarm.client, since).await?;
    // Only now: a pass that was cut short begins again where the last whole one ended.
    store.advance_reconciliation(now).await.map_err(JobError::retry)?;
    gauge!(RECONCILED_UNTIL_SECONDS).set(now.as_micros() as f64 / 1e6);
    if found.filled > 0 {
        tracing::warn!(calls = found.filled, %since, "Vapi had calls that no webhook has told of");
    }
    Ok(())
}

#[derive(Default)]
struct Found {
    filled: u64,
}

/// Newest first, page by page down to `since`.
async fn pass(store: &Store, client: &Client, since: Timestamp) -> Result<Found, JobError> {
    let mut found = Found::default();
    let mut seen = HashSet::new();
    let mut made_until = None;
    loop {
        let page = client.calls_changed_since(since, made_until, PAGE).await.map_err(JobError::retry)?;
        let oldest = page.last().map(|call| call.created_at);
        let is_last = page.len() < PAGE;
        let new: Vec<Call> = page.into_iter().filter(|call| seen.insert(call.id.clone())).collect();
        // A page of calls that were all made at one instant and seen before leads no further.
        let is_stuck = new.is_empty();
        take(store, new, &mut found).await?;
        if is_last || is_stuck {
            return Ok(found);
        }
        made_until = oldest;
    }
}

async fn take(store: &Store, calls: Vec<Call>, found: &mut Found) -> Result<(), JobError> {
    let messages: Vec<Message> = calls
        .iter()
        // A call that says nothing is passed over: the next one may say something.
        .filter_map(|call| Envelope::of_listed_call(&call.body).ok())
        .map(Message::from)
        .collect();
    for outcome in intake::take(store, &messages).await {
        let outcome = match outcome {
            Ok(outcome) => {
                found.filled += u64::from(!matches!(outcome, Outcome::Duplicate(_)));
                outcome.name()
            }
            Err(error) if error.is_outage() => return Err(JobError::retry(error)),
            // One that Postgres does not take must not keep the others out, now or on any later pass.
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a call that Vapi lists cannot be stored");
                "failed"
            }
        };
        counter!(RECONCILED_CALLS_TOTAL, "outcome" => outcome).increment(1);
    }
    Ok(())
}

fn before(at: Timestamp, by: Duration) -> Timestamp {
    Timestamp::from_micros(at.as_micros().saturating_sub(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
}
