//! The only crate that speaks SQL and Redis: the snapshot and the ledger in Postgres, the blobs in both, the feed of
//! new versions. Queries are files under `queries/`, named after the function that runs them.

pub mod agents;
pub mod assistants;
pub mod blobs;
pub mod calls;
pub mod clock;
pub mod demo;
pub mod erasures;
pub mod error;
pub mod events;
pub mod feed;
pub mod installation;
pub mod instant;
pub mod intake;
pub mod leases;
pub mod line;
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
pub mod schema;
pub mod sessions;
pub mod snapshot;
pub mod test_calls;
pub mod versions;

mod activity;
mod leads;
mod maintenance;
mod marks;
pub mod orgs;
mod pulse;
mod refusal;
mod words;

pub use error::Error;
pub use migrate::migrate;
pub use refusal::Refusal;
pub use schema::Schema;

use std::time::Duration;

use readmodel::model::Format;
use sqlx::{
    ConnectOptions, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::{
    line::Line,
    redis::Redis,
    sessions::{ACQUIRE_TIMEOUT, NEVER_TRUSTED, TRUSTED, WarmSessions},
};

/// Both databases, as one process holds them. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    /// The truth, a statement at a time.
    pub(crate) pg: WarmSessions,
    /// Rebuilds, the queue, the intake and the console: what they ask walks an index, and is planned once a session.
    pub(crate) warm: WarmSessions,
    /// Lists of calls, whose cost a tenant decides. Nothing else waits behind them.
    pub(crate) lists: WarmSessions,
    /// Which assistant takes a call, asked while the caller's phone rings.
    pub(crate) ringing: WarmSessions,
    /// Whether Postgres answers.
    pub line: Line,
    /// Bytes and hints; may be absent, empty or flushed at any time.
    pub redis: Option<Redis>,
    /// Of the blobs that this process reads, and the newest that it makes.
    pub format: Format,
    options: PgConnectOptions,
    /// Past a transaction pooler, which would lose a LISTEN.
    direct: PgConnectOptions,
}

/// How a process connects.
#[derive(Clone, Debug)]
pub struct Config {
    /// `DATABASE_URL`.
    pub database_url: String,
    /// `DATABASE_DIRECT_URL`, where the other leads to a transaction pooler.
    pub direct_url: Option<String>,
    /// Without it Postgres serves and feeds alone.
    pub redis: Option<redis::Config>,
    /// Sessions of each kind in Postgres, at most.
    pub connections: u32,
    /// What its sessions are for.
    pub sessions: Sessions,
    /// Shown in `pg_stat_activity`.
    pub application_name: &'static str,
    /// Of the blobs that it reads, and the newest that it makes.
    pub format: Format,
}

/// What sessions are for, and hence how they commit and plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sessions {
    /// Readers and the intake, whose word is a promise: a commit returns once it is on disk.
    Serving,
    /// Rebuilds. Bookkeeping that is lost only makes them run again: a commit returns at once, unless its transaction
    /// says otherwise. Each statement is planned once a session, since planning it anew takes longer than running it.
    Working,
}

/// A request waits no longer than this for a statement: with nothing said by then, a copy answers, or an error.
const SERVING_LIMIT: Duration = Duration::from_millis(1_800);

/// Maintenance looks at whole tables now and then.
const WORKING_LIMIT: Duration = Duration::from_secs(30);

/// Lists of calls that run at once.
pub const LISTS: usize = 4;

/// Callers whose assistant is looked up at once.
const RINGING: usize = 4;

impl Config {
    fn options(&self, url: &str, variable: &'static str) -> Result<PgConnectOptions, Error> {
        let options = url.parse::<PgConnectOptions>().map_err(Error::url(variable))?;
        Ok(options
            .application_name(self.application_name)
            .options([("timezone", "UTC"), ("jit", "off")])
            .options(SEARCH_PATH)
            .options(LIMITS)
            .options(self.sessions.options())
            .disable_statement_logging())
    }
}

impl Sessions {
    const fn limit(self) -> Duration {
        match self {
            Self::Serving => SERVING_LIMIT,
            Self::Working => WORKING_LIMIT,
        }
    }

    const fn options(self) -> [(&'static str, &'static str); 2] {
        match self {
            Self::Serving => [("synchronous_commit", "on"), ("plan_cache_mode", "auto")],
            Self::Working => [("synchronous_commit", "off"), ("plan_cache_mode", "force_generic_plan")],
        }
    }
}

/// What warm sessions ask all the time walks indexes, whatever its arguments: it is planned once a session, and from
/// statistics of a moment no plan comes that reads a table. Without sorts an order names the index that has it, and without
/// other joins each row is looked up by key: plans made while tables were empty are those of full ones.
const BY_INDEX: [(&str, &str); 6] = [
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_bitmapscan", "off"),
    ("enable_sort", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
];

/// Names are looked up in the catalog alone: in `public` anybody may have put a function or an operator that fits better.
/// Our queries name everything else by its schema.
pub(crate) const SEARCH_PATH: [(&str, &str); 1] = [("search_path", "pg_catalog,pg_temp")];

/// A worker that freezes loses its snapshot, with what it has locked; and the rebuild of a large org does not go on for
/// minutes after its worker was killed.
const LIMITS: [(&str, &str); 3] = [
    ("idle_in_transaction_session_timeout", "15s"),
    ("client_connection_check_interval", "1s"),
    ("statement_timeout", "5min"),
];

impl Store {
    /// How its sessions connect.
    pub fn connect_options(&self) -> &PgConnectOptions {
        &self.options
    }

    /// A store of lazy connections: it comes up whether or not the servers do.
    pub fn open(config: &Config) -> Result<Self, Error> {
        let options = config.options(&config.database_url, "DATABASE_URL")?;
        let direct = config.direct_url.as_ref().map(|url| config.options(url, "DATABASE_DIRECT_URL")).transpose()?;
        let redis = config.redis.as_ref().map(|redis| Redis::open(redis, config.format)).transpose()?;
        let direct = direct.unwrap_or_else(|| options.clone());
        let store = Self::connecting(options, config.connections as usize, config.sessions.limit());
        Ok(Self { redis, format: config.format, direct, ..store })
    }

    /// A store that connects as a pool does.
    pub fn new(pool: PgPool, redis: Option<Redis>, format: Format) -> Self {
        let options = PgConnectOptions::clone(&pool.connect_options());
        let most = pool.options().get_max_connections() as usize;
        Self { redis, format, ..Self::connecting(options, most, WORKING_LIMIT) }
    }

    /// The same database, for another runtime, whose name is added to the sessions'. The runtime that opens a session is the
    /// one that hears its answers: a session of two runtimes would be deaf in the one while the other is busy. Redis stays
    /// with the first.
    #[must_use]
    pub fn for_another_runtime(&self, name: &str, sessions: usize) -> Self {
        let named = format!("{}-{name}", self.options.get_application_name().unwrap_or_default());
        let options = self.options.clone().application_name(&named);
        let (line, direct) = (self.line.clone(), self.direct.clone());
        Self { line, direct, format: self.format, ..Self::connecting(options, sessions, self.pg.limit()) }
    }

    fn connecting(options: PgConnectOptions, most: usize, limit: Duration) -> Self {
        let by_index = options.clone().options(BY_INDEX);
        Self {
            pg: WarmSessions::new(options.clone(), most, limit, NEVER_TRUSTED),
            warm: WarmSessions::new(by_index.clone(), most, limit, TRUSTED),
            lists: WarmSessions::new(options.clone(), LISTS, SERVING_LIMIT, NEVER_TRUSTED),
            ringing: WarmSessions::new(by_index, RINGING, SERVING_LIMIT, NEVER_TRUSTED),
            line: Line::default(),
            redis: None,
            format: Format::CURRENT,
            direct: options.clone(),
            options,
        }
    }

    /// Sessions for tests and benchmarks, which play other programs that write.
    pub fn sessions(&self) -> &WarmSessions {
        &self.pg
    }

    /// The same, as rebuilds and the queue have them.
    pub fn warm_sessions(&self) -> &WarmSessions {
        &self.warm
    }

    /// Closes what rests, and hands out no more.
    pub async fn close(&self) {
        for sessions in [&self.pg, &self.warm, &self.lists, &self.ringing] {
            sessions.close().await;
        }
    }

    /// A connection that LISTENs.
    pub(crate) fn direct(&self) -> PgPool {
        at_most(1).connect_lazy_with(self.direct.clone())
    }

    /// Connections for what keeps one to itself: apalis' board, a benchmark. Nothing is to be asked there on behalf of a
    /// request, since such a pool takes back a connection in whatever state it is.
    pub fn apart(&self, connections: u32) -> PgPool {
        at_most(connections).connect_lazy_with(self.options.clone())
    }
}

fn at_most(connections: u32) -> PgPoolOptions {
    PgPoolOptions::new().max_connections(connections).acquire_timeout(ACQUIRE_TIMEOUT)
}
