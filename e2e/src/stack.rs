//! The whole system under test.

use std::time::Duration;

use api::auth::wall_clock;
use embedded::Redis;
use readmodel::{ids::OrgId, time::Timestamp};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use testkit::{
    Database,
    busy::in_time,
    clinic, history,
    oracle::{Rules, World},
    servers,
    sqlx::{self, AssertSqlSafe, PgPool, postgres::PgPoolOptions},
};
use uuid::Uuid;

use crate::{Answer, Environment, Metrics, PANELS, Process, eventually, poll};

/// The secret that signs tokens.
pub const JWT_SECRET: &str = "canary-jwt-secret-of-more-than-thirty-two-bytes";
/// The secret that webhooks present.
pub const WEBHOOK_SECRET: &str = "canary-webhook-secret";

const REQUEST_TIMEOUT: Duration = in_time(Duration::from_secs(10));

/// An api and a worker on a private database and Redis.
pub struct Stack {
    /// The api.
    pub api: Process,
    /// The worker.
    pub worker: Process,
    /// Superuser sessions on the database.
    pub pg: PgPool,
    /// The Redis server.
    pub redis: Redis,
    /// The variables of the processes.
    pub environment: Environment,
    /// The HTTP client.
    pub client: reqwest::Client,
    /// The map of the tables.
    pub rules: Rules,
    /// The variables of the api, which connects as the role of its part.
    of_api: Environment,
    database: Database,
}

/// An org and one of its users.
#[derive(Clone, Debug)]
pub struct Org {
    /// The id of the org.
    pub id: OrgId,
    /// A valid token of the user.
    pub token: String,
}

impl Org {
    /// An org without a row.
    #[must_use]
    pub fn unknown() -> Self {
        Self::of(OrgId(Uuid::new_v4()))
    }

    /// An org by its id, with a token.
    #[must_use]
    pub fn of(id: OrgId) -> Self {
        Self { id, token: token(id) }
    }

    /// Vapi's id of its inbound assistant.
    #[must_use]
    pub fn assistant(&self) -> String {
        format!("assistant-{}", self.id)
    }
}

/// A token for an org, valid for an hour.
#[must_use]
pub fn token(org: OrgId) -> String {
    token_for(org, Duration::from_secs(3600))
}

/// A token for an org with a given lifetime.
#[must_use]
pub fn token_for(org: OrgId, lifetime: Duration) -> String {
    let secret = |name: &str| (name == "SUPABASE_JWT_SECRET").then(|| JWT_SECRET.to_owned());
    let auth = api::auth::Config::from_env(secret).unwrap();
    auth.mint(org, lifetime, wall_clock()).unwrap()
}

/// The variables of a process that connects as the role that its part has, unless a test has said how it connects.
fn least_privileged(role: &str, environment: &Environment, database: &Database, is_given: bool) -> Environment {
    let mut environment = environment.clone();
    if !is_given {
        environment.insert("DATABASE_URL", format!("{}&user={role}", database.url()));
    }
    environment
}

impl Stack {
    /// Starts the system and waits until it is ready.
    pub async fn start() -> Self {
        Self::start_on(Database::create().await.unwrap(), Environment::new()).await
    }

    /// Starts the system on a given database, with more variables. On tables that Prewarm has made, each process connects as the
    /// role of its part.
    pub async fn start_on(database: Database, more: Environment) -> Self {
        // Another test of this process may have installed it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).timeout(REQUEST_TIMEOUT);
        let client = client.build().unwrap();
        let redis = servers::redis().await.unwrap();
        let pg = PgPoolOptions::new().max_connections(20).connect(&database.url()).await.unwrap();
        let mut environment = Environment::from([
            ("DATABASE_URL", database.url()),
            ("REDIS_URL", redis.url()),
            // A busy machine may need longer than the default.
            ("PREWARM_REDIS_TIMEOUT", "1000".to_owned()),
            ("SUPABASE_JWT_SECRET", JWT_SECRET.to_owned()),
            ("VAPI_WEBHOOK_SECRET", WEBHOOK_SECRET.to_owned()),
        ]);
        let attached = "select not prewarm.is_standalone()";
        let is_attached: bool = sqlx::query_scalar(attached).fetch_one(&pg).await.unwrap_or(true);
        let is_given = is_attached || more.contains_key("DATABASE_URL");
        environment.extend(more);
        let as_role = |role: &str| least_privileged(role, &environment, &database, is_given);
        let of_api = as_role("prewarm_api");
        let (api, worker) =
            (Process::start(&["api"], &of_api), Process::start(&["worker"], &as_role("prewarm_worker")));
        api.ready(&client).await;
        worker.ready(&client).await;
        Self { api, worker, pg, redis, environment, of_api, client, rules: Rules::Standalone, database }
    }

    /// Stops the processes in order and drops the database.
    pub async fn close(mut self) {
        self.worker.stop().await;
        self.api.stop().await;
        self.pg.close().await;
        self.database.close().await.unwrap();
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Starts another node of the api.
    pub async fn another_api(&self) -> Process {
        let api = Process::start(&["api"], &self.of_api);
        api.ready(&self.client).await;
        api
    }

    /// Creates an org with one inbound assistant.
    pub async fn org(&self) -> Org {
        let org = Org::unknown();
        self.sql(&format!(
            "insert into organizations (id, name, timezone) values ('{0}', 'org', 'Europe/Berlin');
             insert into agents (org_id, name, vapi_assistant_id) values ('{0}', 'agent', '{1}')",
            org.id,
            org.assistant()
        ))
        .await;
        org
    }

    /// Runs statements.
    pub async fn sql(&self, statements: &str) {
        sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(&self.pg).await.unwrap();
    }

    /// Runs a query for one number.
    pub async fn count(&self, query: &str) -> i64 {
        sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(&self.pg).await.unwrap()
    }

    /// The database's time.
    pub async fn now(&self) -> Timestamp {
        let micros = "select (extract(epoch from clock_timestamp()) * 1000000)::bigint";
        Timestamp::from_micros(self.count(micros).await)
    }

    /// A request to the api.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.api.http(path))
    }

    /// Reads a path as a user of an org.
    pub async fn read(&self, org: &Org, path: &str) -> Answer {
        self.read_from(&self.api, org, path).await
    }

    /// Reads a path from a node as a user of an org.
    pub async fn read_from(&self, node: &Process, org: &Org, path: &str) -> Answer {
        Answer::to(self.client.get(node.http(path)).bearer_auth(&org.token)).await.unwrap()
    }

    /// The request for an org's version stream from a node.
    pub fn stream(&self, node: &Process, org: &Org) -> RequestBuilder {
        self.client.get(node.http("/api/analytics/stream")).bearer_auth(&org.token)
    }

    /// The request of a webhook.
    pub fn webhook(&self, message: &Value) -> RequestBuilder {
        self.request(Method::POST, "/webhooks/vapi").header("x-vapi-secret", WEBHOOK_SECRET).json(message)
    }

    /// Sends a webhook once.
    pub async fn post_once(&self, message: &Value) -> Answer {
        Answer::to(self.webhook(message)).await.unwrap()
    }

    /// Sends a webhook as [`Answer::to_webhook`] does.
    pub async fn post(&self, message: &Value) -> Answer {
        Answer::to_webhook(self.webhook(message)).await
    }

    /// The metrics of a process.
    pub async fn metrics(&self, process: &Process) -> Metrics {
        Metrics::parse(&Answer::to(self.client.get(process.admin("/metrics"))).await.unwrap().text())
    }

    /// The current source rows of an org.
    pub async fn world(&self, org: &Org) -> World {
        let mut snapshot = self.pg.begin_with("begin isolation level repeatable read read only").await.unwrap();
        let world = match self.rules {
            Rules::Standalone => history::read_world(&mut snapshot, &[org.id]).await,
            Rules::Clinic => clinic::read_world(&mut snapshot, &[org.id]).await,
        };
        world.unwrap()
    }

    /// Waits until every panel of the org equals, byte for byte, the oracle over the current rows. Returns the dashboard.
    pub async fn follows(&self, org: &Org) -> Answer {
        self.follows_within(Duration::from_secs(10), org).await
    }

    /// Like [`Self::follows`], with a longer limit for tests in which a lease has to expire first.
    pub async fn follows_within(&self, promise: Duration, org: &Org) -> Answer {
        let limit = in_time(promise);
        match poll(limit, async || self.difference(org).await.ok()).await {
            Some(dashboard) => dashboard,
            None => panic!("not within {limit:?}: {}", self.difference(org).await.unwrap_err()),
        }
    }

    /// Waits until nothing is owed and no rebuild runs.
    pub async fn settled(&self) {
        let open = "select (select count(*) from prewarm.marks) + (select count(*) from prewarm.leases)";
        eventually("nothing is owed", async || (self.count(open).await == 0).then_some(())).await;
    }

    /// The dashboard if every panel equals the oracle and is labelled fresh; otherwise the first one that does not.
    async fn difference(&self, org: &Org) -> Result<Answer, String> {
        let world = self.world(org).await;
        let mut dashboard = None;
        for panel in PANELS {
            let answer = self.read(org, panel.path).await;
            assert_eq!(answer.status, 200, "{}: {}", panel.path, answer.text());
            let defined = panel.definition(&world, org.id, answer.as_of().as_micros());
            if answer.stale().is_some() || answer.identity() != defined {
                let defined = String::from_utf8(defined).unwrap();
                let (path, text, headers) = (panel.path, answer.text(), &answer.headers);
                return Err(format!("{path}\nserved  {text}\ndefined {defined}\n{headers:?}"));
            }
            dashboard.get_or_insert(answer);
        }
        Ok(dashboard.unwrap())
    }
}
