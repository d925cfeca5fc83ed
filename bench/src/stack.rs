//! The measured system: Postgres, Redis, two nodes of the api, a worker on demand, and orgs.

use std::{
    collections::HashMap,
    net::SocketAddr,
    path::PathBuf,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use api::auth::wall_clock;
use embedded::{DataDir, Durability, Postgres, Redis};
use rand::{RngExt as _, distr::Alphanumeric};
use readmodel::{ids::OrgId, model::Format, version::Version};
use sqlx::{Connection as _, PgConnection};
use store::{Sessions, Store, demo::CHUNK};
use uuid::Uuid;
use vapi_standin::Standin;

use testkit::process::Place;

use crate::{
    call::Reporter,
    cpu::Cpu,
    http::{self, Answer},
    machine, proc,
    process::Process,
    progress::say,
};

/// The leads panel.
pub(crate) const LEADS: &str = "/api/analytics/leads";
/// Calls per contact, as in the demo.
pub(crate) const CALLS_PER_CONTACT: i32 = 6;

const DATABASE: &str = "postgres";
const SECRET_CHARS: usize = 48;
const TOKEN_LIFETIME: Duration = Duration::from_secs(24 * 3600);
const CONNECTIONS: u32 = 4;
const STREAMS: &str = "20000";
const SETTLES: Duration = Duration::from_secs(600);
const PAUSE: Duration = Duration::from_millis(20);

/// An org with a token for its dashboard.
#[derive(Clone, Debug)]
pub(crate) struct Org {
    pub(crate) id: OrgId,
    /// The value of `Authorization`.
    pub(crate) authorization: String,
}

/// The servers under measurement.
pub(crate) struct Stack {
    nodes: [Process; 2],
    worker: Option<Process>,
    /// The orgs by their number of contacts.
    orgs: HashMap<u32, Org>,
    pub(crate) store: Store,
    pub(crate) redis: Redis,
    postgres: Postgres,
    secrets: Secrets,
}

/// The phone number of a seeded contact.
pub(crate) fn phone(contact: u32) -> String {
    format!("+1555{contact:07}")
}

struct Secrets {
    jwt: String,
    webhook: String,
}

impl Stack {
    /// Starts the servers and two nodes, without orgs.
    pub(crate) async fn start() -> anyhow::Result<Self> {
        say("starting Postgres, Redis and two nodes");
        let data_dir = DataDir::temporary()?;
        let postgres = Postgres::start(&data_dir, Durability::Durable).await?;
        let redis = Redis::start(&data_dir).await?;
        let store = Store::open(&store::Config {
            database_url: postgres.url(DATABASE),
            direct_url: None,
            redis: None,
            connections: CONNECTIONS,
            sessions: Sessions::Working,
            application_name: "prewarm-bench",
            format: Format::CURRENT,
        })?;
        store::migrate(&postgres.url(DATABASE), store::Source::Standalone).await.context("migrating")?;
        let random = || rand::rng().sample_iter(Alphanumeric).take(SECRET_CHARS).map(char::from).collect();
        let secrets = Secrets { jwt: random(), webhook: random() };
        let environment = environment(&postgres, &redis, &secrets);
        let nodes = [start("api", &environment).await?, start("api", &environment).await?];
        Ok(Self { nodes, worker: None, orgs: HashMap::new(), store, redis, postgres, secrets })
    }

    /// The node for measurements of a single one.
    pub(crate) fn node(&self) -> &Process {
        &self.nodes[0]
    }

    /// The worker, while there is one.
    pub(crate) fn worker(&self) -> anyhow::Result<&Process> {
        self.worker.as_ref().context("no worker runs")
    }

    /// Both nodes.
    pub(crate) fn nodes(&self) -> &[Process] {
        &self.nodes
    }

    /// Starts another node.
    pub(crate) async fn another_node(&self) -> anyhow::Result<Process> {
        start("api", &environment(&self.postgres, &self.redis, &self.secrets)).await
    }

    /// Starts another node with its own settings.
    pub(crate) async fn node_with(&self, settings: &[(&'static str, &str)]) -> anyhow::Result<Process> {
        let mut environment = environment(&self.postgres, &self.redis, &self.secrets).to_vec();
        environment.extend(settings.iter().map(|(name, value)| (*name, (*value).to_owned())));
        start("api", &environment).await
    }

    /// Starts a node and a worker with a Vapi. They end when dropped.
    pub(crate) async fn start_with_vapi(&self, vapi: &Standin) -> anyhow::Result<(Process, Process)> {
        let mut environment = environment(&self.postgres, &self.redis, &self.secrets).to_vec();
        environment.extend([
            ("VAPI_API_KEY", vapi.config().private_key.clone()),
            ("VAPI_PUBLIC_KEY", vapi.config().public_key.clone()),
            ("VAPI_BASE_URL", vapi.url()),
            ("PREWARM_PUBLIC_URL", "https://prewarm.example".to_owned()),
        ]);
        Ok((start("api", &environment).await?, start("worker", &environment).await?))
    }

    /// The URL of the database for a peer.
    pub(crate) fn database_url(&self) -> String {
        self.postgres.url(DATABASE)
    }

    /// The database server's main process.
    pub(crate) fn postgres_pid(&self) -> anyhow::Result<u32> {
        Ok(self.postgres.pid().context("Postgres is not up")?.cast_unsigned())
    }

    /// Restricts all servers to these cores.
    pub(crate) fn allow(&self, cores: &[usize]) -> anyhow::Result<()> {
        let servers = self.nodes.iter().chain(&self.worker).map(Process::pid);
        servers.chain([self.postgres_pid()?]).try_for_each(|pid| machine::allow_family(pid, cores))
    }

    /// Runs statements.
    pub(crate) async fn execute(&self, statements: &'static str) -> anyhow::Result<()> {
        sqlx::raw_sql(statements).execute(self.store.sessions()).await?;
        Ok(())
    }

    /// Runs `prewarm <arguments>` on these cores.
    pub(crate) async fn run(&self, arguments: &[&str], cores: &[usize]) -> anyhow::Result<()> {
        let mut command = tokio::process::Command::new(program()?);
        let environment = environment(&self.postgres, &self.redis, &self.secrets);
        command.args(arguments).env_clear().envs(environment).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.kill_on_drop(true).spawn()?;
        machine::allow(child.id().context("it has ended already")?, cores)?;
        let output = child.wait_with_output().await?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "prewarm {arguments:?} failed: {said}");
        Ok(())
    }

    /// A session of another program, with durable commits.
    pub(crate) async fn session(&self) -> anyhow::Result<PgConnection> {
        Ok(PgConnection::connect(&self.database_url()).await?)
    }

    /// The servers' processor time so far.
    pub(crate) fn cpu(&self) -> anyhow::Result<Cpu> {
        let pid = self.postgres.pid().context("Postgres is down")?;
        let mut nodes = Duration::ZERO;
        for node in &self.nodes {
            nodes += node.cpu()?;
        }
        let worker = self.worker.as_ref().map(Process::cpu).transpose()?.unwrap_or_default();
        Ok(Cpu { postgres: proc::cpu_with_ended(pid.cast_unsigned())?, worker, nodes })
    }

    /// The secret that tokens are signed with.
    pub(crate) fn jwt_secret(&self) -> &str {
        &self.secrets.jwt
    }

    /// Starts the worker. It only runs for rows that need one, so that no rebuild disturbs a measurement.
    pub(crate) async fn start_worker(&mut self) -> anyhow::Result<()> {
        let environment = environment(&self.postgres, &self.redis, &self.secrets);
        self.worker = Some(start("worker", &environment).await?);
        Ok(())
    }

    /// Stops the worker once everything is built.
    pub(crate) async fn stop_worker(&mut self) -> anyhow::Result<()> {
        self.settled().await?;
        self.worker = None;
        Ok(())
    }

    /// The org with this number of contacts, created and built at the first call.
    pub(crate) async fn org(&mut self, contacts: u32) -> anyhow::Result<Org> {
        if let Some(org) = self.orgs.get(&contacts) {
            return Ok(org.clone());
        }
        say(format_args!("seeding an org of {contacts} contacts"));
        let org = self.seed(contacts, CALLS_PER_CONTACT).await?;
        self.build().await?;
        self.orgs.insert(contacts, org.clone());
        Ok(org)
    }

    /// Creates an org without building it.
    pub(crate) async fn seed(&self, contacts: u32, calls: i32) -> anyhow::Result<Org> {
        self.seed_as(OrgId(Uuid::new_v4()), contacts, calls).await
    }

    /// Creates an org with a given id without building it.
    pub(crate) async fn seed_as(&self, id: OrgId, contacts: u32, calls: i32) -> anyhow::Result<Org> {
        self.store.seed_organization(id, &format!("Clinic of {contacts}"), "Europe/Berlin").await?;
        for first in (1..=i64::from(contacts)).step_by(usize::try_from(CHUNK)?) {
            let last = i64::from(contacts).min(first + CHUNK - 1);
            self.store.seed_contacts(id, first, last, calls).await?;
        }
        let lookup = |name: &str| (name == "SUPABASE_JWT_SECRET").then(|| self.secrets.jwt.clone());
        let token = api::auth::Config::from_env(lookup)?.mint(id, TOKEN_LIFETIME, wall_clock())?;
        Ok(Org { id, authorization: format!("Bearer {token}") })
    }

    /// Builds the seeded orgs.
    pub(crate) async fn build(&mut self) -> anyhow::Result<()> {
        sqlx::query(include_str!("../queries/vacuum.sql")).execute(self.store.sessions()).await?;
        self.start_worker().await?;
        self.stop_worker().await
    }

    /// Waits until no work is left.
    pub(crate) async fn settled(&self) -> anyhow::Result<()> {
        let started = Instant::now();
        loop {
            let unsettled = sqlx::query_scalar::<_, bool>(include_str!("../queries/unsettled.sql"));
            if !unsettled.fetch_one(self.store.sessions()).await? {
                return Ok(());
            }
            ensure!(started.elapsed() < SETTLES, "not everything is built after {SETTLES:?}");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Waits until the node serves the newest version of an org.
    pub(crate) async fn served_newest(&self, org: &Org) -> anyhow::Result<()> {
        let started = Instant::now();
        let newest = self.store.newest_versions(&[org.id]).await?.versions;
        let (_, newest, _) = newest.first().context("the org has no version")?;
        loop {
            let answer = read(self.node(), org, LEADS, &[]).await?;
            let served = answer.header("prewarm-version").and_then(|version| version.parse::<Version>().ok());
            if served.is_some_and(|served| served >= *newest) {
                return Ok(());
            }
            ensure!(started.elapsed() < SETTLES, "version {newest} is not served after {SETTLES:?}");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// A reporter of calls to the node.
    pub(crate) fn reporter(&self) -> Reporter {
        Reporter { addr: http_addr(self.node()), secret: self.secrets.webhook.clone() }
    }

    /// A command for a program of Postgres.
    pub(crate) fn postgres_program(&self, name: &str) -> Command {
        self.postgres.program(name)
    }

    /// The value of a process's metric, summed over its labels.
    pub(crate) async fn counted(&self, process: &Process, metric: &str) -> anyhow::Result<f64> {
        let answer = http::fetch(process.place.admin_addr(), "/metrics", &[]).await?;
        let text = String::from_utf8(answer.body)?;
        let values = text.lines().filter(|line| line.split(['{', ' ']).next() == Some(metric));
        Ok(values.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum())
    }
}

/// The address of a node.
pub(crate) fn http_addr(node: &Process) -> SocketAddr {
    node.place.http_addr()
}

/// Reads a panel with the org's token.
pub(crate) async fn read(node: &Process, org: &Org, path: &str, headers: &[(&str, &str)]) -> anyhow::Result<Answer> {
    let headers = [headers, &[("authorization", org.authorization.as_str())]].concat();
    let answer = http::fetch(http_addr(node), path, &headers).await?;
    ensure!(answer.status == 200, "{path} answered {}", answer.status);
    Ok(answer)
}

fn environment(postgres: &Postgres, redis: &Redis, secrets: &Secrets) -> [(&'static str, String); 6] {
    [
        ("DATABASE_URL", postgres.url(DATABASE)),
        ("REDIS_URL", redis.url()),
        ("SUPABASE_JWT_SECRET", secrets.jwt.clone()),
        ("VAPI_WEBHOOK_SECRET", secrets.webhook.clone()),
        // All clients of a crowd share one org and one token.
        ("PREWARM_STREAMS_PER_ORG", STREAMS.to_owned()),
        ("PREWARM_STREAMS_PER_TOKEN", STREAMS.to_owned()),
    ]
}

/// Starts `prewarm <part>` and waits until it is ready.
async fn start(part: &'static str, environment: &[(&'static str, String)]) -> anyhow::Result<Process> {
    let place = Place::new()?;
    let mut command = Command::new(program()?);
    command.arg(part).env_clear().envs(environment.iter().cloned());
    command.envs(place.addresses());
    let mut process = Process::start(place, part, &mut command)?;
    process.ready(process.place.admin_addr(), "/readyz", &[]).await?;
    Ok(process)
}

/// The measured binary, which cargo puts beside this one.
pub(crate) fn program() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?.with_file_name("prewarm");
    ensure!(program.exists(), "{} is missing: run `make bench`", program.display());
    Ok(program)
}
