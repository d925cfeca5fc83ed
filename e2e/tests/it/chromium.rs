//! Deltas in a real browser, with plain `fetch` over http on localhost.

use std::{net::Ipv4Addr, process::Stdio, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::State,
    response::Html,
    routing::{get, post},
};
use e2e::{Environment, Org, Process, Stack, eventually};
use embedded::tool;
use serde_json::{Value, json};
use testkit::Database;
use tokio::{
    net::TcpListener,
    process::{Child, Command},
    sync::{Mutex, mpsc},
};

const PAGE: &str = include_str!("chromium/page.html");
/// The time a browser needs to store a dictionary after delivering the response.
const NOTED: Duration = Duration::from_millis(500);

/// A page in a browser that runs the test's commands.
struct Browser {
    child: Child,
    orders: mpsc::Sender<Value>,
    results: mpsc::Receiver<Value>,
    _profile: tempfile::TempDir,
}

/// The server of the page, which hands out commands.
#[derive(Clone)]
struct Desk {
    session: Value,
    orders: Arc<Mutex<mpsc::Receiver<Value>>>,
    results: mpsc::Sender<Value>,
}

impl Browser {
    /// Opens the page served at `listener`, as a user of `org` on `api`.
    async fn open(listener: TcpListener, api: &str, org: &Org) -> Self {
        let ((orders, ordered), (given, results)) = (mpsc::channel(1), mpsc::channel(1));
        let session = json!({ "api": api, "token": org.token });
        let desk = Desk { session, orders: Arc::new(Mutex::new(ordered)), results: given };
        let url = format!("http://localhost:{}/", listener.local_addr().unwrap().port());
        let router = Router::new()
            .route("/", get(async || Html(PAGE)))
            .route("/session", get(async |State(desk): State<Desk>| Json(desk.session)))
            .route("/order", post(async |State(desk): State<Desk>| Json(desk.orders.lock().await.recv().await)))
            .route(
                "/result",
                post(async |State(desk): State<Desk>, Json(result)| desk.results.send(result).await.unwrap()),
            )
            .with_state(desk);
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let profile = tempfile::tempdir().unwrap();
        let mut command = Command::from(tool("chromium"));
        command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]);
        command.args(["--disable-background-networking", "--disable-component-update", "--disable-sync"]);
        command.arg(format!("--user-data-dir={}", profile.path().display())).arg(url);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        Self {
            child: command.spawn().expect("chromium, which scripts/setup installs"),
            orders,
            results,
            _profile: profile,
        }
    }

    /// Has the page run a command.
    async fn tell(&mut self, order: Value) -> Value {
        self.orders.send(order).await.unwrap();
        let result = tokio::time::timeout(Duration::from_secs(30), self.results.recv()).await;
        let result = result.expect("the page answers").unwrap();
        assert_eq!(result["error"], Value::Null);
        tokio::time::sleep(NOTED).await;
        result
    }

    async fn close(mut self) {
        self.child.kill().await.unwrap();
    }
}

/// The body bytes sent so far in a coding, or the number of 304s.
async fn sent(stack: &Stack, node: &Process, coding: &str) -> f64 {
    stack.metrics(node).await.sum("prewarm_read_bytes_total", &[("coding", coding)])
}

async fn a_lead_changes(stack: &Stack, org: &Org, n: usize) {
    let change = "update contacts set lead_score = 90 where org_id = '{org}' and name = '{n}'";
    stack.sql(&change.replace("{org}", &org.id.to_string()).replace("{n}", &n.to_string())).await;
    stack.sql(&format!("insert into calls (org_id, phone_number) values ('{}', '{n}')", org.id)).await;
    stack.settled().await;
}

#[tokio::test]
async fn chromium_fetches_only_the_delta_even_after_a_reload() {
    let page = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let origin = format!("http://localhost:{}", page.local_addr().unwrap().port());
    // Same-site with the page: a browser keeps no dictionary of another site.
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap().local_addr().unwrap().port();
    let stack = Stack::start_on(Database::create().await.unwrap(), Environment::new()).await;
    let mut environment = stack.environment.clone();
    environment.insert("PREWARM_HTTP_ADDR", format!("127.0.0.1:{port}"));
    environment.insert("PREWARM_CORS_ORIGINS", origin);
    let mut node = Process::start(&["api"], &environment);
    node.ready(&stack.client).await;
    let org = stack.org().await;
    stack
        .sql(&format!(
            "insert into contacts (org_id, name, phone, lead_status, lead_score, email)
               select '{}', i, '+1555' || i, 'new', i, md5(i::text) || '@example.com' from generate_series(1, 50) i",
            org.id
        ))
        .await;
    stack.follows(&org).await;
    let mut browser = Browser::open(page, &format!("http://localhost:{port}"), &org).await;

    let lists = ["/api/analytics/leads", "/api/calls-dashboard?call_type=inbound&limit=20", "/api/analytics/dashboard"];
    for path in lists {
        let read = browser.tell(json!({ "what": "read", "path": path, "delta": "1" })).await;
        assert_eq!(read["status"], 200);
    }
    assert_eq!(sent(&stack, &node, "dcz").await, 0.0);
    for n in 0..4 {
        if n == 2 {
            browser.orders.send(json!({ "what": "reload" })).await.unwrap();
        }
        a_lead_changes(&stack, &org, 10 + n).await;
        for path in lists {
            let (zstd, dcz) = (sent(&stack, &node, "zstd").await, sent(&stack, &node, "dcz").await);
            let read = browser.tell(json!({ "what": "read", "path": path, "delta": "1" })).await;
            let plain = stack.read(&org, path).await;
            assert_eq!(read["body"], plain.text(), "{path}");
            assert_eq!(sent(&stack, &node, "zstd").await, zstd, "{path}: the whole body was sent");
            let delta = sent(&stack, &node, "dcz").await - dcz;
            let bound = if path.ends_with("leads") { 150.0 } else { 1_000.0 };
            assert!((1.0..bound).contains(&delta), "{path}: {delta} bytes");
        }
    }
    // Without a change nothing is sent, and the dictionary stays.
    let dcz = sent(&stack, &node, "dcz").await;
    let same = browser.tell(json!({ "what": "read", "path": lists[0], "delta": "1" })).await;
    assert_eq!(
        (same["status"].as_u64(), same["body"].as_str()),
        (Some(200), Some(&*stack.read(&org, lists[0]).await.text()))
    );
    assert_eq!(sent(&stack, &node, "dcz").await, dcz);
    eventually("a read was not modified", async || {
        let metrics = stack.metrics(&node).await;
        (metrics.sum("prewarm_reads_total", &[("outcome", "not_modified")]) == 1.0).then_some(())
    })
    .await;

    // Without the promise to revalidate, and after `Prewarm-Delta: 0`, the whole body is sent. A logout clears the dictionary.
    a_lead_changes(&stack, &org, 20).await;
    let zstd = sent(&stack, &node, "zstd").await;
    browser.tell(json!({ "what": "read", "path": lists[0], "delta": "0" })).await;
    assert!(sent(&stack, &node, "zstd").await > zstd);
    browser.tell(json!({ "what": "read", "path": lists[0], "delta": "1" })).await;
    assert_eq!(browser.tell(json!({ "what": "leave" })).await["status"], 204);
    a_lead_changes(&stack, &org, 21).await;
    let dcz = sent(&stack, &node, "dcz").await;
    browser.tell(json!({ "what": "read", "path": lists[0], "delta": "1" })).await;
    assert_eq!(sent(&stack, &node, "dcz").await, dcz);

    let streamed = browser.tell(json!({ "what": "stream" })).await;
    assert!(streamed["body"].as_str().unwrap().contains("event: version\nid: "), "{streamed}");
    browser.close().await;
    node.stop().await;
    stack.close().await;
}
