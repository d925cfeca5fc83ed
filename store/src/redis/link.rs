//! The way to the servers of `REDIS_URL`, whether there is one, a cluster, or one that sentinels name.

use std::{
    io,
    path::Path,
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};

use redis::{
    Cmd, ConnectionInfo, ErrorKind, Pipeline, RedisError, RedisFuture, ServerErrorKind, Value,
    aio::{ConnectionLike, ConnectionManager},
    cluster_async::ClusterConnection,
    cmd,
};
use tokio::time::sleep;

use super::{
    address::Address,
    cluster::Cluster,
    sentinels::Sentinels,
    server::{Dial, Server, is_tls, place_of},
    tls,
};
use crate::Error;

/// Delay before a server that could not be asked is asked again whether it is a node of a cluster.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// The limit to which that delay grows.
const MAX_RETRY_DELAY: Duration = Duration::from_secs(60);

/// The servers. Cheap to clone.
#[derive(Clone)]
pub(super) enum Link {
    One(Arc<One>),
    Cluster(Cluster),
    Sentinels(Sentinels),
}

/// One server, until it turns out to be a node of a cluster, as the address that a provider gives for a whole cluster is.
pub(super) struct One {
    pub(super) server: Server,
    dial: Dial,
    cluster: OnceLock<Cluster>,
}

/// A connection for commands.
pub(super) enum Connection {
    Server(ConnectionManager),
    Cluster(ClusterConnection),
}

impl Link {
    pub(super) fn open(address: Address, ca_file: Option<&Path>) -> Result<Self, Error> {
        let authorities = address.infos().iter().any(is_tls).then(|| tls::certificates(ca_file));
        let dial = Dial(authorities.transpose()?);
        match address {
            Address::One(info) => One::open(info, dial),
            Address::Cluster(seeds) => Cluster::open(seeds, dial).map(Self::Cluster),
            Address::Sentinels(service) => Sentinels::open(service, dial).map(Self::Sentinels),
        }
        .map_err(Error::url("REDIS_URL"))
    }

    pub(super) async fn connection(&self) -> Result<Connection, RedisError> {
        Ok(match self {
            Self::One(one) => match one.cluster.get() {
                None => Connection::Server(one.server.connection.clone()),
                Some(cluster) => Connection::Cluster(cluster.connection()),
            },
            Self::Cluster(cluster) => Connection::Cluster(cluster.connection()),
            Self::Sentinels(sentinels) => Connection::Server(sentinels.master().await?.server.connection.clone()),
        })
    }

    pub(super) fn cluster(&self) -> Option<&Cluster> {
        match self {
            Self::One(one) => one.cluster.get(),
            Self::Cluster(cluster) => Some(cluster),
            Self::Sentinels(_) => None,
        }
    }

    /// Whether an error says no more than where the keys of a cluster are. A server that gives such an answer is used as a
    /// node of one from then on.
    pub(super) fn explains(&self, error: &RedisError) -> bool {
        let is_elsewhere = matches!(error.kind(), ErrorKind::Server(ServerErrorKind::Moved | ServerErrorKind::Ask));
        is_elsewhere
            && match self {
                Self::One(one) => one.join_cluster(),
                Self::Cluster(_) => true,
                Self::Sentinels(_) => false,
            }
    }

    /// Checks that the server, or every node that holds keys, answers.
    pub(super) async fn ping(&self) -> Result<(), RedisError> {
        match self.cluster() {
            Some(cluster) => cluster.check().await,
            None => cmd("PING").exec_async(&mut self.connection().await?).await,
        }
    }
}

impl One {
    fn open(info: ConnectionInfo, dial: Dial) -> Result<Link, RedisError> {
        let server = Server::new(dial.client(info)?)?;
        let one = Arc::new(Self { server, dial, cluster: OnceLock::new() });
        tokio::spawn(find_cluster(Arc::downgrade(&one)));
        Ok(Link::One(one))
    }

    pub(super) fn cluster(&self) -> Option<&Cluster> {
        self.cluster.get()
    }

    /// Uses the server as a node of its cluster; returns whether that is possible.
    fn join_cluster(&self) -> bool {
        match self.open_cluster() {
            // Another task may have been faster.
            Ok(cluster) => self.cluster.set(cluster).is_ok() || self.cluster.get().is_some(),
            Err(_) => false,
        }
    }

    fn open_cluster(&self) -> Result<Cluster, RedisError> {
        let info = self.server.client.get_connection_info();
        match place_of(info) {
            Some(_) => Cluster::open(vec![info.clone()], self.dial.clone()),
            // The other nodes could not be reached by a socket.
            None => Err(io::Error::from(io::ErrorKind::Unsupported).into()),
        }
    }

    /// Whether the server is a node of a cluster; then all are used if all can be reached. A single node behind a
    /// translated address cannot be reached at the address that it names, and need not be. `None` if that is not known yet.
    async fn find_cluster(&self) -> Option<bool> {
        match cmd("CLUSTER").arg("INFO").exec_async(&mut self.server.connection.clone()).await {
            Ok(()) => {
                let cluster = self.open_cluster().ok()?;
                cmd("PING").exec_async(&mut cluster.connection()).await.ok()?;
                let _ = self.cluster.set(cluster);
                Some(true)
            }
            Err(error) => error.code().map(|_| false),
        }
    }
}

/// Asks a server whether it is a node of a cluster, until that is known.
async fn find_cluster(one: Weak<One>) {
    let mut delay = RETRY_DELAY;
    while let Some(one) = one.upgrade() {
        if one.cluster.get().is_some() || one.find_cluster().await.is_some() {
            return;
        }
        drop(one);
        sleep(delay).await;
        delay = (delay * 2).min(MAX_RETRY_DELAY);
    }
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::Server(connection) => connection.req_packed_command(cmd),
            Self::Cluster(connection) => connection.req_packed_command(cmd),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::Server(connection) => connection.req_packed_commands(pipeline, offset, count),
            Self::Cluster(connection) => connection.req_packed_commands(pipeline, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::Server(connection) => connection.get_db(),
            Self::Cluster(connection) => connection.get_db(),
        }
    }
}
