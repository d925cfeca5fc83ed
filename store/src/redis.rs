//! Blobs in Redis: bytes for nodes that do not hold them yet, and the message that a version is new. Nothing here is
//! the truth: it may be gone, slow, garbage or old, and then Postgres serves. Every key and channel names the installation
//! that it belongs to, so that databases which share a Redis never see each other.

mod tls;
mod troubles;

use std::{future::ready, path::PathBuf, sync::Arc, time::Duration};

use ::redis::{
    AsyncCommands, Client, RedisError, Script,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use futures_util::{Stream, StreamExt};
use readmodel::{
    edition::Edition,
    ids::{Installation, OrgId},
    model::{Format, Model},
    time::Timestamp,
    version::Version,
};

use self::troubles::Operation;
pub use self::troubles::Troubles;
use crate::{
    Error,
    blobs::{Held, Unusable},
    versions::micros_or_never,
    words::redis_said,
};

/// How long a read waits for Redis unless it is told otherwise. Then Postgres answers.
pub const DEFAULT_READ_TIMEOUT: Duration = Duration::from_millis(50);

/// Commands fail after this long, so that a hanging server holds nobody up.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(1);

/// How long an org's blobs stay that nobody changes or reads. This also ends what an earlier installation has left: its keys
/// are never looked at again.
const TIME_TO_LIVE: Duration = Duration::from_secs(7 * 24 * 3600);

/// After this long without a note an installation no longer answers at its address.
const NOTED_FOR: Duration = Duration::from_secs(600);

/// The longest announcement: an org and a version.
const MAX_ANNOUNCEMENT: usize = 36 + 1 + 2 * 20;

const PUBLISH: &str = include_str!("../lua/publish.lua");
const NOTE_INSTALLATION: &str = include_str!("../lua/note_installation.lua");

/// Redis' code for a key that is no hash.
const WRONG_TYPE: &str = "WRONGTYPE";

/// The fields of an org's hash that are not blobs.
const HEAD: [&str; 5] = ["epoch", "n", "as_of", "next_change_at", "format"];

/// How a process connects to Redis.
#[derive(Clone)]
pub struct Config {
    /// `REDIS_URL`.
    pub url: String,
    /// `REDIS_CA_FILE`.
    pub ca_file: Option<PathBuf>,
    /// `PREWARM_REDIS_TIMEOUT`: how long a read waits before Postgres answers.
    pub read_timeout: Duration,
    /// Where refusals are noted: one for all connections of the process.
    pub troubles: Troubles,
}

impl Config {
    /// A server whose certificate, if it has one, is vouched for by a public or the system's authority.
    #[must_use]
    pub fn of(url: String) -> Self {
        Self { url, ca_file: None, read_timeout: DEFAULT_READ_TIMEOUT, troubles: Troubles::default() }
    }
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The url may hold a password.
        f.debug_struct("Config").field("ca_file", &self.ca_file).finish_non_exhaustive()
    }
}

/// A connection that comes up, and comes back, by itself.
#[derive(Clone)]
pub struct Redis {
    client: Arc<Client>,
    connection: ConnectionManager,
    read_timeout: Duration,
    troubles: Troubles,
    /// The format of what this process puts here, and the oldest that it takes.
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
    /// It is there, and announced if that was asked for.
    Stored,
    /// It is there, and Redis refused to announce it.
    StoredUnheard,
    /// The stored edition is as new, or newer.
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

/// The version that an edition was built upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Base {
    /// The version; [`Version::NONE`] for the first edition.
    pub version: Version,
    /// The instant of its snapshot.
    pub as_of: Option<Timestamp>,
}

impl Base {
    /// Nothing.
    pub const NONE: Self = Self { version: Version::NONE, as_of: None };
}

/// What a put sends, and what it may replace.
struct Terms<'a> {
    models: &'a [Model],
    /// What Redis has to hold, where not all models are sent.
    base: Option<Base>,
    /// A version that is held and not to be believed.
    replaceable: Option<Version>,
    announce: Announce,
}

impl Redis {
    pub(crate) fn open(config: &Config, format: Format) -> Result<Self, Error> {
        let url = config.url.as_str();
        if url.contains(',') {
            return Err(Error::Cluster);
        }
        let client = match url.starts_with("rediss://") {
            true => Client::build_with_tls(url, tls::certificates(config.ca_file.as_deref())?),
            false => Client::open(url),
        };
        let client = client.map_err(Error::url("REDIS_URL"))?;
        let settings = ConnectionManagerConfig::new()
            .set_response_timeout(Some(RESPONSE_TIMEOUT))
            .set_connection_timeout(Some(RESPONSE_TIMEOUT))
            .set_number_of_retries(1)
            .set_max_delay(Duration::from_millis(500));
        let connection = ConnectionManager::new_lazy_with_config(client.clone(), settings)?;
        let (read_timeout, troubles) = (config.read_timeout, config.troubles.clone());
        Ok(Self { client: Arc::new(client), connection, read_timeout, troubles, format })
    }

    /// Whether the server answers.
    pub async fn ping(&self) -> Result<(), Error> {
        Ok(::redis::cmd("PING").exec_async(&mut self.connection.clone()).await?)
    }

    /// What the server refuses, operation by operation, in its own words; empty where all is well.
    #[must_use]
    pub fn refusals(&self) -> Vec<String> {
        self.troubles.refusals()
    }

    /// The stored edition of an org, every byte checked; nothing where an earlier release put it there.
    pub async fn edition(&self, installation: Installation, org: OrgId) -> Result<Held, Error> {
        let fields = self.fields(&key(installation, org)).await;
        self.troubles.note(Operation::Read, &fields);
        let fields = Fields(fields?);
        let Some(Head { version, as_of, next_change_at, .. }) = fields.head().filter(|head| head.format >= self.format)
        else {
            return Ok(Held::Nothing);
        };
        let stored_by = Some(installation);
        let edition =
            Edition::decode(installation, stored_by, org, version, as_of, next_change_at, |model| fields.blob(model));
        Ok(match edition {
            Ok(edition) => Held::Edition(Box::new(edition)),
            Err(reason) => Held::Unusable(Unusable::new(version, reason)),
        })
    }

    async fn fields(&self, key: &str) -> Result<Vec<Option<Vec<u8>>>, RedisError> {
        let mut connection = self.connection.clone();
        let names: Vec<&str> = HEAD.into_iter().chain(Model::ALL.map(Model::name)).collect();
        let fields = tokio::time::timeout(self.read_timeout, connection.hmget(key, names));
        match fields.await.unwrap_or_else(|_| Err(timed_out())) {
            // Something else lies there, and is replaced by the next put.
            Err(error) if error.code() == Some(WRONG_TYPE) => Ok(Vec::new()),
            fields => fields,
        }
    }

    /// Puts an edition in place, unless a newer one is there. Only `changed` models travel when Redis holds `base`,
    /// whose other bytes are the same.
    pub async fn put(
        &self,
        edition: &Edition,
        base: Base,
        changed: &[Model],
        announce: Announce,
    ) -> Result<Put, Error> {
        if changed.len() < Model::COUNT {
            let terms = Terms { models: changed, base: Some(base), replaceable: None, announce };
            if let Some(put) = self.run(edition, &terms).await? {
                return Ok(put);
            }
        }
        let terms = Terms { models: &Model::ALL, base: None, replaceable: None, announce };
        Ok(self.run(edition, &terms).await?.unwrap_or(Put::Refused))
    }

    /// Puts an edition that Postgres holds as the newest in place of whatever Redis holds, if that is still the version
    /// that was found to be false or unreadable, or an older one.
    pub async fn mend(&self, edition: &Edition, replaceable: Option<Version>) -> Result<Put, Error> {
        let terms = Terms { models: &Model::ALL, base: None, replaceable, announce: Announce::No };
        Ok(self.run(edition, &terms).await?.unwrap_or(Put::Refused))
    }

    /// `None`: the base is not what Redis holds.
    async fn run(&self, edition: &Edition, terms: &Terms<'_>) -> Result<Option<Put>, Error> {
        let script = Script::new(PUBLISH);
        let mut call = script.key(key(edition.installation, edition.org));
        call.arg(edition.version.epoch).arg(edition.version.n);
        call.arg(edition.as_of.as_micros()).arg(micros_or_never(edition.next_change_at));
        call.arg(self.format.0).arg(TIME_TO_LIVE.as_secs());
        match terms.base {
            Some(base) => call.arg(base.version.epoch).arg(base.version.n).arg(micros_or_never(base.as_of)),
            None => call.arg("").arg("").arg(""),
        };
        match terms.replaceable {
            Some(version) => call.arg(version.epoch).arg(version.n),
            None => call.arg("").arg(""),
        };
        call.arg(match terms.announce {
            Announce::Yes => channel(edition.installation),
            Announce::No => String::new(),
        });
        call.arg(format!("{} {}", edition.org, edition.version));
        for model in terms.models {
            call.arg(model.name()).arg(edition.blob(*model).encode(edition.installation));
        }
        let ended = call.invoke_async::<(i32, String)>(&mut self.connection.clone()).await;
        self.troubles.note(Operation::Write, &ended);
        let (code, refusal) = ended?;
        Ok(match code {
            1 if refusal.is_empty() => Some(Put::Stored),
            1 => {
                self.troubles.fails(Operation::Publish, redis_said(&refusal), true);
                Some(Put::StoredUnheard)
            }
            -1 => None,
            _ => Some(Put::Refused),
        })
    }

    /// Removes what is held of an org, and tells the nodes to look again.
    pub async fn forget(&self, installation: Installation, org: OrgId) -> Result<(), Error> {
        let mut connection = self.connection.clone();
        connection.del::<_, ()>(key(installation, org)).await?;
        connection.publish::<_, _, ()>(channel(installation), format!("{org} {}", Version::NONE)).await?;
        Ok(())
    }

    /// New versions as they are announced, until the connection breaks.
    pub(crate) async fn announcements(
        &self,
        installation: Installation,
    ) -> Result<impl Stream<Item = String> + Send + use<>, Error> {
        let mut subscription = self.client.get_async_pubsub().await?;
        let subscribed = subscription.subscribe(channel(installation)).await;
        self.troubles.note(Operation::Subscribe, &subscribed);
        subscribed?;
        Ok(subscription.into_on_message().filter_map(|message| {
            let bytes = message.get_payload_bytes();
            let text = (bytes.len() <= MAX_ANNOUNCEMENT).then(|| std::str::from_utf8(bytes).ok().map(str::to_owned));
            ready(text.flatten())
        }))
    }

    /// Notes that an installation answers at an address of Postgres, for nodes that start while Postgres is away.
    pub async fn note_installation(&self, address: &str, installation: Installation) -> Result<(), Error> {
        let script = Script::new(NOTE_INSTALLATION);
        let mut call = script.key(address_key(address));
        call.arg(installation.to_string()).arg(NOTED_FOR.as_secs()).arg(TIME_TO_LIVE.as_secs());
        Ok(call.invoke_async(&mut self.connection.clone()).await?)
    }

    /// The installation that answered at an address last. None where several did: two databases that go by the same name,
    /// or one that was restored a moment ago.
    pub async fn noted_installation(&self, address: &str) -> Result<Option<Installation>, Error> {
        let mut connection = self.connection.clone();
        let noted =
            tokio::time::timeout(self.read_timeout, connection.zrange::<_, Vec<String>>(address_key(address), 0, 1));
        let noted = noted.await.map_err(|_| timed_out())??;
        Ok(match noted.as_slice() {
            [one] => one.parse().ok(),
            _ => None,
        })
    }
}

/// The hash of an org: its id is the hash tag, so that all of an org lies in one slot of a cluster.
fn key(installation: Installation, org: OrgId) -> String {
    format!("prewarm:{installation}:{{{org}}}")
}

/// Where an installation's new versions are announced: `<org> <epoch>-<n>`.
fn channel(installation: Installation) -> String {
    format!("prewarm:{installation}:versions")
}

fn address_key(address: &str) -> String {
    format!("prewarm:database:{{{address}}}")
}

/// An org's hash: [`HEAD`], then a blob a model.
struct Fields(Vec<Option<Vec<u8>>>);

struct Head {
    version: Version,
    as_of: Timestamp,
    next_change_at: Option<Timestamp>,
    format: Format,
}

impl Fields {
    fn head(&self) -> Option<Head> {
        let text = |at: usize| std::str::from_utf8(self.0.get(at)?.as_deref()?).ok();
        let number = |at: usize| text(at)?.parse::<i64>().ok();
        let next_change_at = match text(3)? {
            "" => None,
            _ => Some(Timestamp::from_micros(number(3)?)),
        };
        Some(Head {
            version: Version { epoch: number(0)?, n: number(1)? },
            as_of: Timestamp::from_micros(number(2)?),
            next_change_at,
            format: Format(number(4)?.try_into().ok()?),
        })
    }

    fn blob(&self, model: Model) -> Option<&[u8]> {
        self.0.get(HEAD.len() + model as usize)?.as_deref()
    }
}

fn timed_out() -> RedisError {
    RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut))
}
