//! Reading of request bodies, within a time limit and a memory limit that slow senders cannot exhaust.
//!
//! A body occupies memory from its first byte until it is parsed. If the limit is reached, the slowest body is refused
//! in favour of the one that needs memory, so that idle connections never keep a fast one out.

use std::{
    cmp::Reverse,
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use futures_util::StreamExt as _;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::error::ApiError;

/// The limit for receiving a whole body.
const RECEIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// The memory that a body counts for at least, since its connection has a buffer too.
const LEAST_BYTES: usize = 16 * 1024;
/// Bounds of the growth of a body's memory, which is a quarter each time: doubling would waste half of it.
const LEAST_GROWTH: usize = 4 * 1024;
const MOST_GROWTH: usize = 1024 * 1024;
/// The age from which a body can count as slow.
const MIN_SLOW_AGE: Duration = Duration::from_secs(1);
/// The window over which a body's rate is measured.
const RATE_WINDOW: Duration = Duration::from_secs(1);
/// The limits of the draining of a rejected body. It is drained so that the client sees the response instead of a reset
/// connection.
const DRAIN_BYTES: usize = 64 * 1024;
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);

/// A memory limit for the bodies of one kind of sender.
#[derive(Clone, Debug)]
pub(crate) struct Room(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    bytes: usize,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    used: usize,
    last: u64,
    places: HashMap<u64, Entry>,
}

#[derive(Debug)]
struct Entry {
    bytes: usize,
    /// `None` once the body is complete; it can no longer be refused then.
    receiving: Option<Receiving>,
}

#[derive(Debug)]
struct Receiving {
    rate: Rate,
    cut: CancellationToken,
}

/// The memory of a body, released on drop.
#[derive(Debug)]
pub(crate) struct Place {
    shared: Arc<Shared>,
    number: u64,
}

impl Room {
    /// A limit of this many bytes.
    pub(crate) fn of(bytes: usize) -> Self {
        Self(Arc::new(Shared { bytes, table: Mutex::default() }))
    }

    /// Reads a body of at most `most` bytes. Its memory counts until the caller drops the place.
    pub(crate) async fn read(&self, body: Body, most: usize) -> Result<(Bytes, Place), ApiError> {
        tokio::time::timeout(RECEIVE_TIMEOUT, self.gather(body, most)).await.unwrap_or(Err(ApiError::TooSlow))
    }

    /// Reads a body part by part. Each part counts when it arrives: the announced length is not trusted.
    async fn gather(&self, body: Body, most: usize) -> Result<(Bytes, Place), ApiError> {
        let (place, cut) = self.enter(Instant::now())?;
        let (mut pieces, mut parts) = (Pieces::default(), body.into_data_stream());
        loop {
            let part = tokio::select! {
                biased;
                () = cut.cancelled() => return Err(ApiError::Full),
                part = parts.next() => part,
            };
            let Some(part) = part else { break };
            let part = part.map_err(|_| ApiError::TooLarge)?;
            if pieces.len + part.len() > most {
                return Err(ApiError::TooLarge);
            }
            pieces.make_room(part.len());
            place.grow(part.len(), pieces.capacity, Instant::now())?;
            pieces.add(&part);
        }
        place.is_whole()?;
        Ok((pieces.join(), place))
    }

    fn enter(&self, now: Instant) -> Result<(Place, CancellationToken), ApiError> {
        let mut table = self.0.lock();
        table.last += 1;
        let (number, cut) = (table.last, CancellationToken::new());
        let receiving = Receiving { rate: Rate::from(now), cut: cut.clone() };
        table.places.insert(number, Entry { bytes: LEAST_BYTES, receiving: Some(receiving) });
        table.used += LEAST_BYTES;
        let place = Place { shared: Arc::clone(&self.0), number };
        let stays = table.make_room(self.0.bytes, number, now);
        drop(table);
        if stays { Ok((place, cut)) } else { Err(ApiError::Full) }
    }
}

/// The received part of a body. Parts are copied: keeping a byte of one would keep the connection's whole buffer.
#[derive(Debug, Default)]
struct Pieces {
    pieces: Vec<Vec<u8>>,
    len: usize,
    capacity: usize,
}

impl Pieces {
    fn make_room(&mut self, bytes: usize) {
        let spare = self.capacity - self.len;
        if spare < bytes {
            let growth = (self.len / 4).clamp(LEAST_GROWTH, MOST_GROWTH).max(bytes - spare);
            self.pieces.push(Vec::with_capacity(growth));
            self.capacity += self.pieces.last().map_or(0, Vec::capacity);
        }
    }

    /// Copies a part into the free space of the last two pieces.
    fn add(&mut self, mut part: &[u8]) {
        self.len += part.len();
        let open = self.pieces.len().saturating_sub(2);
        for piece in &mut self.pieces[open..] {
            let (now, rest) = part.split_at(part.len().min(piece.capacity() - piece.len()));
            piece.extend_from_slice(now);
            part = rest;
        }
    }

    /// Joins the pieces. Meanwhile the body takes twice its memory, which is not counted, as each thread joins one at a
    /// time.
    fn join(mut self) -> Bytes {
        if let [whole] = &mut self.pieces[..] {
            return std::mem::take(whole).into();
        }
        self.pieces.concat().into()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Counts another part of the body, whose memory now has `held` bytes.
    fn grow(&self, part: usize, held: usize, now: Instant) -> Result<(), ApiError> {
        let mut table = self.shared.lock();
        // Another body may have displaced this one.
        let entry = table.places.get_mut(&self.number).ok_or(ApiError::Full)?;
        if let Some(receiving) = &mut entry.receiving {
            receiving.rate.add(part, now);
        }
        let more = held.max(LEAST_BYTES) - entry.bytes;
        entry.bytes += more;
        table.used += more;
        if table.make_room(self.shared.bytes, self.number, now) { Ok(()) } else { Err(ApiError::Full) }
    }

    /// Marks the body as complete, so that it can no longer be refused.
    fn is_whole(&self) -> Result<(), ApiError> {
        let mut table = self.shared.lock();
        table.places.get_mut(&self.number).ok_or(ApiError::Full)?.receiving = None;
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.shared.lock().remove(self.number);
    }
}

impl Table {
    /// Refuses the slowest bodies until the rest fits; returns whether this body is still accepted.
    fn make_room(&mut self, bytes: usize, number: u64, now: Instant) -> bool {
        while self.used > bytes {
            let Some(slowest) = self.slowest(now) else {
                self.remove(number);
                return false;
            };
            self.remove(slowest);
            if slowest == number {
                return false;
            }
        }
        true
    }

    /// The slowest body, and of equally slow ones the largest, so that small bodies fit beside any number of large
    /// ones. Young bodies come last.
    fn slowest(&self, now: Instant) -> Option<u64> {
        let receiving = |(number, entry): (&u64, &Entry)| {
            let rate = entry.receiving.as_ref()?.rate.per_second(now);
            Some((rate, Reverse(entry.bytes), *number))
        };
        self.places.iter().filter_map(receiving).min().map(|(.., number)| number)
    }

    fn remove(&mut self, number: u64) {
        if let Some(entry) = self.places.remove(&number) {
            self.used -= entry.bytes;
            if let Some(receiving) = entry.receiving {
                receiving.cut.cancel();
            }
        }
    }
}

/// The rate of a body over the current and the previous window. Older bytes do not count, so that a burst does not pay
/// for a standstill.
#[derive(Debug)]
struct Rate {
    began: Instant,
    window: Instant,
    bytes: usize,
    before: usize,
}

impl Rate {
    fn from(now: Instant) -> Self {
        Self { began: now, window: now, bytes: 0, before: 0 }
    }

    fn add(&mut self, bytes: usize, now: Instant) {
        let elapsed = now.saturating_duration_since(self.window);
        if elapsed >= RATE_WINDOW {
            self.before = if elapsed < 2 * RATE_WINDOW { self.bytes } else { 0 };
            self.bytes = 0;
            self.window = now;
        }
        self.bytes += bytes;
    }

    fn per_second(&self, now: Instant) -> u64 {
        if now.saturating_duration_since(self.began) < MIN_SLOW_AGE {
            return u64::MAX;
        }
        let elapsed = now.saturating_duration_since(self.window);
        if elapsed >= 2 * RATE_WINDOW {
            return 0;
        }
        let milliseconds = u64::try_from((RATE_WINDOW + elapsed).as_millis()).unwrap_or(u64::MAX);
        (self.before as u64 + self.bytes as u64) * 1000 / milliseconds
    }
}

/// Reads and discards a part of a refused body.
pub(crate) async fn drain(body: Body) {
    let drained = async {
        let (mut left, mut parts) = (DRAIN_BYTES, body.into_data_stream());
        while let Some(Ok(part)) = parts.next().await {
            left = left.saturating_sub(part.len());
            if left == 0 {
                break;
            }
        }
    };
    // A client that is still sending has had time to see the answer.
    let _ = tokio::time::timeout(DRAIN_TIMEOUT, drained).await;
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::stream;
    use tokio::sync::mpsc;

    use super::*;

    /// A body whose chunks are sent through a channel.
    fn body() -> (mpsc::UnboundedSender<Bytes>, Body) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let parts = stream::unfold(receiver, async |mut receiver: mpsc::UnboundedReceiver<Bytes>| {
            Some((Ok::<_, Infallible>(receiver.recv().await?), receiver))
        });
        (sender, Body::from_stream(parts))
    }

    fn used(room: &Room) -> usize {
        room.0.lock().used
    }

    #[tokio::test]
    async fn a_body_holds_its_room_until_it_is_dropped() {
        let room = Room::of(3 * LEAST_BYTES);
        let (whole, place) = room.read(Body::from("123456"), 6).await.unwrap();
        assert_eq!((&whole[..], used(&room)), (&b"123456"[..], LEAST_BYTES));
        assert_eq!(room.read(Body::from("1234567"), 6).await.unwrap_err(), ApiError::TooLarge);
        let (_, large) = room.read(Body::from(vec![0; 2 * LEAST_BYTES]), usize::MAX).await.unwrap();
        // Complete bodies keep their places.
        assert_eq!(room.read(Body::from("1"), 6).await.unwrap_err(), ApiError::Full);
        drop((place, large));
        assert_eq!(used(&room), 0);
    }

    #[test]
    fn a_body_is_assembled_from_chunks_of_any_size() {
        let body: Vec<u8> = (0..3_000_000).map(|n: u32| n.to_le_bytes()[1]).collect();
        for size in [1, 1000, 4096, 70_000, 2_000_000, 3_000_000] {
            let body = if size == 1 { &body[..20_000] } else { &body };
            let mut pieces = Pieces::default();
            for part in body.chunks(size) {
                pieces.make_room(part.len());
                pieces.add(part);
                assert!(pieces.capacity <= pieces.len + (pieces.len / 4).max(part.len()).max(LEAST_GROWTH));
            }
            assert_eq!(pieces.join(), body);
        }
        assert_eq!(Pieces::default().join(), Bytes::new());
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_end_is_refused_after_ten_seconds() {
        let room = Room::of(LEAST_BYTES);
        let (sender, endless) = body();
        let dripping = tokio::spawn(async move {
            while sender.send(Bytes::from_static(b" ")).is_ok() {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        });
        let begun = Instant::now();
        assert_eq!(room.read(endless, 1 << 20).await.unwrap_err(), ApiError::TooSlow);
        assert_eq!(begun.elapsed(), RECEIVE_TIMEOUT);
        assert_eq!(used(&room), 0);
        dripping.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn the_slowest_body_is_evicted_when_another_needs_room() {
        let room = Room::of(4 * LEAST_BYTES);
        let opened: Vec<_> = (0..4)
            .map(|_| {
                let (sender, body) = body();
                let room = room.clone();
                (sender, tokio::spawn(async move { room.read(body, 1 << 20).await.map(|(whole, _)| whole.len()) }))
            })
            .collect();
        // One body sends steadily, one has sent much at once, and two have sent nothing.
        opened[1].0.send(Bytes::from(vec![0; LEAST_BYTES])).unwrap();
        for _ in 0..4 {
            opened[2].0.send(Bytes::from_static(&[0; 100])).unwrap();
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        for _ in 0..3 {
            // A fast body is admitted and done.
            room.read(Body::from("quick"), 5).await.unwrap();
        }
        tokio::task::yield_now().await;
        assert!(opened[0].1.is_finished() && !opened[1].1.is_finished() && !opened[2].1.is_finished());
        // A larger body takes its room from the next slowest.
        let (_, large) = room.read(Body::from(vec![0; 3 * LEAST_BYTES]), 1 << 20).await.unwrap();
        tokio::task::yield_now().await;
        assert!(opened[1].1.is_finished() && opened[3].1.is_finished() && !opened[2].1.is_finished());
        let mut finished = opened.into_iter();
        let (sender, steady) = finished.nth(2).unwrap();
        drop(sender);
        assert_eq!(steady.await.unwrap(), Ok(400));
        drop(large);
        for (_, task) in finished {
            assert_eq!(task.await.unwrap(), Err(ApiError::Full));
        }
        assert_eq!(used(&room), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn among_bodies_younger_than_a_second_the_largest_is_evicted() {
        let room = Room::of(4 * LEAST_BYTES);
        let begin = |bytes: usize| {
            let (sender, body) = body();
            sender.send(Bytes::from(vec![0; bytes])).unwrap();
            let room = room.clone();
            (sender, tokio::spawn(async move { room.read(body, 1 << 20).await.map(|(whole, _)| whole.len()) }))
        };
        let (small, large) = (begin(5), begin(3 * LEAST_BYTES));
        tokio::task::yield_now().await;
        room.read(Body::from("another"), 7).await.unwrap();
        drop(small.0);
        assert_eq!(small.1.await.unwrap(), Ok(5));
        assert_eq!(large.1.await.unwrap(), Err(ApiError::Full));
    }

    #[tokio::test(start_paused = true)]
    async fn a_fast_body_finds_room_beside_any_number_of_slow_ones() {
        let room = Room::of(8 * LEAST_BYTES);
        let mut slow = Vec::new();
        for _ in 0..50 {
            let (sender, body) = body();
            sender.send(Bytes::from_static(b"{")).unwrap();
            let room = room.clone();
            slow.push((sender, tokio::spawn(async move { room.read(body, 1 << 20).await.map(drop) })));
            tokio::task::yield_now().await;
        }
        for _ in 0..100 {
            assert!(used(&room) <= 8 * LEAST_BYTES);
            room.read(Body::from(vec![0; LEAST_BYTES]), 1 << 20).await.unwrap();
        }
    }
}
