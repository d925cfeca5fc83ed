//! Blobs in Redis: bytes for nodes that do not hold them yet, and announcements of new versions. Redis is never the
//! truth: its content may be missing, slow, garbage or old, and then Postgres serves. Every key and channel names its
//! installation, so that databases which share a Redis never see each other.

mod address;
mod cluster;
mod failures;
mod link;
mod script;
mod sentinels;
mod server;
mod subscription;
mod tls;

use std::{
    future::ready,
    path::PathBuf,
    sync::{Arc, LazyLock},
    time::Duration,
};

use ::redis::{AsyncCommands, Cmd, RedisError};
use futures_util::{Stream, StreamExt};
use readmodel::{
    edition::{Edition, Head},
    ids::{Installation, OrgId},
    model::{Format, Model},
    time::Timestamp,
    version::Version,
};

pub use self::failures::Failures;
use self::{address::Address, failures::Operation, link::Link, script::OneKey};
use crate::{
    Error,
    blobs::{Held, Unusable},
    versions::micros_or_never,
    words::{self, redis_said},
};

/// The default limit of a read's wait for Redis; then Postgres answers.
pub const DEFAULT_READ_TIMEOUT: Duration = Duration::from_millis(50);

/// The time to live of an org's blobs after their last write. This also removes the keys of earlier installations,
/// which are never read again.
const TIME_TO_LIVE: Duration = Duration::from_secs(7 * 24 * 3600);

/// The time that the recorded installation of an address is trusted.
const NOTED_FOR: Duration = Duration::from_secs(600);

/// The longest announcement: an org and a version.
const MAX_ANNOUNCEMENT: usize = 36 + 1 + 2 * 20;

/// Hashed once: a rebuild calls it each time.
static PUBLISH: LazyLock<OneKey> = LazyLock::new(|| OneKey::new(include_str!("../lua/publish.lua")));
static NOTE_INSTALLATION: LazyLock<OneKey> =
    LazyLock::new(|| OneKey::new(include_str!("../lua/note_installation.lua")));

/// Redis' error code for a key that is no hash.
const WRONG_TYPE: &str = "WRONGTYPE";

/// The fields of an org's hash before the blobs.
const HEAD: [&str; 5] = ["epoch", "n", "as_of", "next_change_at", "format"];

/// The settings of the connection to Redis.
#[derive(Clone)]
pub struct Config {
    /// `REDIS_URL`.
    pub url: String,
    /// `REDIS_CA_FILE`.
    pub ca_file: Option<PathBuf>,
    /// `PREWARM_REDIS_TIMEOUT`: how long a read waits before Postgres answers.
    pub read_timeout: Duration,
    /// Collects the refusals of all connections of the process.
    pub failures: Failures,
}

impl Config {
    /// A server whose certificate, with `rediss://`, is signed by a public or a system authority.
    #[must_use]
    pub fn of(url: String) -> Self {
        Self { url, ca_file: None, read_timeout: DEFAULT_READ_TIMEOUT, failures: Failures::default() }
    }
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The URL may hold a password.
        f.debug_struct("Config").field("ca_file", &self.ca_file).finish_non_exhaustive()
    }
}

/// Connections that open and reopen by themselves.
#[derive(Clone)]
pub struct Redis {
    link: Link,
    /// The addresses of the URL, without a password.
    place: Arc<str>,
    ca_file: Option<PathBuf>,
    read_timeout: Duration,
    failures: Failures,
    /// The format that this process makes, and the oldest that it reads.
    format: Format,
}

impl std::fmt::Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The connections know the password.
        f.debug_struct("Redis").finish_non_exhaustive()
    }
}

/// The result of storing an edition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// Stored, and announced if asked for.
    Stored,
    /// Stored, but Redis refused to announce it.
    StoredUnheard,
    /// Redis holds this version or a newer one.
    Refused,
}

/// Whether to announce the version to the other nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Announce {
    /// The version is new.
    Yes,
    /// The version is known; only its bytes were missing.
    No,
}

/// The version that an edition was built on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Base {
    /// The version; [`Version::NONE`] for the first edition.
    pub version: Version,
    /// The instant of its snapshot.
    pub as_of: Option<Timestamp>,
}

impl Base {
    /// No version.
    pub const NONE: Self = Self { version: Version::NONE, as_of: None };
}

/// The models that a put sends, and the version that it may replace.
struct Terms<'a> {
    models: &'a [Model],
    /// The version that Redis must hold for the missing models to be right.
    base: Option<Base>,
    /// A version in Redis that is known to be wrong.
    replaceable: Option<Version>,
    announce: Announce,
}

impl Redis {
    pub(crate) fn open(config: &Config, format: Format) -> Result<Self, Error> {
        let address = Address::parse(&config.url).map_err(Error::url("REDIS_URL"))?;
        let place = address.to_string().into();
        let link = Link::open(address, config.ca_file.as_deref())?;
        let (read_timeout, failures) = (config.read_timeout, config.failures.clone());
        Ok(Self { link, place, ca_file: config.ca_file.clone(), read_timeout, failures, format })
    }

    /// Checks that the server answers, or every node of a cluster that holds keys.
    pub async fn ping(&self) -> Result<(), Error> {
        self.link.ping().await.map_err(|error| match words::is_of_certificate(&error) {
            true => Error::Certificate { reason: words::redis(&error), ca_file: self.ca_file.clone() },
            false => error.into(),
        })
    }

    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// The operations that the server refuses, with its messages.
    #[must_use]
    pub fn refusals(&self) -> Vec<String> {
        self.failures.refusals()
    }

    /// The stored edition of an org, every byte checked; nothing if an earlier release put it there.
    pub async fn edition(&self, installation: Installation, org: OrgId) -> Result<Held, Error> {
        let fields = self.fields(&key(installation, org)).await;
        self.note(Operation::Read, &fields);
        let fields = Fields(fields?);
        let Some((head, format)) = fields.head(installation, org) else { return Ok(Held::Nothing) };
        if format < self.format {
            return Ok(Held::Nothing);
        }
        Ok(match Edition::decode(head, Some(installation), |model| fields.blob(model)) {
            Ok(edition) => Held::Edition(Box::new(edition)),
            Err(reason) => Held::Unusable(Unusable::new(head.version, reason)),
        })
    }

    async fn fields(&self, key: &str) -> Result<Vec<Option<Vec<u8>>>, RedisError> {
        let names: Vec<&str> = HEAD.into_iter().chain(Model::STORED.map(Model::name)).collect();
        let fields = async { self.link.connection().await?.hmget(key, names).await };
        match tokio::time::timeout(self.read_timeout, fields).await.unwrap_or_else(|_| Err(timed_out())) {
            // A key of another type; the next put replaces it.
            Err(error) if error.code() == Some(WRONG_TYPE) => Ok(Vec::new()),
            fields => fields,
        }
    }

    /// Stores an edition, unless Redis holds a newer one. If Redis holds `base`, only the `changed` models are sent:
    /// the other blobs are the same.
    pub async fn put(
        &self,
        edition: &Edition,
        base: Base,
        changed: &[Model],
        announce: Announce,
    ) -> Result<Put, Error> {
        if changed.len() < Model::STORED.len() {
            let terms = Terms { models: changed, base: Some(base), replaceable: None, announce };
            if let Some(put) = self.run(edition, &terms).await? {
                return Ok(put);
            }
        }
        let terms = Terms { models: &Model::STORED, base: None, replaceable: None, announce };
        Ok(self.run(edition, &terms).await?.unwrap_or(Put::Refused))
    }

    /// Replaces what Redis holds by the newest edition of Postgres, if Redis holds an older version, or still the
    /// `replaceable` one that was found to be wrong or unreadable.
    pub async fn replace(&self, edition: &Edition, replaceable: Option<Version>) -> Result<Put, Error> {
        let terms = Terms { models: &Model::STORED, base: None, replaceable, announce: Announce::No };
        Ok(self.run(edition, &terms).await?.unwrap_or(Put::Refused))
    }

    /// Runs the script; `None` if Redis does not hold the base.
    async fn run(&self, edition: &Edition, terms: &Terms<'_>) -> Result<Option<Put>, Error> {
        let key = key(edition.installation, edition.org);
        let arguments = |call: &mut Cmd| self.arguments(edition, terms, call);
        let ended = async { PUBLISH.run::<(i32, String)>(&mut self.link.connection().await?, &key, arguments).await };
        let ended = ended.await;
        self.note(Operation::Write, &ended);
        let (code, refusal) = ended?;
        Ok(match code {
            1 if refusal.is_empty() => Some(Put::Stored),
            1 => {
                self.failures.fails(Operation::Publish, redis_said(&refusal), true);
                Some(Put::StoredUnheard)
            }
            -1 => None,
            _ => Some(Put::Refused),
        })
    }

    fn arguments(&self, edition: &Edition, terms: &Terms<'_>, call: &mut Cmd) {
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
            if let Some(blob) = edition.blob(*model) {
                call.arg(model.name()).arg(blob.encode(edition.installation));
            }
        }
    }

    /// Records a refusal. That a key is at another node of a cluster is none: the next attempt goes there.
    fn note<T>(&self, operation: Operation, ended: &Result<T, RedisError>) {
        if !ended.as_ref().is_err_and(|error| self.link.explains(error)) {
            self.failures.note(operation, ended);
        }
    }

    /// Removes an org's blobs, and tells the nodes to look again.
    pub async fn forget(&self, installation: Installation, org: OrgId) -> Result<(), Error> {
        let mut connection = self.link.connection().await?;
        connection.del::<_, ()>(key(installation, org)).await?;
        connection.publish::<_, _, ()>(channel(installation), format!("{org} {}", Version::NONE)).await?;
        Ok(())
    }

    /// The announced versions, until the connection breaks.
    pub(crate) async fn announcements(
        &self,
        installation: Installation,
    ) -> Result<impl Stream<Item = String> + Send + use<>, Error> {
        let subscribed = self.link.subscribe(&channel(installation)).await;
        self.note(Operation::Subscribe, &subscribed);
        Ok(subscribed?.filter_map(|message| {
            let bytes = message.get_payload_bytes();
            let text = (bytes.len() <= MAX_ANNOUNCEMENT).then(|| std::str::from_utf8(bytes).ok().map(str::to_owned));
            ready(text.flatten())
        }))
    }

    /// Records that an installation is at an address of Postgres, for nodes that start while Postgres is down.
    pub async fn note_installation(&self, address: &str, installation: Installation) -> Result<(), Error> {
        let arguments = |call: &mut Cmd| {
            call.arg(installation.to_string()).arg(NOTED_FOR.as_secs()).arg(TIME_TO_LIVE.as_secs());
        };
        Ok(NOTE_INSTALLATION.run(&mut self.link.connection().await?, &address_key(address), arguments).await?)
    }

    /// The installation last recorded at an address; `None` if several were: two databases with one address, or one
    /// that was restored a moment ago.
    pub async fn noted_installation(&self, address: &str) -> Result<Option<Installation>, Error> {
        let noted = async { self.link.connection().await?.zrange::<_, Vec<String>>(address_key(address), 0, 1).await };
        let noted = tokio::time::timeout(self.read_timeout, noted).await.map_err(|_| timed_out())??;
        Ok(match noted.as_slice() {
            [one] => one.parse().ok(),
            _ => None,
        })
    }
}

/// The key of an org's hash. The org is the hash tag, so that all its keys are in one slot of a cluster.
fn key(installation: Installation, org: OrgId) -> String {
    format!("prewarm:{installation}:{{{org}}}")
}

/// The channel of an installation's new versions; messages are `<org> <epoch>-<n>`.
fn channel(installation: Installation) -> String {
    format!("prewarm:{installation}:versions")
}

fn address_key(address: &str) -> String {
    format!("prewarm:database:{{{address}}}")
}

/// The values of an org's hash: those of [`HEAD`], then a blob for each model.
struct Fields(Vec<Option<Vec<u8>>>);

impl Fields {
    fn head(&self, installation: Installation, org: OrgId) -> Option<(Head, Format)> {
        let text = |at: usize| std::str::from_utf8(self.0.get(at)?.as_deref()?).ok();
        let number = |at: usize| text(at)?.parse::<i64>().ok();
        let next_change_at = match text(3)? {
            "" => None,
            _ => Some(Timestamp::from_micros(number(3)?)),
        };
        let version = Version { epoch: number(0)?, n: number(1)? };
        let head = Head { installation, org, version, as_of: Timestamp::from_micros(number(2)?), next_change_at };
        Some((head, Format(number(4)?.try_into().ok()?)))
    }

    fn blob(&self, model: Model) -> Option<&[u8]> {
        self.0.get(HEAD.len() + model as usize)?.as_deref()
    }
}

fn timed_out() -> RedisError {
    RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut))
}
