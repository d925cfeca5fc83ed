//! The texts of the alerts only name things that exist.

use std::{collections::BTreeSet, fs, path::Path, process::Command, time::Duration};

use e2e::{Answer, Environment, Stack, monitoring_file, poll, program};
use monitoring::names;
use reqwest::StatusCode;
use testkit::{Database, busy::in_time};

/// The time until a process has checked all of its parts.
const CHECKED: Duration = in_time(Duration::from_secs(5));
/// The crates whose logs operators read.
const CRATES: [&str; 7] = ["api", "worker", "jobs", "intake", "materialize", "prewarm", "monitoring"];

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The descriptions, one per alert.
fn descriptions() -> Vec<String> {
    let rules = fs::read_to_string(monitoring_file("prometheus/rules/alerts.yml")).unwrap();
    let alerts: Vec<&str> = rules.split("- alert: ").skip(1).collect();
    let texts: Vec<String> = alerts
        .iter()
        .map(|alert| {
            let (_, text) = alert.split_once("description: >-\n").unwrap_or_else(|| panic!("no description: {alert}"));
            text.lines().next().unwrap().trim().to_owned()
        })
        .collect();
    assert!(texts.len() >= 15);
    texts
}

/// The texts between pairs of a mark, and the rest of the text.
fn marked(text: &str, mark: char) -> (BTreeSet<String>, String) {
    let parts: Vec<&str> = text.split(mark).collect();
    assert!(parts.len() % 2 == 1, "an odd number of {mark}: {text}");
    let inside = parts.iter().skip(1).step_by(2).map(ToString::to_string).collect();
    (inside, parts.iter().step_by(2).copied().collect())
}

fn sources(dir: &Path, text: &mut String) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn every_log_line_that_an_alert_quotes_exists_in_the_code() {
    let mut text = String::new();
    for name in CRATES {
        sources(&root().join(name).join("src"), &mut text);
    }
    for description in descriptions() {
        let (_, prose) = marked(&description, '`');
        for line in marked(&prose, '"').0 {
            assert!(text.contains(&format!("\"{line}")), "no code logs \"{line}\": {description}");
        }
    }
}

#[tokio::test]
async fn every_command_metric_and_setting_that_an_alert_names_exists() {
    // Nothing listens at this address, so `/readyz` has the part `token keys`.
    let environment = Environment::from([("PREWARM_JWKS_URL", "http://127.0.0.1:1/jwks.json".to_owned())]);
    let stack = Stack::start_on(Database::create().await.unwrap(), environment).await;
    let settings = fs::read_to_string(root().join(".env.example")).unwrap();
    let parts = async || {
        let mut parts = BTreeSet::new();
        for process in [&stack.api, &stack.worker] {
            let ready = Answer::to(stack.client.get(process.admin("/readyz"))).await.unwrap().json();
            parts.extend(ready["parts"].as_object().unwrap().keys().cloned());
        }
        parts
    };
    // A process may be ready before it has checked every part once.
    let is_part = async |part: &str| poll(CHECKED, async || parts().await.contains(part).then_some(())).await.is_some();
    for description in descriptions() {
        for place in marked(&description, '`').0 {
            let exists = match place.split([' ', '{']).next().unwrap() {
                "prewarm" => {
                    let words = place.split(' ').skip(1).chain(["--help"]);
                    Command::new(program()).args(words).output().unwrap().status.success()
                }
                "select" => {
                    stack.sql(&place).await;
                    true
                }
                metric if metric.starts_with("prewarm_") => names::ALL.iter().any(|(name, ..)| *name == metric),
                route if route.starts_with('/') => {
                    let answer = Answer::to(stack.client.get(stack.worker.admin(route))).await.unwrap();
                    answer.status == StatusCode::OK
                }
                setting if setting.starts_with(char::is_uppercase) => settings.contains(&format!("\n{setting}=")),
                _ => is_part(&place).await,
            };
            assert!(exists, "there is no `{place}` (parts: {:?}): {description}", parts().await);
        }
    }
    stack.close().await;
}
