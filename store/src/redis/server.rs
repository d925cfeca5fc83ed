//! One server, and the settings of connections to it.

use std::time::Duration;

use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, RedisError, TlsCertificates,
    aio::{ConnectionManager, ConnectionManagerConfig, MultiplexedConnection},
};

/// The limit of a command, so that a hanging server delays nobody for longer.
pub(super) const RESPONSE_TIMEOUT: Duration = Duration::from_secs(1);

/// The name or address of a server, and its port.
pub(super) type Place = (String, u16);

/// The authorities of all connections: `None` without TLS.
#[derive(Clone)]
pub(super) struct Dial(pub(super) Option<TlsCertificates>);

impl Dial {
    pub(super) fn client(&self, info: ConnectionInfo) -> Result<Client, RedisError> {
        match &self.0 {
            Some(authorities) if is_tls(&info) => Client::build_with_tls(info, authorities.clone()),
            _ => Client::open(info),
        }
    }

    /// A server whose settings are those of another.
    pub(super) fn like(&self, info: &ConnectionInfo, (host, port): Place) -> Result<Client, RedisError> {
        let address = match is_tls(info) {
            true => ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None },
            false => ConnectionAddr::Tcp(host, port),
        };
        self.client(info.clone().set_addr(address))
    }
}

pub(super) fn is_tls(info: &ConnectionInfo) -> bool {
    matches!(info.addr(), ConnectionAddr::TcpTls { .. })
}

pub(super) fn place_of(info: &ConnectionInfo) -> Option<Place> {
    match info.addr() {
        ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => Some((host.clone(), *port)),
        _ => None,
    }
}

/// A connection that does not reopen.
pub(super) async fn connect(client: &Client) -> Result<MultiplexedConnection, RedisError> {
    let limits = AsyncConnectionConfig::new()
        .set_response_timeout(Some(RESPONSE_TIMEOUT))
        .set_connection_timeout(Some(RESPONSE_TIMEOUT));
    client.get_multiplexed_async_connection_with_config(&limits).await
}

/// A server and a connection to it, which opens and reopens by itself.
pub(super) struct Server {
    pub(super) client: Client,
    pub(super) connection: ConnectionManager,
}

impl Server {
    pub(super) fn new(client: Client) -> Result<Self, RedisError> {
        let settings = ConnectionManagerConfig::new()
            .set_response_timeout(Some(RESPONSE_TIMEOUT))
            .set_connection_timeout(Some(RESPONSE_TIMEOUT))
            .set_number_of_retries(1)
            .set_max_delay(Duration::from_millis(500));
        let connection = ConnectionManager::new_lazy_with_config(client.clone(), settings)?;
        Ok(Self { client, connection })
    }
}
