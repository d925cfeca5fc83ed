//! The settings, read in one place.

mod declared;

use std::{collections::HashMap, net::SocketAddr, path::PathBuf, time::Duration};

use anyhow::{Context as _, bail};
use readmodel::model::Format;
use store::{Sessions, Store, events::DEDUPE_KEY_RETENTION, reach, redis, roles::Duty};

pub(crate) use declared::Given;

/// The settings of a process. Each command checks for those that it needs. They include secrets, so this type has no
/// `Debug`.
#[derive(Clone)]
pub(crate) struct Settings {
    variables: HashMap<&'static str, String>,
    /// `PREWARM_DATA_DIR`.
    pub(crate) data_dir: PathBuf,
    /// `PREWARM_ADMIN_ADDR`.
    pub(crate) admin_addr: SocketAddr,
    /// `PREWARM_QUEUE_UI_ADDR`.
    pub(crate) queue_ui_addr: SocketAddr,
    /// Collects Redis' refusals to all parts of the process.
    redis_failures: redis::Failures,
}

/// The most connections of one part of a process to Postgres.
const CONNECTIONS: u32 = 20;

impl Settings {
    /// Reads the settings that were given on the command line and in the environment.
    pub(crate) fn of(given: &Given) -> anyhow::Result<Self> {
        Self::from_lookup(|variable| given.get(variable))
    }

    /// Reads the settings from a lookup of variables.
    pub(crate) fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> anyhow::Result<Self> {
        let set = |setting: &declared::Setting| {
            let value = lookup(setting.variable).or_else(|| setting.default.map(str::to_owned));
            Some((setting.variable, value?))
        };
        let variables: HashMap<_, _> = declared::SETTINGS.iter().filter_map(set).collect();
        for name in ["DATABASE_URL", "DATABASE_DIRECT_URL"] {
            // The URL may contain a password, so it is left out.
            let is_url = variables.get(name).is_none_or(|url| reach::is_postgres_url(url));
            anyhow::ensure!(is_url, "{name} is not a valid URL of Postgres, such as postgres://user@host/database");
        }
        let value = |name: &str| variables.get(name).map(String::as_str).unwrap_or_default();
        let address = |name: &str| {
            value(name).parse().with_context(|| format!("{name} is not an address such as 127.0.0.1:9100"))
        };
        Ok(Self {
            data_dir: PathBuf::from(value("PREWARM_DATA_DIR")),
            admin_addr: address("PREWARM_ADMIN_ADDR")?,
            queue_ui_addr: address("PREWARM_QUEUE_UI_ADDR")?,
            redis_failures: redis::Failures::default(),
            variables,
        })
    }

    /// A variable's value.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// Sets a variable that is not set.
    pub(crate) fn set_default(&mut self, name: &'static str, value: String) {
        self.variables.entry(name).or_insert(value);
    }

    /// Sets a variable, replacing its value.
    pub(crate) fn set(&mut self, name: &'static str, value: String) {
        self.variables.insert(name, value);
    }

    fn database_url(&self) -> anyhow::Result<&str> {
        self.get("DATABASE_URL").context("DATABASE_URL is not set (`prewarm up` starts a Postgres of its own)")
    }

    /// A store for a part of a process that serves.
    pub(crate) fn store(&self, application_name: &'static str) -> anyhow::Result<Store> {
        self.store_with(application_name, Sessions::Serving)
    }

    /// A store for a part of a process.
    pub(crate) fn store_with(&self, application_name: &'static str, sessions: Sessions) -> anyhow::Result<Store> {
        Ok(Store::open(&store::Config {
            database_url: self.database_url()?.to_owned(),
            direct_url: self.get("DATABASE_DIRECT_URL").map(str::to_owned),
            redis: self.redis()?,
            connections: CONNECTIONS,
            sessions,
            application_name,
            format: format(),
        })?)
    }

    /// A store for a command. Checks first that the server can be reached and has our schema, and that the role may do its
    /// duty, so that a command fails with one clear line.
    pub(crate) async fn open_store(
        &self,
        application_name: &'static str,
        sessions: Sessions,
        duty: Duty,
    ) -> anyhow::Result<Store> {
        reach::postgres(self.database_url()?, "DATABASE_URL").await?;
        let store = self.store_with(application_name, sessions)?;
        if let Some(obstacle) = store.schema().await?.obstacle() {
            bail!("{obstacle}");
        }
        store.check_role(duty).await?;
        Ok(store)
    }

    /// The URL for migrations and LISTEN, after checking that it can be reached.
    pub(crate) async fn reach_direct(&self) -> anyhow::Result<&str> {
        let (variable, url) = match self.get("DATABASE_DIRECT_URL") {
            Some(url) => ("DATABASE_DIRECT_URL", url),
            None => ("DATABASE_URL", self.database_url()?),
        };
        reach::postgres(url, variable).await?;
        Ok(url)
    }

    /// The settings of the connection to Redis, if there is one.
    pub(crate) fn redis(&self) -> anyhow::Result<Option<redis::Config>> {
        let Some(url) = self.get("REDIS_URL").map(str::to_owned) else { return Ok(None) };
        let ca_file = self.get("REDIS_CA_FILE").map(PathBuf::from);
        let (read_timeout, failures) = (self.redis_timeout()?, self.redis_failures.clone());
        Ok(Some(redis::Config { url, ca_file, read_timeout, failures }))
    }

    /// A second at most: waiting longer would not help, since Postgres answers sooner.
    fn redis_timeout(&self) -> anyhow::Result<Duration> {
        const MOST: u64 = 1_000;
        let milliseconds = self
            .get("PREWARM_REDIS_TIMEOUT")
            .unwrap_or_default()
            .trim()
            .parse()
            .ok()
            .filter(|milliseconds| (1..=MOST).contains(milliseconds));
        let milliseconds = milliseconds
            .with_context(|| format!("PREWARM_REDIS_TIMEOUT is not a number of milliseconds from 1 to {MOST}"))?;
        Ok(Duration::from_millis(milliseconds))
    }

    /// The retention of the bodies of events: a number of days, below the retention of their keys.
    pub(crate) fn event_retention(&self) -> anyhow::Result<Duration> {
        const DAY: Duration = Duration::from_hours(24);
        let most = DEDUPE_KEY_RETENTION.as_secs() / DAY.as_secs();
        let days = self
            .get("PREWARM_EVENT_RETENTION")
            .unwrap_or_default()
            .trim()
            .parse()
            .ok()
            .filter(|days| (1..=most).contains(&u64::from(*days)));
        Ok(DAY * days.with_context(|| format!("PREWARM_EVENT_RETENTION is not a number of days from 1 to {most}"))?)
    }
}

/// The format that this release makes. A debug build plays another release for the test of an upgrade.
fn format() -> Format {
    let played = std::env::var("PREWARM_PLAYED_FORMAT").ok().filter(|_| cfg!(debug_assertions));
    played.and_then(|format| format.parse().ok()).map_or(Format::CURRENT, Format)
}
