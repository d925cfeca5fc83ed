//! Attacks by endless bodies and streams, and the room that remains for others.

use std::{collections::HashMap, net::SocketAddr, time::Duration};

use api::auth::wall_clock;
use e2e::{Answer, Environment, Events, Org, Stack, WEBHOOK_SECRET, eventually, report, token_for};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::Database;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};
use vapi_standin::signature;

const AGENT: &str = "/api/founder-console/agent";
const PHONE: &str = "+15550100001";
/// The number of bodies of one org that are read at once.
const BODIES: usize = 16;
/// Longer than a busy machine needs, and shorter than the 75 s that a connection may be idle.
const LONG: Duration = Duration::from_secs(40);

async fn stack(environment: &[(&'static str, &str)]) -> Stack {
    let environment: Environment = environment.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Stack::start_on(Database::create().await.unwrap(), environment).await
}

fn agent(model: &Value) -> Value {
    json!({ "name": "Front desk", "systemPrompt": "Be kind.", "model": model })
}

async fn save(stack: &Stack, org: &Org, body: String) -> Answer {
    let request = stack.request(Method::POST, AGENT).bearer_auth(&org.token).timeout(LONG);
    Answer::to(request.header("content-type", "application/json").body(body)).await.unwrap()
}

/// Sends a head and the start of its body, then stops.
async fn begin(stack: &Stack, head: &str, body: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(stack.api.http_addr()).await.unwrap();
    stream.write_all(format!("{head}\r\n\r\n").as_bytes()).await.unwrap();
    // The server may have closed the connection already.
    let _ = stream.write_all(body).await;
    stream
}

/// The status of the response on a connection, once it is closed.
async fn status_at_end(mut stream: TcpStream) -> Option<u16> {
    let mut answer = Vec::new();
    // The connection ends after a response or by a reset.
    let ended = tokio::time::timeout(LONG, stream.read_to_end(&mut answer)).await;
    assert!(ended.is_ok(), "the connection is still open");
    String::from_utf8_lossy(&answer).split(' ').nth(1)?.parse().ok()
}

#[tokio::test]
async fn a_body_crafted_to_parse_slowly_is_refused_and_delays_no_other_request() {
    let stack = stack(&[]).await;
    let (org, other) = (stack.org().await, stack.org().await);
    stack.follows(&other).await;
    let hostile = |model: &Value| {
        let body = agent(&json!({ "provider": "openai", "model": "m", "x": model })).to_string();
        assert!(body.len() > 900_000 && body.len() < 1 << 20, "{}", body.len());
        body
    };
    let long_key = hostile(&json!({ "k".repeat(490_000): vec![1; 245_000] }));
    let long_list = hostile(&json!({ "k".repeat(200): vec![1; 470_000] }));
    let refused = tokio::join!(save(&stack, &org, long_key), save(&stack, &org, long_list), async {
        for _ in 0..20 {
            assert_eq!(stack.read(&other, "/api/analytics/leads").await.status, StatusCode::OK);
        }
    });
    for (answer, field) in [(refused.0, "model.x"), (refused.1, "model")] {
        let body = answer.json();
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        assert_eq!(body["fields"][0]["field"], field, "{body}");
        assert!(answer.body.len() < 1_000, "{} bytes", answer.body.len());
    }
    // A long but harmless body is accepted.
    let long = json!({ "name": "Front desk", "systemPrompt": "Be kind. ".repeat(110_000),
        "model": { "provider": "openai", "model": "m" } });
    let saved = save(&stack, &org, long.to_string()).await;
    assert_eq!(saved.status, StatusCode::OK, "{}", saved.text());
    let shown = Answer::to(stack.request(Method::GET, AGENT).bearer_auth(&org.token)).await.unwrap().json();
    assert_eq!(shown["systemPrompt"], long["systemPrompt"]);
    stack.close().await;
}

#[tokio::test]
async fn bodies_that_never_end_time_out_and_are_limited_per_org() {
    let stack = stack(&[]).await;
    let (org, other) = (stack.org().await, stack.org().await);
    let head =
        format!("POST {AGENT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-length: 900000", org.token);
    let mut open = Vec::new();
    for _ in 0..BODIES {
        open.push(begin(&stack, &head, &[b' '; 100_000]).await);
    }
    let refused = eventually("the org has as many as it may", async || {
        let refused = save(&stack, &org, agent(&Value::Null).to_string()).await;
        if refused.status != StatusCode::TOO_MANY_REQUESTS {
            // The long body may have taken the place of the last one.
            open.push(begin(&stack, &head, &[b' '; 100_000]).await);
            return None;
        }
        Some(refused)
    })
    .await;
    assert!(refused.header("retry-after").is_some() && refused.json()["error"].is_string(), "{}", refused.text());
    // Other orgs are not refused.
    let body = json!({ "name": "Front desk" }).to_string();
    assert_eq!(save(&stack, &other, body).await.status, StatusCode::OK);
    let mut ends = HashMap::<_, usize>::new();
    for stream in open {
        *ends.entry(status_at_end(stream).await).or_default() += 1;
    }
    assert!(ends[&Some(408)] >= BODIES && ends.keys().all(|end| [Some(408), Some(429)].contains(end)), "{ends:?}");
    stack.close().await;
}

#[tokio::test]
async fn streams_are_limited_per_org_and_per_token() {
    let stack = stack(&[("PREWARM_STREAMS_PER_ORG", "3"), ("PREWARM_STREAMS_PER_TOKEN", "2")]).await;
    let (org, other) = (stack.org().await, stack.org().await);
    stack.follows(&org).await;
    stack.follows(&other).await;
    let another = Org { id: org.id, token: token_for(org.id, Duration::from_secs(1800)) };
    let third = Org { id: org.id, token: token_for(org.id, Duration::from_secs(900)) };
    let open = async |org: &Org| {
        let mut events = Events::open(stack.stream(&stack.api, org)).await;
        events.next().await;
        events
    };
    let refused = async |org: &Org| {
        let answer = Answer::to(stack.stream(&stack.api, org)).await.unwrap();
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "{}", answer.text());
        assert!(answer.header("retry-after").is_some() && answer.json()["error"].is_string(), "{}", answer.text());
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    };
    let held = [open(&org).await, open(&org).await];
    refused(&org).await;
    let last = open(&another).await;
    refused(&third).await;
    let _others = open(&other).await;
    // Only streams are refused, not reads.
    assert_eq!(stack.read(&third, "/api/analytics/leads").await.status, StatusCode::OK);
    drop((held, last));
    eventually("there is room again", async || {
        let answer = stack.stream(&stack.api, &third).send().await.unwrap();
        (answer.status() == StatusCode::OK).then_some(())
    })
    .await;
    stack.close().await;
}

#[tokio::test]
async fn every_stream_forbids_transformations_and_starts_at_once() {
    let stack = stack(&[]).await;
    let org = stack.org().await;
    stack.follows(&org).await;
    let id = |answer: &Answer, name: &str| answer.json()[name].as_str().unwrap().to_owned();
    let saved = save(&stack, &org, agent(&json!({ "provider": "openai", "model": "m" })).to_string()).await;
    let start = stack.request(Method::POST, "/api/founder-console/test-agent").bearer_auth(&org.token);
    let started = Answer::to(start).await.unwrap();
    for path in ["/api/analytics/stream".to_owned(), id(&saved, "stream"), id(&started, "stream")] {
        let request = stack.request(Method::GET, &path).bearer_auth(&org.token).header("accept-encoding", "gzip, br");
        let mut answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        for (name, value) in [
            ("content-type", "text/event-stream"),
            ("cache-control", "no-store, no-transform"),
            ("x-accel-buffering", "no"),
        ] {
            assert_eq!(answer.headers()[name], value, "{path}");
        }
        assert!(!answer.headers().contains_key("content-encoding"), "{path}");
        assert!(answer.chunk().await.unwrap().is_some(), "{path}");
    }
    stack.close().await;
}

/// Connections with unfinished bodies: large ones, then small ones that fill the remaining room.
async fn crowd(stack: &Stack, headers: &str) -> Vec<TcpStream> {
    let head = format!("POST /webhooks/vapi HTTP/1.1\r\nhost: x\r\n{headers}\r\ncontent-length: 26000000");
    let mut open = Vec::new();
    for (connections, megabytes) in [(8, 24), (16, 1)] {
        let mut tasks = JoinSet::new();
        for _ in 0..connections {
            tasks.spawn(send_part(stack.api.http_addr(), head.clone(), megabytes));
        }
        while let Some(stream) = tasks.join_next().await {
            open.push(stream.unwrap());
        }
    }
    open
}

async fn send_part(address: SocketAddr, head: String, megabytes: usize) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("{head}\r\n\r\n").as_bytes()).await.unwrap();
    for _ in 0..megabytes {
        // An evicted connection is closed.
        if stream.write_all(&[b' '; 1 << 20]).await.is_err() {
            break;
        }
    }
    stream
}

/// Small reports and one of two megabytes.
fn reports(org: &Org) -> Vec<Value> {
    let mut large = report(org, "large", PHONE);
    large["message"]["artifact"]["transcript"] = json!("Hello. ".repeat(300_000));
    let small = (0..10).map(|number| report(org, &format!("call-{number}"), PHONE));
    [large].into_iter().chain(small).collect()
}

#[tokio::test]
async fn slow_unauthenticated_bodies_do_not_block_real_webhooks() {
    let stack = stack(&[("VAPI_WEBHOOK_HMAC", "sha256")]).await;
    let org = stack.org().await;
    let strangers = format!("x-signature: {}\r\nx-timestamp: {}", "0".repeat(64), wall_clock().0);
    let crowd = crowd(&stack, &strangers).await;
    for report in reports(&org) {
        let (body, now) = (report.to_string(), wall_clock().0);
        let request = stack.request(Method::POST, "/webhooks/vapi").timeout(LONG);
        let request = request.header("x-signature", signature(WEBHOOK_SECRET, now, &body)).header("x-timestamp", now);
        let taken = Answer::to(request.body(body)).await.unwrap();
        assert_eq!(taken.status, StatusCode::OK, "{}", taken.text());
    }
    drop(crowd);
    stack.close().await;
}

#[tokio::test]
async fn slow_bodies_with_a_plain_secret_are_evicted_first() {
    let stack = stack(&[]).await;
    let org = stack.org().await;
    let crowd = crowd(&stack, &format!("x-vapi-secret: {WEBHOOK_SECRET}")).await;
    for report in reports(&org) {
        let taken = Answer::to(stack.webhook(&report).timeout(LONG)).await.unwrap();
        assert_eq!(taken.status, StatusCode::OK, "{}", taken.text());
    }
    drop(crowd);
    stack.close().await;
}

#[tokio::test]
async fn a_webhook_path_may_have_extra_slashes() {
    let stack = stack(&[]).await;
    let org = stack.org().await;
    let paths = ["/webhooks/vapi/", "//webhooks/vapi", "/webhooks//vapi", "/api/vapi/webhook/", "/api//vapi/webhook//"];
    for (number, path) in paths.iter().enumerate() {
        let request = stack.request(Method::POST, path).header("x-vapi-secret", WEBHOOK_SECRET);
        let taken = Answer::to(request.json(&report(&org, &format!("call-{number}"), PHONE))).await.unwrap();
        assert_eq!(taken.status, StatusCode::OK, "{path}: {}", taken.text());
    }
    assert_eq!(stack.count("select count(*) from prewarm.events").await, paths.len() as i64);
    let strays = async || {
        let metrics = stack.metrics(&stack.api).await;
        metrics.sum("prewarm_intake_total", &[("type", "unrouted"), ("outcome", "refused")])
    };
    assert_eq!(strays().await, 0.0);
    for path in ["/webhook/vapi", "/"] {
        let stray = Answer::to(stack.request(Method::POST, path).json(&json!({}))).await.unwrap();
        assert_eq!(stray.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(strays().await, 2.0);
    stack.close().await;
}
