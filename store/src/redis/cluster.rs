//! The nodes of a cluster.
//!
//! An org's blobs are one key, so every operation goes to one node. A published message goes to all nodes, so a
//! subscription may be at any.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use futures_util::future::join_all;
use redis::{
    Client, ConnectionInfo, RedisError, Value, aio::ConnectionLike, cluster::ClusterClient,
    cluster_async::ClusterConnection, cmd, from_redis_value,
};
use tokio::time::timeout;

use super::server::{Dial, Place, RESPONSE_TIMEOUT, connect, place_of};
use crate::words;

/// The limit of opening a connection to a node. All operations wait meanwhile.
const CONNECTION_TIMEOUT: Duration = Duration::from_millis(500);

/// An operation follows so many moves of its key, or waits so often for a node that takes over, a few milliseconds at
/// first and then longer, up to this limit.
const RETRIES: u32 = 4;
const MAX_RETRY_MILLISECONDS: u64 = 200;

/// Interval at which the state of the cluster is asked for.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// After so many looks without good answers, the cluster is looked for at the addresses of the URL again. All known nodes
/// may have moved, or one hangs: the connection to it stays open, and nobody says who has taken its slots over.
const LOOKS: u32 = 3;

/// Connections to the nodes. Cheap to clone.
#[derive(Clone)]
pub(super) struct Cluster(Arc<Nodes>);

struct Nodes {
    client: ClusterClient,
    /// The nodes of the URL.
    seeds: Vec<ConnectionInfo>,
    dial: Dial,
    connection: Mutex<ClusterConnection>,
}

impl Cluster {
    /// Opens the connections in the background.
    pub(super) fn open(seeds: Vec<ConnectionInfo>, dial: Dial) -> Result<Self, RedisError> {
        let mut builder = ClusterClient::builder(seeds.clone())
            .connection_timeout(CONNECTION_TIMEOUT)
            .response_timeout(RESPONSE_TIMEOUT)
            .retries(RETRIES)
            .min_retry_wait(1)
            .max_retry_wait(MAX_RETRY_MILLISECONDS);
        if let Some(authorities) = &dial.0 {
            builder = builder.certs(authorities.clone());
        }
        let client = builder.build()?;
        let connection = Mutex::new(client.get_pending_async_connection_with_config(Default::default()));
        let cluster = Self(Arc::new(Nodes { client, seeds, dial, connection }));
        tokio::spawn(supervise(Arc::downgrade(&cluster.0)));
        Ok(cluster)
    }

    pub(super) fn connection(&self) -> ClusterConnection {
        self.0.connection.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// All nodes, as one of them names them.
    pub(super) async fn places(&self) -> Result<Vec<Place>, RedisError> {
        self.0.places_by(&mut self.connection()).await
    }

    pub(super) fn client(&self, place: Place) -> Result<Client, RedisError> {
        match self.0.seeds.first() {
            Some(seed) => self.0.dial.like(seed, place),
            None => Err(io::Error::from(io::ErrorKind::NotFound).into()),
        }
    }

    /// Checks that all nodes that hold keys answer, and that all keys are held. The error names a node, which that of the
    /// connection to all does not.
    pub(super) async fn check(&self) -> Result<(), RedisError> {
        if self.is_well().await {
            return Ok(());
        }
        let told = join_all(self.0.seeds.iter().map(|seed| in_time(self.0.told_by(seed)))).await;
        let Some(Ok(places)) = told.iter().find(|told| told.is_ok()) else {
            return told.into_iter().find_map(Result::err).map_or(Ok(()), Err);
        };
        let answers = join_all(places.iter().map(|place| self.reach(place))).await;
        let unserved = || io::Error::other("the cluster does not serve all keys").into();
        Err(answers.into_iter().find_map(Result::err).unwrap_or_else(unserved))
    }

    async fn reach(&self, (host, port): &Place) -> Result<(), RedisError> {
        let asked = async {
            let mut node = connect(&self.client((host.clone(), *port))?).await?;
            cmd("PING").exec_async(&mut node).await
        };
        in_time(asked)
            .await
            .map_err(|error| io::Error::other(format!("the node {host}:{port}: {}", words::redis(&error))).into())
    }

    async fn is_well(&self) -> bool {
        let (mut one, mut all) = (self.connection(), self.connection());
        let (mut info, ping) = (cmd("CLUSTER"), cmd("PING"));
        let state = info.arg("INFO").query_async::<String>(&mut one);
        let (state, answers) = tokio::join!(state, ping.exec_async(&mut all));
        // A user who may not ask.
        let is_denied = |error: &RedisError| error.code().is_some() && !error.is_cluster_error();
        state.map_or_else(|error| is_denied(&error), |state| state.contains("cluster_state:ok"))
            && answers.map_or_else(|error| is_denied(&error), |()| true)
    }
}

impl Nodes {
    async fn places_by(&self, node: &mut (impl ConnectionLike + Send)) -> Result<Vec<Place>, RedisError> {
        let slots: Vec<Vec<Value>> = cmd("CLUSTER").arg("SLOTS").query_async(node).await?;
        let mut places: Vec<Place> =
            slots.into_iter().flat_map(|range| range.into_iter().skip(2)).filter_map(place).collect();
        places.sort_unstable();
        places.dedup();
        // Nodes that do not know their own address name none.
        Ok(if places.is_empty() { self.seeds.iter().filter_map(place_of).collect() } else { places })
    }

    async fn told_by(&self, seed: &ConnectionInfo) -> Result<Vec<Place>, RedisError> {
        self.places_by(&mut connect(&self.dial.client(seed.clone())?).await?).await
    }
}

async fn in_time<T>(asked: impl Future<Output = Result<T, RedisError>>) -> Result<T, RedisError> {
    let late = || RedisError::from(io::Error::from(io::ErrorKind::TimedOut));
    timeout(CONNECTION_TIMEOUT, asked).await.unwrap_or_else(|_| Err(late()))
}

/// The name of a node in an answer.
fn place(node: Value) -> Option<Place> {
    let (host, port) = match node {
        Value::Array(parts) => {
            let mut parts = parts.into_iter();
            (from_redis_value::<String>(parts.next()?).ok()?, from_redis_value::<u16>(parts.next()?).ok()?)
        }
        _ => return None,
    };
    (!host.is_empty()).then_some((host, port))
}

/// Begins again at the nodes of the URL whenever the cluster has been lost, until it is dropped.
async fn supervise(nodes: Weak<Nodes>) {
    let mut failed = 0;
    loop {
        tokio::time::sleep(LOOK_INTERVAL).await;
        let Some(nodes) = nodes.upgrade() else { return };
        let cluster = Cluster(nodes);
        failed = if cluster.is_well().await { 0 } else { failed + 1 };
        if failed == LOOKS {
            failed = 0;
            tracing::debug!("looking for the cluster of Redis at the addresses of REDIS_URL");
            let anew = cluster.0.client.get_pending_async_connection_with_config(Default::default());
            *cluster.0.connection.lock().unwrap_or_else(PoisonError::into_inner) = anew;
        }
    }
}
