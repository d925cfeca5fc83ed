//! The queue of messages that are not stored yet, and the writers that store them.

use std::{sync::Arc, time::Duration};

use store::{Store, intake::LockWait};
use tokio::sync::{
    Mutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore,
    mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    oneshot,
};

use crate::{
    Message, NotTaken, Outcome,
    batch::{TRANSACTION_TIMEOUT, take_in_turn, take_one},
    recent_failure::RecentFailure,
};

/// Messages that may wait or be in a transaction. Further ones are refused, for their senders to try again.
const QUEUE_CAPACITY: u32 = 1024;
/// Writers: while one waits for its flush, the other writes.
const WRITERS: usize = 2;
/// Messages in a batch, at most.
const MAX_BATCH: usize = 128;
/// Bytes after which a batch takes no further message. Postgres limits the size of a statement.
const MAX_BATCH_BYTES: usize = 4 << 20;
/// Messages that may wait for locks of other programs, each with a session of its own.
const MAX_BLOCKED: usize = 4;
/// The limit of the stop's wait for messages that are still queued.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// Stores messages, each as soon as a writer is free, together with all that wait at that moment. No timer delays any.
#[derive(Debug)]
pub struct Intake {
    places: Arc<Semaphore>,
    queue: UnboundedSender<Waiting>,
    recent_failure: RecentFailure,
}

/// A message, and the sender that waits for its outcome.
struct Waiting {
    message: Message,
    sender: Sender,
}

struct Sender {
    answer: oneshot::Sender<Result<Outcome, NotTaken>>,
    /// Held until the answer is given, even if the sender has gone.
    _place: OwnedSemaphorePermit,
}

impl Sender {
    /// Sends the outcome; a sender that has gone misses it.
    fn answer(self, outcome: Result<Outcome, NotTaken>) {
        let _ = self.answer.send(outcome);
    }
}

impl Intake {
    /// Starts the writers, which run as long as the process.
    pub fn start(store: &Store) -> Self {
        let (queue, waiting) = unbounded_channel();
        let waiting = Arc::new(Mutex::new(waiting));
        let blocked = Arc::new(Semaphore::new(MAX_BLOCKED));
        for _ in 0..WRITERS {
            let writer = Writer { store: store.clone(), waiting: Arc::clone(&waiting), blocked: Arc::clone(&blocked) };
            tokio::spawn(replace_when_it_panics(move || writer.clone().run()));
        }
        Self {
            places: Arc::new(Semaphore::new(QUEUE_CAPACITY as usize)),
            queue,
            recent_failure: RecentFailure::default(),
        }
    }

    /// Stores a message, even if the caller stops waiting for the outcome.
    pub async fn take(&self, message: Message) -> Result<Outcome, NotTaken> {
        let ended = self.store(message).await;
        self.recent_failure.note(&ended);
        ended
    }

    /// Why messages are not taken at the moment; `None` if they are.
    pub fn recent_failure(&self) -> Option<String> {
        self.recent_failure.get()
    }

    async fn store(&self, message: Message) -> Result<Outcome, NotTaken> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| NotTaken::Full)?;
        let (answer, outcome) = oneshot::channel();
        let sender = Sender { answer, _place: place };
        self.queue.send(Waiting { message, sender }).map_err(|_| NotTaken::Ended)?;
        let outcome = tokio::time::timeout(TRANSACTION_TIMEOUT, outcome).await.map_err(|_| NotTaken::Late)?;
        outcome.unwrap_or(Err(NotTaken::Ended))
    }

    /// Waits until the queue is empty, and refuses all later messages.
    pub async fn drain(&self) {
        if tokio::time::timeout(DRAIN_TIMEOUT, self.places.acquire_many(QUEUE_CAPACITY)).await.is_err() {
            tracing::warn!("some messages were not stored; their senders got no success");
        }
        self.places.close();
    }
}

/// The right to write. Its holder takes all that waits as one batch.
type Turn = OwnedMutexGuard<UnboundedReceiver<Waiting>>;

/// Waits for a message and takes all that wait with it. Empty when the queue is closed.
async fn next_batch(waiting: &mut UnboundedReceiver<Waiting>) -> Vec<Waiting> {
    let mut batch = Vec::from_iter(waiting.recv().await);
    let bytes = |waiting: &Waiting| waiting.message.body.0.len();
    let mut held: usize = batch.iter().map(bytes).sum();
    while !batch.is_empty() && batch.len() < MAX_BATCH && held < MAX_BATCH_BYTES {
        let Ok(next) = waiting.try_recv() else { break };
        held += bytes(&next);
        batch.push(next);
    }
    batch
}

/// Answers all waiting messages with an error, since they would only find out later that Postgres is down.
fn refuse_all(waiting: &mut UnboundedReceiver<Waiting>, error: &NotTaken) {
    while let Ok(next) = waiting.try_recv() {
        next.sender.answer(Err(error.clone()));
    }
}

/// Runs a writer, and replaces it if it panics: without writers nothing would be stored. The senders of its batch get
/// an error.
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

    /// Stores a batch and passes the turn on once all is written but not yet on disk. If two batches wrote at once they
    /// would share the waiting messages, and a batch costs the same however many are in it.
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

    /// Stores a message whose rows another program has locked, in a task of its own, so that no other message waits
    /// with it.
    fn store_when_let(&self, message: Message, sender: Sender, error: NotTaken) {
        let Ok(slot) = Arc::clone(&self.blocked).try_acquire_owned() else { return sender.answer(Err(error)) };
        let store = self.store.clone();
        tokio::spawn(async move {
            sender.answer(take_one(&store, &message, LockWait::Unlimited).await);
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
    async fn a_writer_that_panics_is_replaced() {
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
    async fn messages_beyond_the_queue_are_refused_and_at_once_without_postgres() {
        let store = open("postgres://localhost:1/none".to_owned());
        let intake = Intake::start(&store);
        let started = Instant::now();
        let outcomes = join_all((0..=QUEUE_CAPACITY).map(|n| intake.take(message(n)))).await;
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
        let full = outcomes.iter().filter(|outcome| matches!(outcome, Err(NotTaken::Full))).count();
        let unreachable = outcomes.iter().filter(|outcome| matches!(outcome, Err(NotTaken::Unreachable(_)))).count();
        assert_eq!((full, unreachable), (1, QUEUE_CAPACITY as usize));
    }

    #[tokio::test]
    async fn a_queued_message_is_stored_though_its_sender_hung_up() {
        let database = Database::create().await.unwrap();
        let store = open(database.url());
        let intake = Intake::start(&store);
        let count = 3 * u32::try_from(MAX_BATCH).unwrap();
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
