//! The settings, read in one place.

mod declared;

use std::{collections::HashMap, net::SocketAddr, path::PathBuf, time::Duration};

use anyhow::{Context as _, bail};
use readmodel::model::Format;
use store::{Schema, Sessions, Store, events::KEYS_KEPT, reach, redis};

pub(crate) use declared::Given;

/// What a process of Prewarm is told. Whether a setting is needed depends on the command. Secrets
/// are among them, so that nothing can print it.
#[derive(Clone)]
pub(crate) struct Settings {
    variables: HashMap<&'static str, String>,
    /// `PREWARM_DATA_DIR`.
    pub(crate) data_dir: PathBuf,
    /// `PREWARM_ADMIN_ADDR`.
    pub(crate) admin_addr: SocketAddr,
    /// `PREWARM_QUEUE_UI_ADDR`.
    pub(crate) queue_ui_addr: SocketAddr,
    /// What Redis refuses, whichever part of the process asked.
    redis_troubles: redis::Troubles,
}

/// Connections of one part of a process to Postgres, at most.
const CONNECTIONS: u32 = 20;

impl Settings {
    /// Reads what was given on the command line and in the environment.
    pub(crate) fn of(given: &Given) -> anyhow::Result<Self> {
        Self::from_lookup(|variable| given.get(variable))
    }

    /// The same, from what a variable is said to be.
    pub(crate) fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> anyhow::Result<Self> {
        let set = |setting: &declared::Setting| {
            let value = lookup(setting.variable).or_else(|| setting.default.map(str::to_owned));
            Some((setting.variable, value?))
        };
        let variables: HashMap<_, _> = declared::SETTINGS.iter().filter_map(set).collect();
        for name in ["DATABASE_URL", "DATABASE_DIRECT_URL"] {
            // The url itself may hold a password, and is left out.
            let is_url = variables.get(name).is_none_or(|url| reach::is_postgres_url(url));
            anyhow::ensure!(is_url, "{name} is not a valid url");
        }
        let value = |name: &str| variables.get(name).map(String::as_str).unwrap_or_default();
        let address = |name: &str| {
            value(name).parse().with_context(|| format!("{name} is not an address such as 127.0.0.1:9100"))
        };
        Ok(Self {
            data_dir: PathBuf::from(value("PREWARM_DATA_DIR")),
            admin_addr: address("PREWARM_ADMIN_ADDR")?,
            queue_ui_addr: address("PREWARM_QUEUE_UI_ADDR")?,
            redis_troubles: redis::Troubles::default(),
            variables,
        })
    }

    /// A variable's value.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// Sets what is left open.
    pub(crate) fn set_default(&mut self, name: &'static str, value: String) {
        self.variables.entry(name).or_insert(value);
    }

    /// Sets a variable, whatever was said.
    pub(crate) fn set(&mut self, name: &'static str, value: String) {
        self.variables.insert(name, value);
    }

    fn database_url(&self) -> anyhow::Result<&str> {
        self.get("DATABASE_URL").context("DATABASE_URL is not set (`prewarm up` starts a Postgres of its own)")
    }

    /// A store for one part of a process that serves.
    pub(crate) fn store(&self, application_name: &'static str) -> anyhow::Result<Store> {
        self.store_with(application_name, Sessions::Serving)
    }

    /// A store for one part of a process.
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

    /// A store for a command that does one thing and ends. What it needs is looked at first: a server that is not there, or a
    /// schema that is not ours, is told in one line.
    pub(crate) async fn open_store(&self, application_name: &'static str, sessions: Sessions) -> anyhow::Result<Store> {
        reach::postgres(self.database_url()?, "DATABASE_URL").await?;
        let store = self.store_with(application_name, sessions)?;
        match store.schema().await? {
            Schema::Current => Ok(store),
            Schema::Behind => bail!("the database's schema is older than this version: run `prewarm migrate`"),
            Schema::Ahead => bail!("the database's schema is of a newer version than this one"),
        }
    }

    /// Where migrations and LISTEN go, once it is seen to be there.
    pub(crate) async fn reach_direct(&self) -> anyhow::Result<&str> {
        let (variable, url) = match self.get("DATABASE_DIRECT_URL") {
            Some(url) => ("DATABASE_DIRECT_URL", url),
            None => ("DATABASE_URL", self.database_url()?),
        };
        reach::postgres(url, variable).await?;
        Ok(url)
    }

    fn redis(&self) -> anyhow::Result<Option<redis::Config>> {
        let Some(url) = self.get("REDIS_URL").map(str::to_owned) else { return Ok(None) };
        let ca_file = self.get("REDIS_CA_FILE").map(PathBuf::from);
        let (read_timeout, troubles) = (self.redis_timeout()?, self.redis_troubles.clone());
        Ok(Some(redis::Config { url, ca_file, read_timeout, troubles }))
    }

    /// Longer than a second helps nobody: Postgres answers sooner.
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

    /// For how long the bodies of events are kept: a number of days, for less than their keys are.
    pub(crate) fn event_retention(&self) -> anyhow::Result<Duration> {
        const DAY: Duration = Duration::from_hours(24);
        let most = KEYS_KEPT.as_secs() / DAY.as_secs();
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
