//! Blobs in Redis: bytes for nodes that do not hold them yet, and the message that a version is new. Nothing here is
//! the truth: it may be gone, slow, garbage or old, and then Postgres serves.

use std::{collections::HashMap, future::ready, sync::Arc, time::Duration};

use ::redis::{
    AsyncCommands, Client, RedisError, Script,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use futures_util::{Stream, StreamExt};
use readmodel::{blob::Format, edition::Edition, ids::OrgId, model::Model, time::Timestamp, version::Version};

use crate::{Error, blobs::Held, versions::micros_or_never};

/// Reads fall through to Postgres after this long.
const READ_BUDGET: Duration = Duration::from_millis(50);

/// Commands fail after this long, so that a hanging server holds nobody up.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(1);

/// An org that nobody changes or reads for a week makes room.
const TIME_TO_LIVE: Duration = Duration::from_secs(7 * 24 * 3600);

/// Where new versions are announced: `<org> <epoch>-<n>`.
pub(crate) const CHANNEL: &str = "prewarm:versions";

const PUBLISH: &str = include_str!("../lua/publish.lua");

/// A connection that comes up, and comes back, by itself.
#[derive(Clone)]
pub struct Redis {
    client: Arc<Client>,
    connection: ConnectionManager,
    /// Of what is read.
    format: Format,
}

impl std::fmt::Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The client knows the password.
        f.debug_struct("Redis").finish_non_exhaustive()
    }
}

/// What came of an attempt to put an edition in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It is there, and announced.
    Stored,
    /// What is there is as new, or newer.
    Refused,
}

/// Whether a put announces the version to the other nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Announce {
    /// The version is new.
    Yes,
    /// The version is known; only its bytes were missing.
    No,
}

impl Redis {
    pub(crate) fn open(url: &str, format: Format) -> Result<Self, Error> {
        let client = Client::open(url).map_err(Error::url("REDIS_URL"))?;
        let config = ConnectionManagerConfig::new()
            .set_response_timeout(Some(RESPONSE_TIMEOUT))
            .set_connection_timeout(Some(RESPONSE_TIMEOUT))
            .set_number_of_retries(1)
            .set_max_delay(Duration::from_millis(500));
        let connection = ConnectionManager::new_lazy_with_config(client.clone(), config)?;
        Ok(Self { client: Arc::new(client), connection, format })
    }

    /// Whether the server answers.
    pub async fn ping(&self) -> Result<(), Error> {
        Ok(::redis::cmd("PING").exec_async(&mut self.connection.clone()).await?)
    }

    /// What is held of an org, every byte checked.
    pub async fn edition(&self, org: OrgId) -> Result<Held, Error> {
        let mut connection = self.connection.clone();
        let fields =
            tokio::time::timeout(READ_BUDGET, connection.hgetall::<_, HashMap<String, Vec<u8>>>(key(org, self.format)));
        let fields = fields.await.map_err(|_| timed_out())??;
        if fields.is_empty() {
            return Ok(Held::Nothing);
        }
        let Some((version, as_of, next_change_at)) = head(&fields) else {
            return Ok(Held::Nothing);
        };
        let edition = Edition::decode(org, self.format, version, as_of, next_change_at, |model| {
            fields.get(model.name()).map(Vec::as_slice)
        });
        Ok(match edition {
            Ok(edition) => Held::Edition(Box::new(edition)),
            Err(reason) => Held::Unusable(reason),
        })
    }

    /// Puts an edition in place, unless a newer one is there. Only `changed` models travel when Redis holds `base`,
    /// whose other bytes are the same.
    pub async fn put(
        &self,
        edition: &Edition,
        base: Version,
        changed: &[Model],
        announce: Announce,
    ) -> Result<Put, Error> {
        if changed.len() < Model::COUNT
            && let Some(put) = self.run(edition, Some(base), changed, announce).await?
        {
            return Ok(put);
        }
        let put = self.run(edition, None, &Model::ALL, announce).await?;
        Ok(put.unwrap_or(Put::Refused))
    }

    /// `None`: `base` is not what Redis holds.
    async fn run(
        &self,
        edition: &Edition,
        base: Option<Version>,
        models: &[Model],
        announce: Announce,
    ) -> Result<Option<Put>, Error> {
        let script = Script::new(PUBLISH);
        let mut call = script.key(key(edition.org, edition.format));
        call.arg(edition.version.epoch).arg(edition.version.n);
        match base {
            Some(base) => call.arg(base.epoch).arg(base.n),
            None => call.arg("").arg(""),
        };
        call.arg(edition.as_of.as_micros()).arg(micros_or_never(edition.next_change_at));
        call.arg(TIME_TO_LIVE.as_secs());
        call.arg(if announce == Announce::Yes { CHANNEL } else { "" });
        call.arg(format!("{} {}", edition.org, edition.version));
        for model in models {
            call.arg(model.name()).arg(edition.blob(*model).encode());
        }
        match call.invoke_async::<i32>(&mut self.connection.clone()).await? {
            1 => Ok(Some(Put::Stored)),
            -1 => Ok(None),
            _ => Ok(Some(Put::Refused)),
        }
    }

    /// Removes what is held of an org and cannot be used. Were it replaced in this moment, that would cost a look into
    /// Postgres.
    pub async fn discard(&self, org: OrgId) -> Result<(), Error> {
        Ok(self.connection.clone().del::<_, ()>(key(org, self.format)).await?)
    }

    /// Removes what is held of an org in older formats: of the newest one an edition was put in its place.
    pub async fn discard_older(&self, org: OrgId) -> Result<(), Error> {
        let keys: Vec<String> = (Format::OLDEST.0..self.format.0).map(|format| key(org, Format(format))).collect();
        if !keys.is_empty() {
            self.connection.clone().del::<_, ()>(keys).await?;
        }
        Ok(())
    }

    /// Removes what is held of an org, and tells the nodes to look again.
    pub async fn forget(&self, org: OrgId) -> Result<(), Error> {
        let mut connection = self.connection.clone();
        let formats = Format::OLDEST.0..=self.format.0;
        let keys: Vec<String> = formats.map(|format| key(org, Format(format))).collect();
        connection.del::<_, ()>(keys).await?;
        connection.publish::<_, _, ()>(CHANNEL, format!("{org} {}", Version::NONE)).await?;
        Ok(())
    }

    /// New versions as they are announced, until the connection breaks.
    pub(crate) async fn announcements(&self) -> Result<impl Stream<Item = String> + Send + use<>, Error> {
        let mut subscription = self.client.get_async_pubsub().await?;
        subscription.subscribe(CHANNEL).await?;
        Ok(subscription.into_on_message().filter_map(|message| ready(message.get_payload().ok())))
    }
}

/// The hash of an org: its id is the hash tag, so that all of an org lies in one slot of a cluster; the format is in
/// the name, so that nodes of two formats serve side by side.
fn key(org: OrgId, format: Format) -> String {
    format!("prewarm:{}:{{{org}}}", format)
}

fn head(fields: &HashMap<String, Vec<u8>>) -> Option<(Version, Timestamp, Option<Timestamp>)> {
    let text = |name: &str| fields.get(name).and_then(|bytes| std::str::from_utf8(bytes).ok());
    let number = |name: &str| text(name).and_then(|text| text.parse::<i64>().ok());
    let version = Version { epoch: number("epoch")?, n: number("n")? };
    let next_change_at = match text("next_change_at")? {
        "" => None,
        _ => Some(Timestamp::from_micros(number("next_change_at")?)),
    };
    Some((version, Timestamp::from_micros(number("as_of")?), next_change_at))
}

fn timed_out() -> RedisError {
    RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut))
}
