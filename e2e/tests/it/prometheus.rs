//! A real Prometheus scrapes the processes, with the project's rules and dashboard.

use std::{collections::BTreeSet, fs, time::Duration};

use e2e::{Answer, Org, PANELS, Prometheus, Stack, eventually, monitoring_file, promtool, report};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::Instant};

use crate::assistants;

const READERS: usize = 4;
const LOAD: Duration = Duration::from_secs(4);
const BETWEEN_CALLS: Duration = Duration::from_millis(200);
/// Grafana's variable and its value, longer than the test.
const RATE_INTERVAL: [&str; 2] = ["$__rate_interval", "5m"];

#[test]
fn promtool_accepts_the_rules_and_the_alerts_fire_when_they_should() {
    for (arguments, file) in [
        (&["check", "config"][..], "prometheus/prometheus.yml"),
        (&["check", "rules"], "prometheus/rules/recording.yml"),
        (&["check", "rules"], "prometheus/rules/alerts.yml"),
        (&["test", "rules"], "prometheus/tests/alerts.yml"),
    ] {
        let output = promtool(arguments, file);
        let said = [output.stdout, output.stderr].concat();
        assert!(output.status.success(), "{file}: {}", String::from_utf8_lossy(&said));
    }
}

#[test]
fn every_alert_has_a_summary_a_description_and_a_test() {
    let rules = fs::read_to_string(monitoring_file("prometheus/rules/alerts.yml")).unwrap();
    let tests = fs::read_to_string(monitoring_file("prometheus/tests/alerts.yml")).unwrap();
    let (_, alerts) = rules.split_once("- alert: ").unwrap();
    for alert in alerts.split("- alert: ") {
        let name = alert.lines().next().unwrap();
        for part in ["severity: ", "summary: ", "description: "] {
            assert!(alert.contains(part), "{name} has no {part}");
        }
        assert!(tests.contains(&format!("alertname: {name}\n")), "{name} has no test");
    }
}

/// The panels of the dashboard with their rows.
fn panels_by_row() -> Vec<(String, Value)> {
    let dashboard: Value = serde_json::from_slice(&fs::read(monitoring_file("grafana/prewarm.json")).unwrap()).unwrap();
    let (mut row, mut panels) = (String::new(), Vec::new());
    for panel in dashboard["panels"].as_array().unwrap() {
        match panel["type"].as_str() {
            Some("row") => row = panel["title"].as_str().unwrap().to_owned(),
            _ => panels.push((row.clone(), panel.clone())),
        }
    }
    panels
}

/// The panels without the row headings.
fn panels() -> Vec<Value> {
    panels_by_row().into_iter().map(|(_, panel)| panel).collect()
}

/// The row of panels that need a Vapi.
const ASSISTANTS: &str = "Assistants";

/// Waits until every panel has data.
async fn shows_data(prometheus: &Prometheus, panels: impl Iterator<Item = Value>) {
    for panel in panels {
        for target in panel["targets"].as_array().unwrap() {
            let expression = target["expr"].as_str().unwrap().replace(RATE_INTERVAL[0], RATE_INTERVAL[1]);
            let what = format!("{}: {expression}", panel["title"]);
            eventually(&what, async || {
                let values = prometheus.query(&expression).await;
                (!values.is_empty() && values.iter().all(|value| value.is_finite())).then_some(())
            })
            .await;
        }
    }
}

#[test]
fn panels_do_not_overlap_and_have_titles_and_descriptions() {
    let (mut ids, mut cells) = (BTreeSet::new(), BTreeSet::new());
    for panel in panels() {
        let title = panel["title"].as_str().unwrap();
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{title}");
        assert!(!panel["description"].as_str().unwrap().is_empty(), "{title}");
        assert!(panel["fieldConfig"]["defaults"]["unit"].is_string(), "{title}");
        for source in panel["targets"].as_array().unwrap().iter().chain([&panel]) {
            assert_eq!(source["datasource"], json!({ "type": "prometheus", "uid": "${datasource}" }), "{title}");
        }
        let [x, y, width, height] = ["x", "y", "w", "h"].map(|side| panel["gridPos"][side].as_u64().unwrap());
        assert!(x + width <= 24, "{title}");
        for cell in (x..x + width).flat_map(|x| (y..y + height).map(move |y| (x, y))) {
            assert!(cells.insert(cell), "{title} lies on another panel");
        }
    }
}

#[tokio::test]
async fn every_panel_has_data_under_load() {
    let stack = Stack::start().await;
    let mut orgs = Vec::new();
    for _ in 0..3 {
        let org = stack.org().await;
        stack.follows(&org).await;
        orgs.push(org);
    }
    // The nodes are warm now. Rates count from the first scrape.
    let prometheus = Prometheus::start(&stack.client, &[&stack.api, &stack.worker]).await;
    let mut readers = JoinSet::new();
    for reader in 0..READERS {
        readers.spawn(read_for_ever(stack.client.clone(), stack.api.http(""), orgs[reader % orgs.len()].clone()));
    }
    let load = Instant::now();
    let mut calls = 0;
    while load.elapsed() < LOAD {
        a_call_ends(&stack, &orgs[calls % orgs.len()], calls).await;
        calls += 1;
        tokio::time::sleep(BETWEEN_CALLS).await;
    }

    let loaded = panels_by_row().into_iter().filter(|(row, _)| row != ASSISTANTS);
    shows_data(&prometheus, loaded.map(|(_, panel)| panel)).await;
    let l1 = prometheus.query(r#"prewarm:tier_hit_ratio{tier="l1"}"#).await;
    assert!(l1.len() == 1 && l1[0] >= 0.99, "{l1:?}");
    let reads = prometheus.query(r#"sum(increase(prewarm_reads_total{source="l1"}[5m]))"#).await;
    // The exact rate depends on the machine.
    assert!(reads[0] > 100.0, "{reads:?}");
    for tier in ["redis", "postgres"] {
        // A range, because on a busy machine the last scrape may have failed, and an instant then has no sample.
        let asked = format!(r#"sum(max_over_time(prewarm_cache_requests_total{{tier="{tier}"}}[5m]))"#);
        let asked = prometheus.query(&asked).await;
        assert!(asked[0] > 0.0, "{tier} was not asked");
    }
    readers.shutdown().await;

    for group in prometheus.get("rules").await["groups"].as_array().unwrap() {
        for rule in group["rules"].as_array().unwrap() {
            assert_eq!(rule["health"], "ok", "{rule}");
        }
    }
    assert_eq!(prometheus.get("alerts").await["alerts"], json!([]));
    stack.close().await;
}

/// Reads the panels of an org in every coding, and revalidates them, in a loop.
async fn read_for_ever(client: Client, api: String, org: Org) {
    loop {
        for (panel, coding) in PANELS.iter().zip(["identity", "gzip", "br", "zstd"].into_iter().cycle()) {
            let read = || {
                let request = client.get(format!("{api}{}", panel.path));
                request.bearer_auth(&org.token).header("accept-encoding", coding)
            };
            let answer = Answer::to(read()).await.unwrap();
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
            Answer::to(read().header("if-none-match", answer.etag())).await.unwrap();
        }
    }
}

/// Sends a call's report twice, and other webhooks in between.
async fn a_call_ends(stack: &Stack, org: &Org, number: usize) {
    let report = report(org, &format!("call-{number}"), "+15550100001");
    for _ in 0..2 {
        assert_eq!(stack.post(&report).await.status, StatusCode::OK);
    }
    let forged = stack.webhook(&report).header("x-vapi-secret", "wrong");
    assert_eq!(Answer::to(forged).await.unwrap().status, StatusCode::UNAUTHORIZED);
    let filtered = stack.read(org, "/api/calls-dashboard?search=a").await;
    assert_eq!(filtered.header("prewarm-source"), Some("query"));
    // An org that was not read yet.
    let new = stack.org().await;
    assert_eq!(stack.read(&new, "/api/analytics/dashboard").await.status, StatusCode::OK);
}

#[tokio::test]
async fn every_worker_measures_the_backlog() {
    let stack = Stack::start().await;
    let org = stack.org().await;
    stack.follows(&org).await;
    stack.settled().await;
    // Stops crons for a while: a cron's figures would appear in one worker only.
    stack
        .sql(
            "insert into prewarm.cron_slots (name, slot)
              select 'sweep', date_trunc('second', now()) + make_interval(secs => n) from generate_series(0, 60) n
              on conflict do nothing",
        )
        .await;
    let mut other = e2e::Process::start(&["worker"], &stack.environment);
    other.ready(&stack.client).await;
    let shown = async |orgs: f64| {
        eventually("both workers show what is owed", async || {
            let [one, two] = [stack.metrics(&stack.worker).await, stack.metrics(&other).await];
            let owed = [one.sum("prewarm_owed_orgs", &[]), two.sum("prewarm_owed_orgs", &[])];
            (owed == [orgs, orgs]).then_some(())
        })
        .await;
    };
    // Another holder has the lease and does not end.
    let lease = format!(
        "insert into prewarm.leases (org_id, holder, until) values ('{}', 0, now() + interval '1 hour')",
        org.id
    );
    stack.sql(&lease).await;
    shown(1.0).await;
    stack.sql("delete from prewarm.leases").await;
    shown(0.0).await;
    other.stop().await;
    stack.close().await;
}

#[tokio::test]
async fn every_assistants_panel_has_data_while_vapi_is_called() {
    let standin = assistants::standin().await;
    let stack = assistants::stack(&standin).await;
    let prometheus = Prometheus::start(&stack.client, &[&stack.worker]).await;
    let load = Instant::now();
    let mut saves = 0;
    while load.elapsed() < LOAD {
        if saves == 0 {
            assistants::save(&stack).await;
        }
        stack.sql(&format!("update agents set first_message = 'Hello {saves}'")).await;
        saves += 1;
        tokio::time::sleep(BETWEEN_CALLS).await;
    }
    let shown = panels_by_row().into_iter().filter(|(row, _)| row == ASSISTANTS);
    shows_data(&prometheus, shown.map(|(_, panel)| panel)).await;
    let sent =
        prometheus.query(r#"sum(prewarm_vapi_requests_total{operation="update_assistant", status="200"})"#).await;
    assert!(sent[0] > 1.0, "{sent:?}");
    assert_eq!(prometheus.query("prewarm:failed_agents").await, [0.0]);
    stack.close().await;
}
