//! The messages of a channel, from a server that hears them.

use std::{io, time::Duration};

use futures_util::{Stream, StreamExt as _};
use rand::seq::SliceRandom as _;
use redis::{
    Client, Msg, RedisError, Value,
    aio::{PubSub, PubSubSink},
};
use tokio::time::{sleep, timeout};

use super::{
    cluster::Cluster,
    link::Link,
    server::{Place, RESPONSE_TIMEOUT},
};

/// Interval at which a subscription is checked: the network may have gone silent, or the server may no longer be the one
/// that hears.
const PULSE: Duration = Duration::from_secs(2);

/// The server that a subscription is at.
enum At {
    One,
    Node(Place),
    Master(Place),
}

impl Link {
    /// The messages of a channel, until the server is lost or no longer the one that hears them.
    pub(super) async fn subscribe(&self, channel: &str) -> Result<impl Stream<Item = Msg> + Send + use<>, RedisError> {
        let (mut subscription, at) = self.subscription().await?;
        within(subscription.subscribe(channel)).await?;
        let (sink, messages) = subscription.split();
        Ok(messages.take_until(Box::pin(self.clone().until_lost(sink, at))))
    }

    async fn subscription(&self) -> Result<(PubSub, At), RedisError> {
        match self {
            Self::Cluster(cluster) => at_any(cluster).await,
            Self::One(one) => match one.cluster() {
                Some(cluster) => at_any(cluster).await,
                None => Ok((open(&one.server.client).await?, At::One)),
            },
            Self::Sentinels(sentinels) => {
                let master = sentinels.master().await?;
                Ok((open(&master.server.client).await?, At::Master(master.place.clone())))
            }
        }
    }

    async fn until_lost(self, mut subscription: PubSubSink, at: At) {
        loop {
            sleep(PULSE).await;
            match within(subscription.ping::<Value>()).await {
                // A user who may not ping hears on.
                Err(error) if error.code().is_none() => return,
                _ if self.hears(&at).await => {}
                _ => return,
            }
        }
    }

    /// Whether a server hears what is published at the others. A node that has left its cluster keeps its subscribers.
    async fn hears(&self, at: &At) -> bool {
        match (self, self.cluster(), at) {
            (Self::Sentinels(sentinels), _, At::Master(place)) => sentinels.is_master(place).await,
            (_, Some(cluster), At::Node(place)) => cluster.places().await.map_or(true, |places| places.contains(place)),
            (_, cluster, _) => cluster.is_none(),
        }
    }
}

/// A connection to any node that can be reached.
async fn at_any(cluster: &Cluster) -> Result<(PubSub, At), RedisError> {
    let mut places = cluster.places().await?;
    places.shuffle(&mut rand::rng());
    let mut ended = Err(io::Error::from(io::ErrorKind::NotFound).into());
    for place in places {
        match open(&cluster.client(place.clone())?).await {
            Ok(subscription) => return Ok((subscription, At::Node(place))),
            Err(error) => ended = Err(error),
        }
    }
    ended
}

async fn open(client: &Client) -> Result<PubSub, RedisError> {
    within(client.get_async_pubsub()).await
}

async fn within<T>(asked: impl Future<Output = Result<T, RedisError>>) -> Result<T, RedisError> {
    let late = || RedisError::from(io::Error::from(io::ErrorKind::TimedOut));
    timeout(RESPONSE_TIMEOUT, asked).await.unwrap_or_else(|_| Err(late()))
}
