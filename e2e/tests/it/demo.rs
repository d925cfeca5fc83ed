//! `prewarm up --demo` without any configuration.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, time::Duration};

use api::auth::wall_clock;
use e2e::{Answer, Environment, Events, Process, poll};
use readmodel::time::Timestamp;

/// The time limit of making a cluster, migrating and seeding 6,660 contacts on a busy machine.
const START: Duration = Duration::from_secs(90);
const CALLS_PER_CONTACT: u64 = 6;

/// The output of the demo.
struct Welcome {
    url: String,
    /// The number of contacts and the token of each org.
    orgs: Vec<(u64, String)>,
}

impl Welcome {
    /// The last complete welcome in a process's output.
    fn parse(stdout: &str) -> Option<Self> {
        let (_, newest) = stdout.rsplit_once("Prewarm is up.")?;
        let lines = newest.lines().map(str::trim);
        let after =
            |word: &str| lines.clone().filter_map(|line| Some(line.strip_prefix(word)?.trim().to_owned())).collect();
        let (urls, orgs, tokens): (Vec<String>, Vec<String>, Vec<String>) =
            (after("url "), after("org "), after("token "));
        let contacts = |org: String| org.split_once('(')?.1.split(' ').next()?.parse().ok();
        let orgs: Vec<_> = orgs.into_iter().filter_map(contacts).zip(tokens).collect();
        newest.contains("curl").then(|| Self { url: urls[0].clone(), orgs })
    }
}

async fn welcome(process: &Process, times: usize) -> Welcome {
    let welcome = poll(START, async || {
        let stdout = process.stdout();
        (stdout.matches("curl").count() == times).then(|| Welcome::parse(&stdout).unwrap())
    });
    welcome.await.unwrap_or_else(|| panic!("no welcome within {START:?}"))
}

/// The number of calls of each org before an instant.
async fn calls_before(client: &reqwest::Client, welcome: &Welcome, instant: Timestamp) -> Vec<(u64, u64)> {
    let mut calls = Vec::new();
    for (contacts, token) in &welcome.orgs {
        let dashboard = client.get(format!("{}/api/analytics/dashboard", welcome.url)).bearer_auth(token);
        let dashboard = Answer::to(dashboard).await.unwrap();
        assert_eq!(dashboard.status, 200, "{}", dashboard.text());
        let dashboard = dashboard.json();
        assert!(!dashboard["leads"]["leads"].as_array().unwrap().is_empty());
        let list = format!("{}/api/calls-dashboard?limit=1&endDate={instant}", welcome.url);
        let list = Answer::to(client.get(list).bearer_auth(token)).await.unwrap().json();
        let total = list["pagination"]["total"].as_u64().unwrap();
        assert!(dashboard["pulse"]["total_calls"].as_u64().unwrap() >= total);
        calls.push((*contacts, total));
    }
    calls
}

/// Starts a test call and waits until it could be joined.
async fn speak_with_the_agent(client: &reqwest::Client, welcome: &Welcome) {
    let Welcome { url, orgs } = welcome;
    let token = &orgs[0].1;
    let asked = client.post(format!("{url}/api/founder-console/test-agent")).bearer_auth(token);
    let asked = Answer::to(asked).await.unwrap().json();
    let stream = client.get(format!("{url}{}", asked["stream"].as_str().unwrap())).bearer_auth(token);
    let mut events = Events::open(stream).await;
    let mut stage = events.next().await;
    while stage.name != "ready" {
        assert_ne!(stage.name, "failed", "{stage:?}");
        stage = events.next().await;
    }
    assert!(stage.data["webCallUrl"].is_string(), "{stage:?}");
}

/// The command lines of processes that name a directory.
fn processes_in(dir: &Path) -> Vec<String> {
    let name = dir.to_str().unwrap();
    let command_lines =
        fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    command_lines
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.contains(name))
        .collect()
}

#[tokio::test]
async fn the_demo_runs_on_a_bare_machine_survives_a_restart_and_cleans_up() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client =
        reqwest::Client::builder().no_proxy().tls_certs_only([]).timeout(Duration::from_secs(10)).build().unwrap();
    let dir = tempfile::tempdir().unwrap();
    // If we are root, the user postgres needs access.
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let environment = Environment::from([("PREWARM_DATA_DIR", dir.path().to_str().unwrap().to_owned())]);
    let mut up = Process::start(&["up", "--demo"], &environment);
    let first = welcome(&up, 1).await;
    // The demo's calls start two seconds later.
    let seeded = Timestamp::from_micros((wall_clock().0 + 1) * 1_000_000);
    assert_eq!(first.url, up.http(""));
    let expected: Vec<_> = [60, 600, 6_000].map(|contacts| (contacts, contacts * CALLS_PER_CONTACT)).into();
    assert_eq!(calls_before(&client, &first, seeded).await, expected);
    up.ready(&client).await;
    assert!(up.stdout().contains("a stand-in: VAPI_API_KEY is not set"));
    speak_with_the_agent(&client, &first).await;
    assert!(!processes_in(dir.path()).is_empty());

    let mut second = Process::start(&["up", "--demo"], &environment);
    assert_eq!(second.ended().await.code(), Some(1));
    let complaint = second.log();
    assert_eq!(complaint.lines().count(), 1, "{complaint}");
    assert!(complaint.contains(&format!("in use by process {}", up.pid())), "{complaint}");

    up.stop().await;
    assert_eq!(processes_in(dir.path()), Vec::<String>::new());
    up.restart();
    let again = welcome(&up, 2).await;
    assert_eq!(calls_before(&client, &again, seeded).await, expected);
    // The new stand-in does not have the earlier assistants.
    speak_with_the_agent(&client, &again).await;
    // Earlier tokens are still valid.
    assert_eq!(calls_before(&client, &first, seeded).await, expected);
    up.stop().await;
    assert_eq!(processes_in(dir.path()), Vec::<String>::new());
}
