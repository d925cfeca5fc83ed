//! What has arrived and is not stored yet, and who stores it.

use std::{sync::Arc, time::Duration};

use store::{Store, intake::Patience};
use tokio::sync::{
    Mutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore,
    mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    oneshot,
};

use crate::{
    Message, NotTaken, Outcome,
    batch::{LIMIT, take_in_turn, take_one},
    pulse::Pulse,
};

/// Messages that wait or are being stored, at most. More are refused, to be sent again.
const PLACES: u32 = 1024;
/// While one waits for its flush, the other writes.
const WRITERS: usize = 2;
/// Messages of a batch, at most.
const BATCH: usize = 128;
/// A batch of so many bytes takes no further message: what Postgres takes in one piece is limited.
const BATCH_BYTES: usize = 4 << 20;
/// Messages that wait for somebody else's locks at once, each with a connection of its own.
const BLOCKED: usize = 4;
/// At the end, those whose senders have gone are given this long.
const DRAIN: Duration = Duration::from_secs(2);

/// Takes messages, each as soon as a writer is free and together with whatever else waits then. No timer holds any back.
#[derive(Debug)]
pub struct Intake {
    places: Arc<Semaphore>,
    queue: UnboundedSender<Waiting>,
    pulse: Pulse,
}

/// A message and who waits for its outcome.
struct Waiting {
    message: Message,
    sender: Sender,
}

struct Sender {
    answer: oneshot::Sender<Result<Outcome, NotTaken>>,
    /// Held until the answer is given, whoever has gone by then.
    _place: OwnedSemaphorePermit,
}

impl Sender {
    /// A sender that has gone does not hear it.
    fn answer(self, outcome: Result<Outcome, NotTaken>) {
        let _ = self.answer.send(outcome);
    }
}

impl Intake {
    /// Its writers run as long as the process.
    pub fn start(store: &Store) -> Self {
        let (queue, waiting) = unbounded_channel();
        let waiting = Arc::new(Mutex::new(waiting));
        let blocked = Arc::new(Semaphore::new(BLOCKED));
        for _ in 0..WRITERS {
            let writer = Writer { store: store.clone(), waiting: Arc::clone(&waiting), blocked: Arc::clone(&blocked) };
            tokio::spawn(replace_when_it_panics(move || writer.clone().run()));
        }
        Self { places: Arc::new(Semaphore::new(PLACES as usize)), queue, pulse: Pulse::default() }
    }

    /// Takes a message. It is stored even if nobody waits for the outcome any more.
    pub async fn take(&self, message: Message) -> Result<Outcome, NotTaken> {
        let ended = self.store(message).await;
        self.pulse.note(&ended);
        ended
    }

    /// Why messages are not taken at the moment, if so.
    pub fn trouble(&self) -> Option<String> {
        self.pulse.trouble()
    }

    async fn store(&self, message: Message) -> Result<Outcome, NotTaken> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| NotTaken::Full)?;
        let (answer, outcome) = oneshot::channel();
        let sender = Sender { answer, _place: place };
        self.queue.send(Waiting { message, sender }).map_err(|_| NotTaken::Ended)?;
        let outcome = tokio::time::timeout(LIMIT, outcome).await.map_err(|_| NotTaken::Late)?;
        outcome.unwrap_or(Err(NotTaken::Ended))
    }

    /// Waits until nothing waits any more. From then on nothing is taken.
    pub async fn drain(&self) {
        if tokio::time::timeout(DRAIN, self.places.acquire_many(PLACES)).await.is_err() {
            tracing::warn!("some messages were not stored; nobody was told that they were");
        }
        self.places.close();
    }
}

/// Who holds it writes; what waits meanwhile is one batch.
type Turn = OwnedMutexGuard<UnboundedReceiver<Waiting>>;

/// The first that comes, and what else is there then. Empty at the end.
async fn next_batch(waiting: &mut UnboundedReceiver<Waiting>) -> Vec<Waiting> {
    let mut batch = Vec::from_iter(waiting.recv().await);
    let bytes = |waiting: &Waiting| waiting.message.body.0.len();
    let mut held: usize = batch.iter().map(bytes).sum();
    while !batch.is_empty() && batch.len() < BATCH && held < BATCH_BYTES {
        let Ok(next) = waiting.try_recv() else { break };
        held += bytes(&next);
        batch.push(next);
    }
    batch
}

/// A message that waited would only find out later that Postgres is gone.
fn refuse_all(waiting: &mut UnboundedReceiver<Waiting>, error: &NotTaken) {
    while let Ok(next) = waiting.try_recv() {
        next.sender.answer(Err(error.clone()));
    }
}

/// Runs a writer until it ends, and starts another in place of one that panics. The senders of that one's batch get an error;
/// without a new writer the intake would store nothing any more.
async fn replace_when_it_panics<F>(writer: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    while let Err(ended) = tokio::spawn(writer()).await {
        if ended.is_cancelled() {
            return;
        }
        tracing::error!("a writer of the intake panicked and is replaced");
    }
}

#[derive(Clone)]
struct Writer {
    store: Store,
    waiting: Arc<Mutex<UnboundedReceiver<Waiting>>>,
    blocked: Arc<Semaphore>,
}

impl Writer {
    async fn run(self) {
        loop {
            let mut turn = Arc::clone(&self.waiting).lock_owned().await;
            let batch = next_batch(&mut turn).await;
            if batch.is_empty() {
                return;
            }
            self.store(batch, Some(turn)).await;
        }
    }

    /// The turn is the next writer's once all is written but not yet on disk: two that write at once would share what
    /// waits, and each batch costs the same however many are in it.
    async fn store(&self, batch: Vec<Waiting>, mut turn: Option<Turn>) {
        let (messages, senders): (Vec<_>, Vec<_>) =
            batch.into_iter().map(|waiting| (waiting.message, waiting.sender)).unzip();
        let outcomes = take_in_turn(&self.store, &messages, &mut turn).await;
        if let (Some(Err(error @ NotTaken::Unreachable(_))), Some(waiting)) = (outcomes.first(), &mut turn) {
            refuse_all(waiting, error);
        }
        drop(turn);
        for ((message, sender), outcome) in messages.into_iter().zip(senders).zip(outcomes) {
            match outcome {
                Err(error) if error.is_blocked() => self.store_when_let(message, sender, error),
                outcome => sender.answer(outcome),
            }
        }
    }

    /// Somebody holds rows that this message is about. It waits for them apart, so that no other waits with it.
    fn store_when_let(&self, message: Message, sender: Sender, error: NotTaken) {
        let Ok(slot) = Arc::clone(&self.blocked).try_acquire_owned() else { return sender.answer(Err(error)) };
        let store = self.store.clone();
        tokio::spawn(async move {
            sender.answer(take_one(&store, &message, Patience::Long).await);
            drop(slot);
        });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use futures_util::{FutureExt as _, future::join_all};
    use readmodel::model::Format;
    use serde_json::json;
    use store::{Config, Sessions};
    use testkit::Database;
    use vapi::Envelope;

    use super::*;
    use testkit::sqlx;

    fn open(database_url: String) -> Store {
        let application_name = "test";
        let sessions = Sessions::Serving;
        let format = Format::CURRENT;
        let direct_url = None;
        Store::open(&Config {
            database_url,
            direct_url,
            redis: None,
            connections: 4,
            sessions,
            application_name,
            format,
        })
        .unwrap()
    }

    fn message(n: u32) -> Message {
        Message::from(Envelope::from_json(json!({ "message": { "type": "hang", "n": n } })).unwrap())
    }

    #[tokio::test]
    async fn h18_a_writer_that_panics_is_replaced() {
        let runs = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counted = Arc::clone(&runs);
        replace_when_it_panics(move || {
            let run = counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            async move { assert!(run >= 2, "a writer that panics") }
        })
        .await;
        assert_eq!(runs.load(std::sync::atomic::Ordering::Relaxed), 3);
    }

    #[tokio::test]
    async fn too_many_are_refused_and_without_postgres_nobody_waits_for_his_turn() {
        let store = open("postgres://localhost:1/none".to_owned());
        let intake = Intake::start(&store);
        let started = Instant::now();
        let outcomes = join_all((0..=PLACES).map(|n| intake.take(message(n)))).await;
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
        let full = outcomes.iter().filter(|outcome| matches!(outcome, Err(NotTaken::Full))).count();
        let unreachable = outcomes.iter().filter(|outcome| matches!(outcome, Err(NotTaken::Unreachable(_)))).count();
        assert_eq!((full, unreachable), (1, PLACES as usize));
    }

    #[tokio::test]
    async fn what_has_a_place_is_stored_though_its_sender_has_gone() {
        let database = Database::create().await.unwrap();
        let store = open(database.url());
        let intake = Intake::start(&store);
        let count = 3 * u32::try_from(BATCH).unwrap();
        for n in 0..count {
            assert!(intake.take(message(n)).now_or_never().is_none());
        }
        intake.drain().await;
        let query = "select count(*), count(distinct xid) from prewarm.events";
        let (events, batches): (i64, i64) = sqlx::query_as(query).fetch_one(store.sessions()).await.unwrap();
        assert_eq!((events, batches), (count.into(), 3));
        assert!(matches!(intake.take(message(count)).await, Err(NotTaken::Full)));
        store.close().await;
        database.close().await.unwrap();
    }
}
