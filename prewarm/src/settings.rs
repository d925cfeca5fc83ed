//! The environment, read in one place.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use anyhow::{Context as _, bail};
use readmodel::blob::Format;
use store::{Schema, Sessions, Store, events::KEYS_KEPT, reach, redis};

/// What a process of Prewarm is told by its environment. Whether a setting is needed depends on the command.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    variables: std::collections::HashMap<String, String>,
    /// `PREWARM_DATA_DIR`.
    pub(crate) data_dir: PathBuf,
    /// `PREWARM_ADMIN_ADDR`.
    pub(crate) admin_addr: SocketAddr,
    /// `PREWARM_QUEUE_UI_ADDR`.
    pub(crate) queue_ui_addr: SocketAddr,
    /// What Redis refuses, whichever part of the process asked.
    redis_troubles: redis::Troubles,
}

/// What may be set. Anything else is not ours to read.
const VARIABLES: &[&str] = &[
    "DATABASE_URL",
    "DATABASE_DIRECT_URL",
    "REDIS_URL",
    "REDIS_CA_FILE",
    "PREWARM_REDIS_TIMEOUT",
    "PREWARM_HTTP_ADDR",
    "PREWARM_HTTP_KEEP_ALIVE",
    "PREWARM_STREAMS_PER_ORG",
    "PREWARM_STREAMS_PER_TOKEN",
    "PREWARM_ADMIN_ADDR",
    "PREWARM_QUEUE_UI_ADDR",
    "PREWARM_DATA_DIR",
    "PREWARM_CORS_ORIGINS",
    "PREWARM_EVENT_RETENTION",
    "PREWARM_LOG",
    // For tests: plays a release whose blobs have another format.
    "PREWARM_BLOB_FORMAT",
    "PREWARM_JWKS_URL",
    "PREWARM_JWT_ISSUER",
    "PREWARM_ALLOW_ANONYMOUS",
    "PREWARM_REQUIRE_AAL",
    "SUPABASE_JWT_SECRET",
    "SUPABASE_URL",
    "PREWARM_PUBLIC_URL",
    "VAPI_API_KEY",
    "VAPI_PUBLIC_KEY",
    "VAPI_BASE_URL",
    "VAPI_WEBHOOK_SECRET",
    "VAPI_WEBHOOK_CREDENTIAL_ID",
    "VAPI_WEBHOOK_HMAC",
    "VAPI_WEBHOOK_HMAC_ENCODING",
    "VAPI_WEBHOOK_HMAC_FORMAT",
    "VAPI_WEBHOOK_HMAC_HEADER",
    "VAPI_WEBHOOK_HMAC_ID_HEADER",
    "VAPI_WEBHOOK_HMAC_ONLY",
    "VAPI_WEBHOOK_HMAC_PREFIX",
    "VAPI_WEBHOOK_HMAC_SECRET_IS_BASE64",
    "VAPI_WEBHOOK_HMAC_TIMESTAMP_HEADER",
];

/// Connections of one part of a process to Postgres, at most.
const CONNECTIONS: u32 = 20;

impl Settings {
    /// Reads the environment. A variable set to nothing counts as unset.
    pub(crate) fn from_env(lookup: impl Fn(&str) -> Option<String>) -> anyhow::Result<Self> {
        let set = |name: &&str| Some(((*name).to_owned(), lookup(name).filter(|value| !value.trim().is_empty())?));
        let variables: std::collections::HashMap<_, _> = VARIABLES.iter().filter_map(set).collect();
        for name in ["DATABASE_URL", "DATABASE_DIRECT_URL"] {
            // The url itself may hold a password, and is left out.
            let is_url = variables.get(name).is_none_or(|url| reach::is_postgres_url(url));
            anyhow::ensure!(is_url, "{name} is not a valid url");
        }
        let address = |name: &str, default: &str| {
            let value = variables.get(name).map_or(default, String::as_str);
            value.parse().with_context(|| format!("{name} is not an address such as {default}"))
        };
        Ok(Self {
            data_dir: variables.get("PREWARM_DATA_DIR").map_or_else(|| PathBuf::from(".prewarm"), PathBuf::from),
            admin_addr: address("PREWARM_ADMIN_ADDR", "127.0.0.1:9100")?,
            queue_ui_addr: address("PREWARM_QUEUE_UI_ADDR", "127.0.0.1:9101")?,
            redis_troubles: redis::Troubles::default(),
            variables,
        })
    }

    /// A variable's value.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// Sets what the environment has left open.
    pub(crate) fn set_default(&mut self, name: &str, value: String) {
        self.variables.entry(name.to_owned()).or_insert(value);
    }

    /// Sets a variable, whatever the environment says.
    pub(crate) fn set(&mut self, name: &str, value: String) {
        self.variables.insert(name.to_owned(), value);
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
            format: self.format()?,
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
        let Some(set) = self.get("PREWARM_REDIS_TIMEOUT") else { return Ok(redis::DEFAULT_READ_TIMEOUT) };
        let milliseconds = set.trim().parse().ok().filter(|milliseconds| (1..=MOST).contains(milliseconds));
        let milliseconds = milliseconds
            .with_context(|| format!("PREWARM_REDIS_TIMEOUT is not a number of milliseconds from 1 to {MOST}"))?;
        Ok(Duration::from_millis(milliseconds))
    }

    fn format(&self) -> anyhow::Result<Format> {
        let set = self.get("PREWARM_BLOB_FORMAT").map(str::parse).transpose().context("PREWARM_BLOB_FORMAT")?;
        Ok(set.map_or(Format::CURRENT, Format))
    }

    /// For how long the bodies of events are kept: a number of days, for less than their keys are.
    pub(crate) fn event_retention(&self) -> anyhow::Result<Duration> {
        const DAY: Duration = Duration::from_hours(24);
        let Some(days) = self.get("PREWARM_EVENT_RETENTION") else { return Ok(worker::DEFAULT_EVENT_RETENTION) };
        let most = KEYS_KEPT.as_secs() / DAY.as_secs();
        let days = days.trim().parse().ok().filter(|days| (1..=most).contains(&u64::from(*days)));
        Ok(DAY * days.with_context(|| format!("PREWARM_EVENT_RETENTION is not a number of days from 1 to {most}"))?)
    }
}
