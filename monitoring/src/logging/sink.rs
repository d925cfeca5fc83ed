//! The queue of log lines before standard error, and the thread that writes them.

use std::{
    io::{self, Write},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, AtomicUsize, Ordering},
        mpsc::{self, Receiver, SyncSender, TrySendError},
    },
    thread,
    time::{Duration, Instant},
};

use metrics::counter;
use tracing_subscriber::fmt::MakeWriter;

use crate::{names::LOG_LINES_DROPPED_TOTAL, sampler::Sampler};

/// Lines in the queue, at most.
const MAX_LINES: usize = 4096;
/// Bytes in the queue, at most.
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// Delay between attempts to enter a full queue.
const FLUSH_POLL_INTERVAL: Duration = Duration::from_millis(5);

static STARTED: OnceLock<Sink> = OnceLock::new();

/// The process' sink, if logging has started.
pub(super) fn started() -> Option<&'static Sink> {
    STARTED.get()
}

/// Takes lines without ever waiting. Cheap to clone.
#[derive(Clone)]
pub(super) struct Sink {
    queue: SyncSender<Piece>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    waiting_bytes: AtomicUsize,
    /// Dropped lines that no log line has reported yet.
    dropped: AtomicU64,
}

enum Piece {
    Line(Box<[u8]>),
    /// Answered once all lines before it are written.
    Mark(SyncSender<()>),
}

impl Sink {
    /// Starts the thread that writes to `out`. The first sink of a process is the one that [`started`] returns.
    pub(super) fn start(out: impl Write + Send + 'static) -> Self {
        let (queue, pieces) = mpsc::sync_channel(MAX_LINES);
        let shared = Arc::<Shared>::default();
        let sink = Self { queue, shared: Arc::clone(&shared) };
        // Without the thread all lines are dropped and counted; only the metric shows it.
        let _ = thread::Builder::new().name("log".to_owned()).spawn(move || write_out(out, &pieces, &shared));
        let _ = STARTED.set(sink.clone());
        sink
    }

    /// Queues a line, or drops it if the queue is full.
    pub(super) fn take(&self, line: &[u8]) {
        let waiting = self.shared.waiting_bytes.fetch_add(line.len(), Ordering::Relaxed);
        if waiting + line.len() <= MAX_BYTES && self.queue.try_send(Piece::Line(line.into())).is_ok() {
            return;
        }
        self.shared.waiting_bytes.fetch_sub(line.len(), Ordering::Relaxed);
        self.shared.dropped.fetch_add(1, Ordering::Relaxed);
        counter!(LOG_LINES_DROPPED_TOTAL).increment(1);
    }

    /// Waits until the lines queued before are written, up to a limit.
    pub(super) fn flush(&self, limit: Duration) {
        let deadline = Instant::now() + limit;
        let (done, written) = mpsc::sync_channel(1);
        let mut mark = Piece::Mark(done);
        while let Err(TrySendError::Full(back)) = self.queue.try_send(mark) {
            if Instant::now() >= deadline {
                return;
            }
            mark = back;
            thread::sleep(FLUSH_POLL_INTERVAL);
        }
        // An error means that the time is up or the thread has ended; there is nothing left to wait for.
        let _ = written.recv_timeout(deadline.saturating_duration_since(Instant::now()));
    }
}

fn write_out(mut out: impl Write, pieces: &Receiver<Piece>, shared: &Shared) {
    let told = Sampler::new();
    for piece in pieces {
        match piece {
            Piece::Line(line) => {
                // A failing write means that the reader has gone, and there is no other place to report it.
                let _ = out.write_all(&line);
                shared.waiting_bytes.fetch_sub(line.len(), Ordering::Relaxed);
                if shared.dropped.load(Ordering::Relaxed) > 0 && told.pass().is_some() {
                    let dropped = shared.dropped.swap(0, Ordering::Relaxed);
                    tracing::warn!(dropped, "log lines were dropped: standard error is not read fast enough");
                }
            }
            Piece::Mark(done) => _ = done.try_send(()),
        }
    }
}

/// Writes one event into the sink. The subscriber writes each line at once.
pub(super) struct Entry(Sink);

impl Write for Entry {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.take(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Sink {
    type Writer = Entry;

    fn make_writer(&'a self) -> Entry {
        Entry(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// A reader that only reads while the gate is open.
    #[derive(Clone, Default)]
    struct Gated {
        gate: Arc<Mutex<()>>,
        read: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Gated {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _open = self.gate.lock().unwrap();
            self.read.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn log_lines_beyond_the_queue_are_dropped_and_no_writer_waits() {
        let reader = Gated::default();
        let closed = reader.gate.lock().unwrap();
        let sink = Sink::start(reader.clone());
        let line = [b'x'; 1023].into_iter().chain([b'\n']).collect::<Vec<u8>>();
        let sent = 2 * MAX_LINES;
        (0..sent).for_each(|_| sink.take(&line));
        sink.flush(Duration::from_millis(20));
        assert!(reader.read.lock().unwrap().is_empty());
        let dropped = usize::try_from(sink.shared.dropped.load(Ordering::Relaxed)).unwrap();
        assert!(dropped >= MAX_LINES - 1, "{dropped}");
        assert!(sink.shared.waiting_bytes.load(Ordering::Relaxed) <= MAX_BYTES);

        drop(closed);
        sink.flush(Duration::from_secs(60));
        let read = reader.read.lock().unwrap().len();
        assert_eq!(read, (sent - dropped) * line.len());
        assert_eq!(sink.shared.waiting_bytes.load(Ordering::Relaxed), 0);
    }
}
