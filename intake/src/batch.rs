//! A batch of messages: one transaction, or one a message if Postgres refuses that.

use std::{slice, sync::Arc, time::Duration};

use metrics::histogram;
use monitoring::names;
use store::{
    Store,
    intake::{ContactWrites, Erased, IntakeTransaction, LockWait, Recorded},
    queue::Queue,
};

use crate::{Message, NotTaken, Outcome, calls::Effects};

/// The pause of a parked message whose effect the source refuses. Somebody may change the source's rules by then.
pub(super) const REFUSED_REPLAY_DELAY: Duration = Duration::from_hours(1);

/// The handling of the messages' effect.
#[derive(Clone, Copy, PartialEq, Eq)]
enum EffectHandling {
    /// Written to the source.
    Written(ContactWrites),
    /// Left to the replay; the messages are parked.
    Parked,
}

/// The limit of a transaction. A longer one means that Postgres hangs, or that another program keeps its locks.
pub(super) const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(10);
/// The silence of Postgres after which a transaction is abandoned. Other batches wait behind it.
const SILENCE_LIMIT: Duration = Duration::from_secs(2);

/// Takes messages in their order, with one flush of the disk if all goes well. Each gets its own outcome: if Postgres
/// refuses the batch, each message is taken by itself, so that a refused one does not keep the others out. A refused
/// contact costs the call its contact; a refused call is parked.
pub async fn take(store: &Store, messages: &[Message]) -> Vec<Result<Outcome, NotTaken>> {
    take_in_turn(store, messages, &mut None::<()>).await
}

/// Takes messages like [`take`], and drops `turn` once all is written but not yet on disk.
pub(super) async fn take_in_turn<T>(
    store: &Store,
    messages: &[Message],
    turn: &mut Option<T>,
) -> Vec<Result<Outcome, NotTaken>> {
    match write(store, messages, LockWait::Brief, EffectHandling::Written(ContactWrites::Together), turn).await {
        Ok(outcomes) => outcomes.into_iter().map(Ok).collect(),
        Err(error) if error.is_outage() && !error.is_refusal() => vec![Err(error); messages.len()],
        Err(error) if error.is_blocked() && messages.len() == 1 => vec![Err(error)],
        Err(_) => {
            drop(turn.take());
            one_by_one(store, messages).await
        }
    }
}

/// Takes messages one by one, until Postgres is down.
async fn one_by_one(store: &Store, messages: &[Message]) -> Vec<Result<Outcome, NotTaken>> {
    let mut outcomes: Vec<Result<Outcome, NotTaken>> = Vec::with_capacity(messages.len());
    for message in messages {
        let outcome = match outcomes.last() {
            Some(Err(error)) if error.is_outage() => Err(error.clone()),
            _ => take_one(store, message, LockWait::Brief).await,
        };
        outcomes.push(outcome);
    }
    outcomes
}

/// Takes one message: with all its effect, or else without the contact that the source refuses, or else without any
/// effect.
pub(super) async fn take_one(store: &Store, message: &Message, lock_wait: LockWait) -> Result<Outcome, NotTaken> {
    let attempt = async |effect| {
        let outcomes = write(store, slice::from_ref(message), lock_wait, effect, &mut None::<()>).await?;
        outcomes.first().copied().ok_or(NotTaken::Ended)
    };
    match attempt(EffectHandling::Written(ContactWrites::Together)).await {
        Err(error) if error.is_refusal() || error.is_superseded() => {}
        ended => return ended,
    }
    match attempt(EffectHandling::Written(ContactWrites::OneByOne)).await {
        Err(error) if error.is_refusal() => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the source refuses a call; its message is parked"
            );
            attempt(EffectHandling::Parked).await
        }
        ended => ended,
    }
}

/// Takes all messages or none.
async fn write<T>(
    store: &Store,
    messages: &[Message],
    lock_wait: LockWait,
    effect: EffectHandling,
    turn: &mut Option<T>,
) -> Result<Vec<Outcome>, NotTaken> {
    let outcomes = tokio::select! {
        outcomes = tokio::time::timeout(TRANSACTION_TIMEOUT, commit(store, messages, lock_wait, effect, turn)) => outcomes,
        () = store.link.silent_for(SILENCE_LIMIT) => Ok(Err(NotTaken::Late)),
    };
    let outcomes = outcomes.unwrap_or(Err(NotTaken::Late))?;
    histogram!(names::INTAKE_BATCH_SIZE).record(messages.len() as f64);
    if outcomes.iter().any(|outcome| !matches!(outcome, Outcome::Duplicate(_))) {
        store.wake_workers(Queue::Rebuild);
    }
    Ok(outcomes)
}

async fn commit<T>(
    store: &Store,
    messages: &[Message],
    lock_wait: LockWait,
    effect: EffectHandling,
    turn: &mut Option<T>,
) -> Result<Vec<Outcome>, NotTaken> {
    let mut intake = open(store, lock_wait).await?;
    match fill(&mut intake, messages, effect).await {
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

async fn fill(
    intake: &mut IntakeTransaction,
    messages: &[Message],
    effect: EffectHandling,
) -> Result<Vec<Outcome>, store::Error> {
    let events: Vec<_> = messages.iter().map(Message::event).collect();
    let recorded = intake.record(&events).await?;
    match effect {
        EffectHandling::Written(writes) => {
            effects(messages, &recorded).write(intake, writes).await?;
            Ok(recorded.into_iter().map(outcome).collect())
        }
        EffectHandling::Parked => {
            let keys: Vec<_> = events.iter().map(|event| event.dedupe_key).collect();
            intake.park(&keys, REFUSED_REPLAY_DELAY).await?;
            Ok(recorded.into_iter().map(parked).collect())
        }
    }
}

/// The effects of new messages whose org is known and that are not erased as a whole.
fn effects<'a>(messages: &'a [Message], recorded: &[Recorded]) -> Effects<'a> {
    let mut effects = Effects::default();
    for (message, recorded) in messages.iter().zip(recorded) {
        if let Recorded::New(_, Some(org), erased) = recorded {
            effects.add(*org, message, *erased);
        }
    }
    effects
}

pub(super) async fn open(store: &Store, lock_wait: LockWait) -> Result<IntakeTransaction, NotTaken> {
    store.intake(lock_wait).await.map_err(|error| NotTaken::Unreachable(Arc::new(error)))
}

fn outcome(recorded: Recorded) -> Outcome {
    match recorded {
        // An erased message does not need its org.
        Recorded::New(receipt, _, Some(Erased::Call | Erased::Caller)) | Recorded::New(receipt, Some(_), None) => {
            Outcome::Accepted(receipt)
        }
        Recorded::New(receipt, None, None) => Outcome::Parked(receipt),
        Recorded::Duplicate(receipt) => Outcome::Duplicate(receipt),
    }
}

fn parked(recorded: Recorded) -> Outcome {
    match outcome(recorded) {
        Outcome::Accepted(receipt) => Outcome::Refused(receipt),
        other => other,
    }
}
