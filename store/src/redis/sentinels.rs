//! A server that sentinels watch. When it fails they name another one, and this node follows.

use std::{sync::Arc, time::Duration};

use redis::{Client, ConnectionInfo, RedisError, Value, aio::MultiplexedConnection, cmd};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use super::{
    address::Service,
    server::{Dial, Place, RESPONSE_TIMEOUT, Server, connect},
};
use crate::words;

/// Interval at which the sentinels are asked.
const ASK_INTERVAL: Duration = Duration::from_secs(1);

/// The server that the sentinels name. Cheap to clone.
#[derive(Clone)]
pub(super) struct Sentinels(watch::Receiver<Option<Result<Arc<Master>, String>>>);

/// The server that takes writes.
pub(super) struct Master {
    pub(super) place: Place,
    pub(super) server: Server,
}

impl Sentinels {
    /// Asks the sentinels in the background.
    pub(super) fn open(service: Service, dial: Dial) -> Result<Self, RedisError> {
        let sentinels = service.sentinels.into_iter().map(|sentinel| dial.client(sentinel));
        let asked = Asked { sentinels: sentinels.collect::<Result<_, _>>()?, at: 0, connection: None };
        let follower = Follower { asked, name: service.name, server: service.server, dial };
        let (told, master) = watch::channel(None);
        tokio::spawn(follower.follow(told));
        Ok(Self(master))
    }

    /// The present server; waits for the first answer of a sentinel.
    pub(super) async fn master(&self) -> Result<Arc<Master>, RedisError> {
        let mut named = self.0.clone();
        let known = timeout(RESPONSE_TIMEOUT, named.wait_for(Option::is_some)).await;
        let known = known.ok().and_then(|known| known.ok()?.clone());
        let unknown = || Err("no sentinel of REDIS_URL has answered".to_owned());
        known.unwrap_or_else(unknown).map_err(|reason| std::io::Error::other(reason).into())
    }

    pub(super) async fn is_master(&self, place: &Place) -> bool {
        self.master().await.is_ok_and(|master| master.place == *place)
    }
}

/// The sentinels, of which one is asked until it fails.
struct Asked {
    sentinels: Vec<Client>,
    at: usize,
    connection: Option<MultiplexedConnection>,
}

impl Asked {
    /// The place of the server, by the first sentinel that knows one.
    async fn place(&mut self, name: &str) -> Result<Place, String> {
        let mut reason = "REDIS_URL names no sentinel".to_owned();
        let mut is_told = false;
        for _ in 0..self.sentinels.len() {
            match self.ask(name).await {
                Ok(Some(place)) => return Ok(place),
                Ok(None) => (reason, is_told) = (format!("the sentinels know no server named {name}"), true),
                Err(error) if !is_told => {
                    reason = format!("no sentinel of REDIS_URL answers: {}", words::redis(&error))
                }
                Err(_) => {}
            }
            self.next();
        }
        Err(reason)
    }

    fn next(&mut self) {
        self.connection = None;
        self.at = (self.at + 1) % self.sentinels.len().max(1);
    }

    async fn ask(&mut self, name: &str) -> Result<Option<Place>, RedisError> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            None => self.connection.insert(connect(&self.sentinels[self.at]).await?),
        };
        cmd("SENTINEL").arg("GET-MASTER-ADDR-BY-NAME").arg(name).query_async(connection).await
    }
}

struct Follower {
    asked: Asked,
    name: String,
    server: ConnectionInfo,
    dial: Dial,
}

impl Follower {
    /// Follows the sentinels until nobody wants to know the server.
    async fn follow(mut self, told: watch::Sender<Option<Result<Arc<Master>, String>>>) {
        while !told.is_closed() {
            let present = told.borrow().clone().and_then(Result::ok);
            match self.look(present.as_deref()).await {
                Ok(None) => {}
                Ok(Some(master)) => {
                    tracing::debug!(
                        host = master.place.0,
                        port = master.place.1,
                        "the sentinels name a server of Redis"
                    );
                    told.send_replace(Some(Ok(Arc::new(master))));
                }
                // The present server may be well while no sentinel is.
                Err(_) if present.is_some() => {}
                Err(reason) => _ = told.send_replace(Some(Err(reason))),
            }
            sleep(ASK_INTERVAL).await;
        }
    }

    /// The server, if it is another one than before.
    async fn look(&mut self, present: Option<&Master>) -> Result<Option<Master>, String> {
        let place = self.asked.place(&self.name).await?;
        if present.is_some_and(|present| present.place == place) {
            return Ok(None);
        }
        let said = |error: RedisError| words::redis(&error);
        let server = Server::new(self.dial.like(&self.server, place.clone()).map_err(said)?).map_err(said)?;
        if is_replica(&server).await {
            // This sentinel has not heard of a failover yet.
            self.asked.next();
            return Err(format!("the server that a sentinel names, {}:{}, is a replica", place.0, place.1));
        }
        Ok(Some(Master { place, server }))
    }
}

/// Whether a server says that it is one. A server that says nothing is what the sentinels say.
async fn is_replica(server: &Server) -> bool {
    let role = cmd("ROLE").query_async::<Vec<Value>>(&mut server.connection.clone()).await;
    role.is_ok_and(|role| matches!(role.first(), Some(Value::BulkString(role)) if role != b"master"))
}
