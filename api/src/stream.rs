//! `GET /api/analytics/stream`: the versions of an org as server-sent events.
//!
//! An event has the tags of the models, which tell what has changed. Clients fetch the changed models as usual, and get
//! deltas. So an event is small, the same for all clients of an org, formatted once, and a client that missed some
//! needs only the last.

use std::{collections::BTreeMap, convert::Infallible, pin::Pin, sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderName},
    response::Response,
};
use bytes::Bytes;
use futures_util::stream;
use metrics::{Gauge, gauge};
use monitoring::names;
use readmodel::{time::Timestamp, version::Version};
use tokio::time::{Instant, Sleep, sleep_until};
use utoipa::ToSchema;

use crate::{
    auth::{Authenticated, UnixSeconds, wall_clock},
    editions::{
        Editions, frame,
        hub::{self, Subscription},
    },
    error::ApiError,
    quota::{Quotas, Share},
    sse::{self, BEAT},
};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Proxies close a connection that is silent for longer.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Sent to a client that was too slow and missed versions. The next version has all it needs.
const RESYNC: Bytes = Bytes::from_static(b"event: resync\ndata: {\"reason\":\"slow\"}\n\n");
/// The range of the reconnection time, random so that clients of a stopped node do not come back together.
const RETURN_MS: std::ops::Range<u32> = 500..5_000;

/// An event `version` of the stream: a new version.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes JSON that is formatted once for all clients")]
pub(crate) struct News {
    version: Version,
    /// The instant of its snapshot.
    as_of: Timestamp,
    /// The entity tags of the models.
    models: BTreeMap<String, String>,
}

/// The route.
#[utoipa::path(get, path = "/api/analytics/stream", tag = "stream", security(("token" = [])),
    params(("Last-Event-ID" = Option<Version>, Header, description = "Last version that the client has seen")),
    responses((status = 200, description = "An event `version` for each version, the current one first; data: News",
        content_type = "text/event-stream", body = String)))]
pub(crate) async fn stream(
    State(editions): State<Arc<Editions>>,
    State(quotas): State<Quotas>,
    Authenticated(user): Authenticated,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let share = quotas.stream(user.org, &headers)?;
    let seen = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok()?.parse::<Version>().ok());
    // Subscribed before the first read, so that no version in between is lost.
    let news = editions.hub.subscribe(user.org);
    if let Some(version) = seen {
        editions.catch_up(user.org, version).await;
    }
    let entry = editions.get(user.org).await?.entry;
    let mut opening = format!("retry: {}\n\n", rand::random_range(RETURN_MS)).into_bytes();
    if seen.is_none_or(|seen| seen != entry.version) {
        opening.extend_from_slice(&frame(&entry).event);
    }
    let events = Events {
        opening: Some(opening.into()),
        shown: entry.version,
        news,
        sent_at: Instant::now(),
        ends_at: instant_of(user.expires_at),
        alarm: Box::pin(sleep_until(Instant::now())),
        _client: Client::counted(share),
    };
    let body = Body::from_stream(stream::unfold(events, async |mut events| {
        let next = events.next().await?;
        Some((Ok::<_, Infallible>(next), events))
    }));
    Ok(sse::answer(body))
}

/// A client's stream. A version is sent to a thousand of them at once, so each does little: its only timer is not
/// moved, and the server's stop reaches it by the end of the hub's channel.
struct Events {
    opening: Option<Bytes>,
    shown: Version,
    news: Subscription,
    sent_at: Instant,
    ends_at: Instant,
    /// Fires no later than the next heartbeat or the end.
    alarm: Pin<Box<Sleep>>,
    _client: Client,
}

impl Events {
    /// The next bytes; `None` when the token expires, the org is deleted or the server stops.
    async fn next(&mut self) -> Option<Bytes> {
        let next = match self.opening.take() {
            Some(opening) => Some(opening),
            None => self.later().await,
        };
        self.sent_at = Instant::now();
        next
    }

    async fn later(&mut self) -> Option<Bytes> {
        loop {
            tokio::select! {
                biased;
                news = self.news.next() => match news {
                    hub::HubMessage::Version(frame) if frame.version > self.shown => {
                        self.shown = frame.version;
                        return Some(frame.event);
                    }
                    hub::HubMessage::Version(_) => {}
                    hub::HubMessage::Lost => return Some(RESYNC),
                    hub::HubMessage::Gone => return None,
                },
                () = &mut self.alarm => {
                    let (now, beat_at) = (Instant::now(), self.sent_at + HEARTBEAT);
                    if now >= self.ends_at {
                        return None;
                    }
                    let due = now >= beat_at;
                    let next_beat_at = if due { now + HEARTBEAT } else { beat_at };
                    self.alarm.as_mut().reset(next_beat_at.min(self.ends_at));
                    if due {
                        return Some(BEAT);
                    }
                }
            }
        }
    }
}

fn instant_of(expiry: UnixSeconds) -> Instant {
    let seconds = u64::try_from(expiry.since(wall_clock())).unwrap_or_default();
    // Bounded, so that a token that is valid for years does not overflow the clock.
    Instant::now() + Duration::from_secs(seconds.min(366 * 24 * 3600))
}

/// Counts a client while its stream is open.
struct Client {
    clients: Gauge,
    _share: Share,
}

impl Client {
    fn counted(share: Share) -> Self {
        let clients = gauge!(names::STREAM_CLIENTS);
        clients.increment(1.0);
        Self { clients, _share: share }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.clients.decrement(1.0);
    }
}

#[cfg(test)]
mod tests {
    use readmodel::ids::OrgId;
    use uuid::Uuid;

    use super::*;
    use crate::{
        editions::hub::{Frame, Hub},
        quota::StreamLimits,
    };

    const ORG: OrgId = OrgId(Uuid::from_u128(1));

    fn events(hub: &Hub, shown: i64) -> Events {
        Events {
            opening: None,
            shown: Version { epoch: 1, n: shown },
            news: hub.subscribe(ORG),
            sent_at: Instant::now(),
            ends_at: Instant::now() + 3 * HEARTBEAT + Duration::from_secs(1),
            alarm: Box::pin(sleep_until(Instant::now())),
            _client: Client::counted(Quotas::new(StreamLimits::default()).stream(ORG, &HeaderMap::new()).unwrap()),
        }
    }

    fn publish(hub: &Hub, n: i64) {
        hub.publish(ORG, || Frame { version: Version { epoch: 1, n }, event: Bytes::from(n.to_string()) });
    }

    #[tokio::test]
    async fn a_client_that_lags_is_told_so_and_then_gets_the_newest_version() {
        let hub = Hub::default();
        let mut slow = events(&hub, 0);
        (1..=100).for_each(|n| publish(&hub, n));
        assert_eq!(slow.next().await, Some(RESYNC));
        let mut last = slow.next().await;
        while last != Some(Bytes::from("100")) {
            last = slow.next().await;
        }
    }

    #[tokio::test]
    async fn a_version_shown_in_the_snapshot_is_not_announced_again() {
        let hub = Hub::default();
        let mut events = events(&hub, 2);
        (1..=3).for_each(|n| publish(&hub, n));
        assert_eq!(events.next().await, Some(Bytes::from("3")));
    }

    #[tokio::test(start_paused = true)]
    async fn a_quiet_stream_sends_heartbeats_and_ends_with_its_token() {
        let hub = Hub::default();
        let mut events = events(&hub, 0);
        for _ in 0..3 {
            assert_eq!(events.next().await, Some(BEAT));
        }
        assert_eq!(events.next().await, None);
    }
}
