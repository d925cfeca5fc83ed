//! `prewarm up --demo`: its secrets, its welcome text, and its calls.

use std::{fs, io, net::SocketAddr, os::unix::fs::OpenOptionsExt, path::Path, time::Duration};

use anyhow::Context as _;
use rand::{RngExt, distr::Alphanumeric};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use vapi_standin::{Report, Standin};

use crate::{seed, settings::Settings};

/// The file in the data directory, readable by its owner only.
const FILE: &str = "demo-secrets.json";
const SECRET_CHARS: usize = 48;
/// Delay between two calls.
const PAUSE_SECONDS: std::ops::Range<u64> = 2..6;
const TOKEN_LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// The demo's secrets. They are kept, so that tokens stay valid after a restart.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct Secrets {
    /// `SUPABASE_JWT_SECRET`.
    pub(crate) jwt: String,
    /// `VAPI_WEBHOOK_SECRET`.
    webhook: String,
}

impl Secrets {
    /// The secrets of an earlier demo, if there was one.
    pub(crate) fn read(data_dir: &Path) -> anyhow::Result<Option<Self>> {
        let path = data_dir.join(FILE);
        match fs::read(&path) {
            Ok(bytes) => {
                let secrets = serde_json::from_slice(&bytes);
                Ok(Some(secrets.with_context(|| format!("{} is damaged: remove it", path.display()))?))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {} (PREWARM_DATA_DIR)", path.display())),
        }
    }

    /// The secrets of an earlier demo, or new ones.
    pub(crate) fn read_or_make(data_dir: &Path) -> anyhow::Result<Self> {
        if let Some(secrets) = Self::read(data_dir)? {
            return Ok(secrets);
        }
        let random = || rand::rng().sample_iter(Alphanumeric).take(SECRET_CHARS).map(char::from).collect();
        let secrets = Self { jwt: random(), webhook: random() };
        let cannot = |verb: &str, path: &Path| format!("cannot {verb} {} (PREWARM_DATA_DIR)", path.display());
        fs::create_dir_all(data_dir).with_context(|| cannot("make", data_dir))?;
        let path = data_dir.join(FILE);
        let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        serde_json::to_writer(file.with_context(|| cannot("write", &path))?, &secrets)?;
        Ok(secrets)
    }

    /// Sets the secrets that the environment does not set.
    pub(crate) fn fill_in(self, settings: &mut Settings) {
        let has_tokens =
            ["SUPABASE_JWT_SECRET", "SUPABASE_URL", "PREWARM_JWKS_URL"].iter().any(|name| settings.get(name).is_some());
        if !has_tokens {
            settings.set_default("SUPABASE_JWT_SECRET", self.jwt);
        }
        settings.set_default("VAPI_WEBHOOK_SECRET", self.webhook);
    }
}

/// Starts the stand-in for Vapi unless there is a key, and points the settings to it. Its assistants and web calls
/// exist, but nobody can join the calls.
pub(crate) async fn stand_in_for_vapi(settings: &mut Settings) -> anyhow::Result<Option<Standin>> {
    let addr = settings.get("PREWARM_HTTP_ADDR").unwrap_or_default();
    settings.set_default("PREWARM_PUBLIC_URL", format!("http://{addr}"));
    if settings.get("VAPI_API_KEY").is_some() {
        return Ok(None);
    }
    // The stand-in forgets everything at its end, so a new seed keeps ids from repeating.
    let standin = Standin::start(vapi_standin::Config { seed: rand::random(), ..Default::default() });
    let standin = standin.await.context("cannot start the stand-in for Vapi")?;
    for contacts in seed::DEMO_CONTACTS {
        standin.put_phone_number(seed::org(contacts).0, "+15550100000");
    }
    settings.set_default("VAPI_API_KEY", standin.config().private_key.clone());
    settings.set("VAPI_PUBLIC_KEY", standin.config().public_key.clone());
    settings.set("VAPI_BASE_URL", standin.url());
    Ok(Some(standin))
}

/// Prints the addresses and tokens.
#[expect(clippy::print_stdout, reason = "the demo's welcome text")]
pub(crate) fn welcome(addr: SocketAddr, settings: &Settings, standin: Option<&Standin>) -> anyhow::Result<()> {
    let auth = api::auth::Config::from_env(|name| settings.get(name).map(str::to_owned))?;
    println!("Prewarm is up.\n\n  url      http://{addr}");
    println!("  metrics  http://{}/metrics", settings.admin_addr);
    println!("  queue    http://{}/", settings.queue_ui_addr);
    println!("  webhook  http://{addr}/webhooks/vapi  X-Vapi-Secret: {}\n", webhook_secret(settings)?);
    if let Some(standin) = standin {
        println!("  vapi     {}  a stand-in: VAPI_API_KEY is not set\n", standin.url());
    }
    for contacts in seed::DEMO_CONTACTS {
        let org = seed::org(contacts);
        println!("  org {org} ({contacts} contacts)");
        match auth.mint(org, TOKEN_LIFETIME, api::auth::wall_clock()) {
            Ok(token) => println!("  open  http://{addr}/#token={token}\n  token {token}\n"),
            Err(reason) => println!("  no token: {reason}\n"),
        }
    }
    println!("  curl --compressed -H \"Authorization: Bearer $TOKEN\" http://{addr}/api/analytics/dashboard\n");
    Ok(())
}

/// The secret that new assistants present.
fn webhook_secret(settings: &Settings) -> anyhow::Result<&str> {
    let secrets = settings.get("VAPI_WEBHOOK_SECRET").unwrap_or_default();
    vapi::webhook_secrets(secrets).next().context("VAPI_WEBHOOK_SECRET is not set")
}

/// A slow stream of calls, sent the way Vapi sends them.
pub(crate) struct Stream {
    client: reqwest::Client,
    url: String,
    secret: String,
}

impl Stream {
    /// A stream to the webhook route at an address.
    pub(crate) fn to(addr: SocketAddr, settings: &Settings) -> anyhow::Result<Self> {
        // Plain HTTP to this process: no proxy, and no root certificates, which a bare machine may lack.
        let client =
            reqwest::Client::builder().timeout(Duration::from_secs(10)).no_proxy().tls_certs_only([]).build()?;
        Ok(Self { client, url: format!("http://{addr}/webhooks/vapi"), secret: webhook_secret(settings)?.to_owned() })
    }

    /// Sends calls for ever.
    pub(crate) async fn run(self) {
        loop {
            tokio::time::sleep(Duration::from_secs(rand::rng().random_range(PAUSE_SECONDS))).await;
            let contacts = seed::DEMO_CONTACTS[rand::rng().random_range(0..seed::DEMO_CONTACTS.len())];
            let sent = self.client.post(&self.url).header("x-vapi-secret", &self.secret).json(&report(contacts)).send();
            if let Err(error) = sent.await {
                tracing::debug!(%error, "the demo's webhook was not accepted");
            }
        }
    }
}

/// An end-of-call report from a known contact, or sometimes from a new one.
fn report(contacts: u32) -> Value {
    let mut random = rand::rng();
    let caller = random.random_range(1..=contacts + contacts / 10);
    let score = random.random_range(0..=100);
    let label = if score > 60 {
        "positive"
    } else if score > 30 {
        "neutral"
    } else {
        "negative"
    };
    let report = Report {
        phone_number_id: seed::org(contacts).to_string(),
        customer: format!("+1555{caller:07}"),
        ended_at: api::auth::wall_clock().0,
        seconds: random.random_range(20..400),
        cost: f64::from(random.random_range(5..90)) / 100.0,
        summary: "Asked for an appointment next week.",
        sentiment: (f64::from(score) / 100.0, label),
    };
    report.body()
}
