//! Replay: parked events take effect once our maps have their assistant or number, as if they arrived then.

use std::time::{Duration, Instant};

use metrics::counter;
use monitoring::names;
use readmodel::ids::OrgId;
use store::{
    Store,
    intake::{Care, Intake as Transaction, Patience},
    parked::{Known, Unparked},
};
use vapi::Envelope;

use crate::{
    Message, NotTaken,
    batch::{LIMIT, LONG_PAUSE, open},
    calls::Effects,
};

/// Events of a transaction, at most.
const CHUNK: i64 = 64;
/// Stored bytes after which a transaction takes no further event.
const CHUNK_BYTES: i64 = 1 << 20;
/// The time limit of a run; the next run does the rest.
const RUN: Duration = Duration::from_secs(5);
/// The pause of an event after a conflict with another transaction.
const PAUSE: Duration = Duration::from_secs(10);

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
    let known = store.known_to_parked().await?;
    let mut run = Replayed::default();
    if known.is_empty() {
        return Ok(run);
    }
    let outcome = chunks(store, &known, &mut run).await;
    counter!(names::REPLAYS_TOTAL, "outcome" => "replayed").increment(run.replayed as u64);
    counter!(names::REPLAYS_TOTAL, "outcome" => "failed").increment(run.failed as u64);
    if run.replayed > 0 {
        store.ring();
    }
    outcome.map(|()| run)
}

/// Replays chunk after chunk. Events of a refused chunk are replayed one by one, until the refused one is found and put
/// off.
async fn chunks(store: &Store, known: &Known, run: &mut Replayed) -> Result<(), NotTaken> {
    let started = Instant::now();
    let mut size = CHUNK;
    while started.elapsed() < RUN {
        match chunk(store, known, size).await {
            Ok(0) => break,
            Ok(replayed) => run.replayed += replayed,
            Err(Failed { events, error }) if events.is_empty() || (error.is_outage() && !error.is_refusal()) => {
                return Err(error);
            }
            Err(_) if size > 1 => size = 1,
            Err(Failed { events, error }) => {
                let pause = if error.is_refusal() { LONG_PAUSE } else { PAUSE };
                tracing::error!(event = ?events, error = &error as &dyn std::error::Error, "a parked event could not be replayed");
                store.put_off_parked(&events, pause).await?;
                run.failed += events.len();
                size = CHUNK;
            }
        }
    }
    Ok(())
}

/// Replays one chunk in a transaction; returns its number of events.
async fn chunk(store: &Store, known: &Known, events: i64) -> Result<usize, Failed> {
    let mut begun = Vec::new();
    let replayed = tokio::time::timeout(LIMIT, commit(store, known, events, &mut begun)).await;
    match replayed.unwrap_or(Err(NotTaken::Late)) {
        Ok(()) => Ok(begun.len()),
        Err(error) => Err(Failed { events: begun, error }),
    }
}

async fn commit(store: &Store, known: &Known, events: i64, begun: &mut Vec<i64>) -> Result<(), NotTaken> {
    let mut intake = open(store, Patience::Brief).await?;
    match fill(&mut intake, known, events, begun).await {
        Ok(()) => Ok(intake.commit().await?),
        Err(error) => {
            intake.roll_back().await;
            Err(error.into())
        }
    }
}

/// Writes a chunk. A single event was refused before, so its contact is written by itself.
async fn fill(intake: &mut Transaction, known: &Known, events: i64, begun: &mut Vec<i64>) -> Result<(), store::Error> {
    let unparked = intake.unpark(known, events, CHUNK_BYTES).await?;
    begun.extend(unparked.iter().map(|event| event.id));
    let messages: Vec<_> = unparked.into_iter().filter_map(message).collect();
    let told: Vec<_> = messages.iter().map(|(_, org, message)| message.told(*org)).collect();
    let erased = intake.erased(&told).await?;
    let mut effects = Effects::default();
    let mut gone = Vec::new();
    for ((id, org, message), erased) in messages.iter().zip(erased) {
        effects.add(*org, message, erased);
        gone.extend(erased.map(|erased| (*id, erased)));
    }
    intake.erase_events(&gone).await?;
    effects.write(intake, if events == 1 { Care::OfContacts } else { Care::None }).await
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
