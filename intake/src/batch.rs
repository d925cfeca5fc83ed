//! A batch: one transaction, or where Postgres refuses that, one for each message.

use std::{slice, sync::Arc, time::Duration};

use metrics::histogram;
use monitoring::names;
use store::{
    Store,
    intake::{Intake as Transaction, Patience, Recorded},
};

use crate::{Message, NotTaken, Outcome, calls::Effects};

/// A transaction that takes longer is given up: Postgres hangs, or whoever holds the rows does not let go.
pub(super) const LIMIT: Duration = Duration::from_secs(10);
/// One whose line has said nothing for so long is given up as well: others wait for their turn behind it.
const SILENCE: Duration = Duration::from_secs(2);

/// Takes messages, in their order and with one flush of the disk if all goes well. Each gets its own outcome: if Postgres
/// refuses the batch, each is taken by itself, so that one which cannot be taken keeps none of the others out.
pub async fn take(store: &Store, messages: &[Message]) -> Vec<Result<Outcome, NotTaken>> {
    take_in_turn(store, messages, &mut None::<()>).await
}

/// The same, and lets go of a turn once all is written but not yet on disk.
pub(super) async fn take_in_turn<T>(
    store: &Store,
    messages: &[Message],
    turn: &mut Option<T>,
) -> Vec<Result<Outcome, NotTaken>> {
    match write(store, messages, Patience::Brief, turn).await {
        Ok(outcomes) => outcomes.into_iter().map(Ok).collect(),
        Err(error) if messages.len() == 1 || error.is_outage() => vec![Err(error); messages.len()],
        Err(_) => {
            drop(turn.take());
            one_by_one(store, messages).await
        }
    }
}

/// A server that is gone is not asked again for each.
async fn one_by_one(store: &Store, messages: &[Message]) -> Vec<Result<Outcome, NotTaken>> {
    let mut outcomes: Vec<Result<Outcome, NotTaken>> = Vec::with_capacity(messages.len());
    for message in messages {
        let outcome = match outcomes.last() {
            Some(Err(error)) if error.is_outage() => Err(error.clone()),
            _ => take_one(store, message, Patience::Brief).await,
        };
        outcomes.push(outcome);
    }
    outcomes
}

/// Takes one message by itself.
pub(super) async fn take_one(store: &Store, message: &Message, patience: Patience) -> Result<Outcome, NotTaken> {
    let outcomes = write(store, slice::from_ref(message), patience, &mut None::<()>).await?;
    outcomes.first().copied().ok_or(NotTaken::Ended)
}

/// All of them or none.
async fn write<T>(
    store: &Store,
    messages: &[Message],
    patience: Patience,
    turn: &mut Option<T>,
) -> Result<Vec<Outcome>, NotTaken> {
    let outcomes = tokio::select! {
        outcomes = tokio::time::timeout(LIMIT, commit(store, messages, patience, turn)) => outcomes,
        () = store.line.cut(SILENCE) => Ok(Err(NotTaken::Late)),
    };
    let outcomes = outcomes.unwrap_or(Err(NotTaken::Late))?;
    histogram!(names::INTAKE_BATCH_SIZE).record(messages.len() as f64);
    if outcomes.iter().any(|outcome| !matches!(outcome, Outcome::Duplicate(_))) {
        ring(store);
    }
    Ok(outcomes)
}

async fn commit<T>(
    store: &Store,
    messages: &[Message],
    patience: Patience,
    turn: &mut Option<T>,
) -> Result<Vec<Outcome>, NotTaken> {
    let mut intake = open(store, patience).await?;
    match fill(&mut intake, messages).await {
        Ok(outcomes) => {
            drop(turn.take());
            intake.commit().await?;
            Ok(outcomes)
        }
        Err(error) => {
            intake.roll_back().await;
            Err(error.into())
        }
    }
}

async fn fill(intake: &mut Transaction, messages: &[Message]) -> Result<Vec<Outcome>, store::Error> {
    let events: Vec<_> = messages.iter().map(Message::event).collect();
    let recorded = intake.record(&events).await?;
    let mut effects = Effects::default();
    for (message, recorded) in messages.iter().zip(&recorded) {
        if let (Recorded::New(_, Some(org)), Some(update)) = (recorded, &message.update) {
            effects.add(*org, message, update);
        }
    }
    effects.write(intake).await?;
    Ok(recorded.into_iter().map(outcome).collect())
}

pub(super) async fn open(store: &Store, patience: Patience) -> Result<Transaction, NotTaken> {
    store.intake(patience).await.map_err(|error| NotTaken::Unreachable(Arc::new(error)))
}

fn outcome(recorded: Recorded) -> Outcome {
    match recorded {
        Recorded::New(receipt, Some(_)) => Outcome::Accepted(receipt),
        Recorded::New(receipt, None) => Outcome::Parked(receipt),
        Recorded::Duplicate(receipt) => Outcome::Duplicate(receipt),
    }
}

/// Beside the answers: whoever posts need not wait for it, and losing it costs the workers a poll.
pub(super) fn ring(store: &Store) {
    let store = store.clone();
    tokio::spawn(async move {
        if let Err(error) = store.ring().await {
            tracing::debug!(error = &error as &dyn std::error::Error, "hint");
        }
    });
}
