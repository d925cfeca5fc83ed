//! The only crate that speaks SQL and Redis: the ledger and the snapshots in Postgres, the blobs in both, and the feed
//! of new versions. Queries are files under `queries/`, named after the function that runs them.

pub mod agents;
pub mod assistants;
pub mod attach;
mod authorities;
pub mod blobs;
pub mod calls;
pub mod clock;
pub mod demo;
pub mod drift;
pub mod endpoint;
pub mod erasures;
pub mod error;
pub mod events;
pub mod feed;
pub mod installation;
pub mod instant;
pub mod intake;
mod lack;
pub mod leases;
pub mod link;
pub mod map;
pub mod migrate;
mod migrations;
pub mod parked;
pub mod phone_mappings;
pub mod queue;
pub mod reach;
pub mod rebuild_runs;
pub mod receipts;
pub mod reconciliation;
pub mod redis;
pub mod roles;
pub mod schema;
pub mod sessions;
pub mod snapshot;
pub mod source;
pub mod test_calls;
pub mod versions;

mod activity;
mod leads;
mod maintenance;
mod marks;
pub mod orgs;
mod pulse;
mod refusal;
pub mod rows;
mod words;

pub use error::Error;
pub use lack::Lack;
pub use map::Map;
pub use migrate::{migrate, standalone::Source};
pub use refusal::Refusal;
pub use schema::Schema;

use std::time::Duration;

use readmodel::model::Format;
use sqlx::{ConnectOptions, PgPool, postgres::PgConnectOptions};

use crate::{
    endpoint::{Endpoint, options_in},
    link::Link,
    redis::Redis,
    sessions::{NEVER_TRUSTED, TRUSTED, WarmSessions},
};

/// A process's connections to Postgres and Redis. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    serves: Sessions,
    /// Statements by themselves, planned by Postgres as usual.
    pub(crate) pg: WarmSessions,
    /// Rebuilds, the intake and the console: their statements walk indexes and are planned once a session.
    pub(crate) warm: WarmSessions,
    /// The queue, whose statements are planned likewise. A session that serves it and rebuilds in turn has the caches of
    /// neither.
    pub(crate) queue: WarmSessions,
    /// Lists of calls, whose cost a tenant decides. They have sessions apart, so that nothing else waits behind them.
    pub(crate) lists: WarmSessions,
    /// The lookup of the assistant that answers a call, while the caller's phone rings.
    pub(crate) ringing: WarmSessions,
    /// Whether Postgres answers.
    pub link: Link,
    /// Bytes and hints. May be absent, empty or flushed at any time.
    pub redis: Option<Redis>,
    /// The format that this process makes, and the oldest that it reads.
    pub format: Format,
    endpoint: Endpoint,
    /// The way that bypasses a transaction pooler, which would lose a LISTEN.
    direct: Endpoint,
}

/// The settings of the connections to Postgres and Redis.
#[derive(Clone, Debug)]
pub struct Config {
    /// `DATABASE_URL`.
    pub database_url: String,
    /// `DATABASE_DIRECT_URL`, if `DATABASE_URL` names a transaction pooler.
    pub direct_url: Option<String>,
    /// Without Redis, Postgres alone holds the blobs and announces versions.
    pub redis: Option<redis::Config>,
    /// The most sessions of each kind in Postgres.
    pub connections: u32,
    /// The use of the sessions.
    pub sessions: Sessions,
    /// The name in `pg_stat_activity`.
    pub application_name: &'static str,
    /// The format that the process makes, and the oldest that it reads.
    pub format: Format,
}

/// The use of a process's sessions, which decides how they commit and plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sessions {
    /// Readers and the intake. A commit returns once it is on disk, since the intake promises that.
    Serving,
    /// Rebuilds. A commit returns before it is on disk unless its transaction says otherwise: lost bookkeeping only
    /// makes rebuilds run again. Statements are planned once a session, since planning them takes longer than running
    /// them.
    Working,
}

/// The longest that a request waits for a statement. After that it is answered from a copy, or with an error.
const SERVING_LIMIT: Duration = Duration::from_millis(1_800);

/// The longest that a job waits for a statement. Maintenance sometimes reads whole tables.
const WORKING_LIMIT: Duration = Duration::from_secs(30);

/// Lists of calls that run at the same time.
pub const LISTS: usize = 4;

/// Lookups of a caller's assistant that run at the same time.
const RINGING: usize = 4;

impl Config {
    fn endpoint(&self, url: &str, variable: &'static str) -> Result<Endpoint, Error> {
        let options = options_in(variable, url)?;
        let options = options.application_name(self.application_name).disable_statement_logging();
        Ok(Endpoint::new(options).set(&BASICS).set(&LIMITS).set(&self.sessions.settings()))
    }
}

impl Sessions {
    const fn limit(self) -> Duration {
        match self {
            Self::Serving => SERVING_LIMIT,
            Self::Working => WORKING_LIMIT,
        }
    }

    /// A session idle for longer is pinged before a statement by itself. Readers are spared an error; workers try again.
    const fn trusted(self) -> Duration {
        match self {
            Self::Serving => NEVER_TRUSTED,
            Self::Working => TRUSTED,
        }
    }

    const fn settings(self) -> [(&'static str, &'static str); 2] {
        match self {
            Self::Serving => [("synchronous_commit", "on"), ("plan_cache_mode", "auto")],
            Self::Working => [("synchronous_commit", "off"), ("plan_cache_mode", "force_generic_plan")],
        }
    }
}

/// Settings that make plans walk indexes, whatever the arguments and the statistics. The plan is made once a session
/// and must not read a table, even if it was made while the table was empty. Without sorts an ORDER BY uses the index
/// of that order; without hash and merge joins each row is looked up by key.
const BY_INDEX: [(&str, &str); 6] = [
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_bitmapscan", "off"),
    ("enable_sort", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
];

/// Settings of every session. Unqualified names resolve in the catalog alone: in `public` anybody may have put a function or
/// operator that fits better, and our queries qualify all other names. Row level security that would filter a table for us
/// raises an error: a filtered table must not look like an empty one.
const BASICS: [(&str, &str); 4] =
    [("search_path", "pg_catalog, pg_temp"), ("row_security", "off"), ("timezone", "'UTC'"), ("jit", "off")];

/// Limits on the server's side: a frozen worker loses its snapshot and locks, and the rebuild of a large org stops soon
/// after its worker was killed.
const LIMITS: [(&str, &str); 3] = [
    ("idle_in_transaction_session_timeout", "'10s'"),
    ("client_connection_check_interval", "'1s'"),
    ("statement_timeout", "'5min'"),
];

impl Store {
    /// The options of its connections.
    pub fn connect_options(&self) -> &PgConnectOptions {
        self.endpoint.options()
    }

    /// Opens a store. Connections are made on first use, so this succeeds while the servers are down.
    pub fn open(config: &Config) -> Result<Self, Error> {
        let endpoint = config.endpoint(&config.database_url, "DATABASE_URL")?;
        let direct = config.direct_url.as_ref().map(|url| config.endpoint(url, "DATABASE_DIRECT_URL")).transpose()?;
        let redis = config.redis.as_ref().map(|redis| Redis::open(redis, config.format)).transpose()?;
        let direct = direct.unwrap_or_else(|| endpoint.clone());
        let store = Self::connecting(endpoint, config.connections as usize, config.sessions);
        Ok(Self { redis, format: config.format, direct, ..store })
    }

    /// A store that connects with a pool's options.
    pub fn new(pool: PgPool, redis: Option<Redis>, format: Format) -> Self {
        let endpoint = Endpoint::new(PgConnectOptions::clone(&pool.connect_options()));
        let most = pool.options().get_max_connections() as usize;
        Self { redis, format, ..Self::connecting(endpoint, most, Sessions::Working) }
    }

    /// A store of the same database for another tokio runtime, without Redis; `name` is appended to the sessions'
    /// application name. A session is served by the runtime that opened it, so a shared one would hear no answers in
    /// one runtime while the other is busy.
    #[must_use]
    pub fn for_another_runtime(&self, name: &str, sessions: usize) -> Self {
        let named = format!("{}-{name}", self.connect_options().get_application_name().unwrap_or_default());
        let endpoint = self.endpoint.named(&named);
        let (link, direct) = (self.link.clone(), self.direct.clone());
        Self { link, direct, format: self.format, ..Self::connecting(endpoint, sessions, self.serves) }
    }

    fn connecting(endpoint: Endpoint, most: usize, serves: Sessions) -> Self {
        let by_index = endpoint.set(&BY_INDEX);
        let limit = serves.limit();
        Self {
            serves,
            pg: WarmSessions::new(endpoint.clone(), most, limit, serves.trusted()),
            warm: WarmSessions::new(by_index.clone(), most, limit, TRUSTED),
            queue: WarmSessions::new(by_index.clone(), most, limit, TRUSTED),
            lists: WarmSessions::new(endpoint.clone(), LISTS, SERVING_LIMIT, NEVER_TRUSTED),
            ringing: WarmSessions::new(by_index, RINGING, SERVING_LIMIT, NEVER_TRUSTED),
            link: Link::default(),
            redis: None,
            format: Format::CURRENT,
            direct: endpoint.clone(),
            endpoint,
        }
    }

    /// Sessions for tests and benchmarks, which act as other programs that write.
    pub fn sessions(&self) -> &WarmSessions {
        &self.pg
    }

    /// Sessions for tests, as rebuilds and the queue have them.
    pub fn warm_sessions(&self) -> &WarmSessions {
        &self.warm
    }

    /// Closes the idle sessions and hands out no more.
    pub async fn close(&self) {
        for sessions in [&self.pg, &self.warm, &self.queue, &self.lists, &self.ringing] {
            sessions.close().await;
        }
    }

    /// A connection for LISTEN.
    pub(crate) fn direct(&self) -> PgPool {
        self.direct.pool(1)
    }

    /// A pool for users that keep a connection, such as a benchmark. Requests must not use it: such a pool takes connections
    /// back in any state.
    pub fn apart(&self, connections: u32) -> PgPool {
        self.endpoint.pool(connections)
    }
}
