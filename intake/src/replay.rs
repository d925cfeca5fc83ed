//! Replay: parked events take effect once our maps have their assistant or number, as if they arrived then.

use std::time::{Duration, Instant};

use metrics::counter;
use monitoring::names;
use readmodel::ids::OrgId;
use store::{
    Store,
    intake::{ContactWrites, IntakeTransaction, LockWait},
    parked::{Assignable, Unparked},
    queue::Queue,
};
use vapi::Envelope;

use crate::{
    Message, NotTaken,
    batch::{REFUSED_REPLAY_DELAY, TRANSACTION_TIMEOUT, open},
    calls::Effects,
};

/// Events of a transaction, at most.
const EVENTS_PER_TRANSACTION: i64 = 64;
/// Stored bytes after which a transaction takes no further event.
const BYTES_PER_TRANSACTION: i64 = 1 << 20;
/// The time limit of a run; the next run does the rest.
const RUN_TIME: Duration = Duration::from_secs(5);
/// The pause of an event after a conflict with another transaction.
const CONFLICT_REPLAY_DELAY: Duration = Duration::from_secs(10);

/// The result of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Events that took effect.
    pub replayed: usize,
    /// Events that stay parked for a while, because their effect could not be written.
    pub failed: usize,
}

/// Events of a failed transaction, and its error.
struct Failed {
    events: Vec<i64>,
    error: NotTaken,
}

/// Replays the parked events that can be assigned. Each transaction assigns events to orgs and writes their effect, so
/// a kill leaves them parked. Concurrent runs share the work.
pub async fn replay(store: &Store) -> Result<Replayed, NotTaken> {
    let assignable = store.assignable_parked().await?;
    let mut run = Replayed::default();
    if assignable.is_empty() {
        return Ok(run);
    }
    let outcome = chunks(store, &assignable, &mut run).await;
    counter!(names::REPLAYS_TOTAL, "outcome" => "replayed").increment(run.replayed as u64);
    counter!(names::REPLAYS_TOTAL, "outcome" => "failed").increment(run.failed as u64);
    if run.replayed > 0 {
        store.wake_workers(Queue::Rebuild);
    }
    outcome.map(|()| run)
}

/// Replays chunk after chunk. Events of a refused chunk are replayed one by one, until the refused one is found and put
/// off.
async fn chunks(store: &Store, assignable: &Assignable, run: &mut Replayed) -> Result<(), NotTaken> {
    let started = Instant::now();
    let mut size = EVENTS_PER_TRANSACTION;
    while started.elapsed() < RUN_TIME {
        match chunk(store, assignable, size).await {
            Ok(0) => break,
            Ok(replayed) => run.replayed += replayed,
            Err(Failed { events, error }) if events.is_empty() || (error.is_outage() && !error.is_refusal()) => {
                return Err(error);
            }
            Err(_) if size > 1 => size = 1,
            Err(Failed { events, error }) => {
                let pause = if error.is_refusal() { REFUSED_REPLAY_DELAY } else { CONFLICT_REPLAY_DELAY };
                tracing::error!(event = ?events, error = &error as &dyn std::error::Error, "a parked event could not be replayed");
                store.defer_parked(&events, pause).await?;
                run.failed += events.len();
                size = EVENTS_PER_TRANSACTION;
            }
        }
    }
    Ok(())
}

/// Replays one chunk in a transaction; returns its number of events.
async fn chunk(store: &Store, assignable: &Assignable, events: i64) -> Result<usize, Failed> {
    let mut begun = Vec::new();
    let replayed = tokio::time::timeout(TRANSACTION_TIMEOUT, commit(store, assignable, events, &mut begun)).await;
    match replayed.unwrap_or(Err(NotTaken::Late)) {
        Ok(()) => Ok(begun.len()),
        Err(error) => Err(Failed { events: begun, error }),
    }
}

async fn commit(store: &Store, assignable: &Assignable, events: i64, begun: &mut Vec<i64>) -> Result<(), NotTaken> {
    let mut intake = open(store, LockWait::Brief).await?;
    match fill(&mut intake, assignable, events, begun).await {
        Ok(()) => Ok(intake.commit().await?),
        Err(error) => {
            intake.roll_back().await;
            Err(error.into())
        }
    }
}

/// Writes a chunk. A single event was refused before, so its contact is written by itself.
async fn fill(
    intake: &mut IntakeTransaction,
    assignable: &Assignable,
    events: i64,
    begun: &mut Vec<i64>,
) -> Result<(), store::Error> {
    let unparked = intake.unpark(assignable, events, BYTES_PER_TRANSACTION).await?;
    begun.extend(unparked.iter().map(|event| event.id));
    let messages: Vec<_> = unparked.into_iter().filter_map(message).collect();
    let mentions: Vec<_> = messages.iter().map(|(_, org, message)| message.mention(*org)).collect();
    let erased = intake.erased(&mentions).await?;
    let mut effects = Effects::default();
    let mut gone = Vec::new();
    for ((id, org, message), erased) in messages.iter().zip(erased) {
        effects.add(*org, message, erased);
        gone.extend(erased.map(|erased| (*id, erased)));
    }
    intake.erase_events(&gone).await?;
    effects.write(intake, if events == 1 { ContactWrites::OneByOne } else { ContactWrites::Together }).await
}

/// The message of an event; `None` if it cannot be read any more. The event belongs to its org all the same.
fn message(event: Unparked) -> Option<(i64, OrgId, Message)> {
    match Envelope::from_json(event.body) {
        Ok(envelope) => Some((event.id, event.org, Message::from(envelope).received_at(event.received_at))),
        Err(reason) => {
            tracing::error!(event = event.id, %reason, "a parked event cannot be read");
            None
        }
    }
}
