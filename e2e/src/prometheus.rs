//! A real Prometheus with the project's configuration.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Output, Stdio},
};

use embedded::tool;
use reqwest::Url;
use serde_json::Value;
use testkit::process::{self, Place};

use crate::{Process, eventually};

const MONITORING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../monitoring");
const PORT: u16 = 9090;
/// The interval in the configuration, and the one that gives a test many scrapes in a few seconds.
const INTERVALS: [&str; 2] = ["interval: 5s", "interval: 200ms"];

/// A Prometheus that scrapes the processes of a test. Killed when dropped.
pub struct Prometheus {
    address: SocketAddr,
    client: reqwest::Client,
    _running: process::Process,
    _place: Place,
}

/// The path of a file in `monitoring/`.
#[must_use]
pub fn monitoring_file(name: &str) -> PathBuf {
    Path::new(MONITORING).join(name)
}

/// Runs promtool on a file.
#[must_use]
pub fn promtool(arguments: &[&str], file: &str) -> Output {
    tool("promtool").args(arguments).arg(monitoring_file(file)).output().unwrap()
}

impl Prometheus {
    /// Starts it and waits until it has scraped every process.
    pub async fn start(client: &reqwest::Client, processes: &[&Process]) -> Self {
        let place = Place::new().unwrap();
        let (home, address) = (place.dir(), place.addr(PORT));
        configure(home, processes);
        let mut command = tool("prometheus");
        command.arg("--config.file").arg(home.join("prometheus.yml"));
        command.arg("--storage.tsdb.path").arg(home.join("data"));
        command.arg(format!("--web.listen-address={address}")).current_dir(home).stdin(Stdio::null());
        let log = fs::File::create(home.join("log")).unwrap();
        let running = process::Process::spawn(command.stdout(Stdio::null()).stderr(log)).unwrap();
        let prometheus = Self { address, client: client.clone(), _running: running, _place: place };
        let wanted = vec![1.0; processes.len()];
        eventually("every process is scraped", async || (prometheus.try_query("up").await? == wanted).then_some(()))
            .await;
        prometheus
    }

    /// The values of an instant query.
    pub async fn query(&self, expression: &str) -> Vec<f64> {
        self.try_query(expression).await.unwrap_or_else(|| panic!("{expression}"))
    }

    /// The response of its API at a path.
    pub async fn get(&self, path: &str) -> Value {
        self.try_get(path, &[]).await.unwrap_or_else(|| panic!("{path}"))
    }

    async fn try_query(&self, expression: &str) -> Option<Vec<f64>> {
        let data = self.try_get("query", &[("query", expression)]).await?;
        let value = |sample: &Value| sample["value"][1].as_str().unwrap().parse().unwrap();
        Some(data["result"].as_array()?.iter().map(value).collect())
    }

    /// `None` if it does not listen yet, or refuses.
    async fn try_get(&self, path: &str, parameters: &[(&str, &str)]) -> Option<Value> {
        let url = Url::parse_with_params(&format!("http://{}/api/v1/{path}", self.address), parameters).unwrap();
        let mut answer: Value = self.client.get(url).send().await.ok()?.json().await.ok()?;
        (answer["status"] == "success").then(|| answer["data"].take())
    }
}

/// Writes the project's configuration and rules with other targets and shorter intervals.
fn configure(home: &Path, processes: &[&Process]) {
    fs::create_dir(home.join("rules")).unwrap();
    for name in ["prometheus.yml", "rules/recording.yml", "rules/alerts.yml"] {
        let text = fs::read_to_string(monitoring_file("prometheus").join(name)).unwrap();
        fs::write(home.join(name), text.replace(INTERVALS[0], INTERVALS[1])).unwrap();
    }
    let targets: Vec<String> = processes.iter().map(|process| process.admin_addr().to_string()).collect();
    fs::write(home.join("targets.yml"), serde_json::json!([{ "targets": targets }]).to_string()).unwrap();
}
