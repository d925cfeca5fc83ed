//! Servers that are killed, hang or lose their data, under an api with two nodes.

use std::time::{Duration, Instant};

use e2e::{Answer, Environment, Org, Process, Stack, eventually, poll, report};
use embedded::{Durability, tool};
use reqwest::StatusCode;
use testkit::{Database, busy::in_time, servers};

const DASHBOARD: &str = "/api/analytics/dashboard";
/// The lag between two nodes, by invariant 4.
const CONVERGENCE: Duration = in_time(Duration::from_secs(2));
/// The longest wait for an answer during any outage.
const NO_HANG: Duration = in_time(Duration::from_secs(3));

/// Reads a dashboard and checks that it did not take long.
async fn promptly(stack: &Stack, node: &Process, org: &Org) -> Answer {
    let asked = Instant::now();
    let answer = stack.read_from(node, org, DASHBOARD).await;
    assert!(asked.elapsed() < NO_HANG, "{:?}", asked.elapsed());
    answer
}

/// Reports a call and checks that both nodes show it, the second soon after the first.
async fn both_learn_of_a_call(stack: &Stack, nodes: [&Process; 2], org: &Org, call: &str) {
    let etag = async |node: &Process| {
        let answer = promptly(stack, node, org).await;
        assert_eq!(answer.status, StatusCode::OK);
        answer.etag().to_owned()
    };
    let before = eventually("the nodes agree", async || {
        let [one, other] = [etag(nodes[0]).await, etag(nodes[1]).await];
        (one == other).then_some(one)
    })
    .await;
    assert_eq!(stack.post(&report(org, call, "+15550100001")).await.status, StatusCode::OK);
    let slower = eventually("a node learns of the call", async || {
        let knows_one = etag(nodes[0]).await != before;
        let knows_other = etag(nodes[1]).await != before;
        (knows_one || knows_other).then_some(nodes[usize::from(knows_one)])
    })
    .await;
    let caught_up = poll(CONVERGENCE, async || (etag(slower).await != before).then_some(())).await;
    assert!(caught_up.is_some(), "the other node did not catch up within {CONVERGENCE:?}");
    stack.follows(org).await;
}

#[tokio::test]
async fn two_nodes_converge_with_and_without_redis() {
    let mut stack = Stack::start().await;
    let mut other = stack.another_api().await;
    let org = stack.org().await;
    stack.follows(&org).await;
    both_learn_of_a_call(&stack, [&stack.api, &other], &org, "with-redis").await;

    // Redis loses its data unnoticed, and a new node writes back what it reads from Postgres.
    let held = promptly(&stack, &stack.api, &org).await;
    flush(&stack).await;
    for node in [&stack.api, &other] {
        let answer = promptly(&stack, node, &org).await;
        assert_eq!((answer.status, answer.etag(), answer.stale()), (StatusCode::OK, held.etag(), None));
    }
    for source in ["postgres", "redis"] {
        other.restart();
        other.ready(&stack.client).await;
        let answer = promptly(&stack, &other, &org).await;
        assert_eq!((answer.header("prewarm-source"), answer.etag()), (Some(source), held.etag()));
        eventually("Redis holds the org", async || (keys(&stack).await == 1).then_some(())).await;
    }
    both_learn_of_a_call(&stack, [&stack.api, &other], &org, "after-flush").await;

    stack.redis.kill().await.unwrap();
    both_learn_of_a_call(&stack, [&stack.api, &other], &org, "without-redis").await;
    other.restart();
    other.ready(&stack.client).await;
    let cold = promptly(&stack, &other, &org).await;
    assert_eq!((cold.status, cold.header("prewarm-source")), (StatusCode::OK, Some("postgres")));
    eventually("the node says so, and is ready", async || {
        let ready = Answer::to(stack.client.get(stack.api.admin("/readyz"))).await.unwrap();
        assert_eq!(ready.status, StatusCode::OK);
        (ready.json()["parts"]["redis"]["state"] == "degraded").then_some(())
    })
    .await;

    stack.redis.restart().await.unwrap();
    both_learn_of_a_call(&stack, [&stack.api, &other], &org, "redis-is-back").await;
    other.stop().await;
    stack.close().await;
}

async fn redis_cli(stack: &Stack, command: &[&str]) -> String {
    let socket = stack.redis.url().trim_start_matches("unix://").to_owned();
    let output = tool("redis-cli").args(["-s", &socket]).args(command).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

async fn flush(stack: &Stack) {
    assert_eq!(redis_cli(stack, &["FLUSHALL"]).await, "OK");
}

/// The number of orgs in Redis, of any format and installation.
async fn keys(stack: &Stack) -> usize {
    redis_cli(stack, &["KEYS", "prewarm:*-*:{*"]).await.lines().count()
}

#[tokio::test]
async fn dashboards_survive_without_postgres_and_are_labelled_stale() {
    let mut server = servers::postgres(Durability::Throwaway).await.unwrap();
    let database = Database::create_on(&server.url("postgres")).await.unwrap();
    let stack = Stack::start_on(database, Environment::new()).await;
    let (org, in_redis, nowhere) = (stack.org().await, stack.org().await, Org::unknown());
    let held = stack.follows(&org).await;
    let mut cold = stack.another_api().await;
    // Built but never read.
    eventually("Redis holds both orgs", async || (keys(&stack).await == 2).then_some(())).await;

    server.kill().await.unwrap();
    let answer = promptly(&stack, &stack.api, &org).await;
    assert_eq!((answer.status, answer.etag()), (StatusCode::OK, held.etag()));
    let refused = promptly(&stack, &stack.api, &nowhere).await;
    assert_eq!((refused.status, refused.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, Some("1")));
    assert_eq!(refused.text(), r#"{"error":"Temporarily unavailable"}"#);
    let from_redis = promptly(&stack, &stack.api, &in_redis).await;
    assert_eq!((from_redis.status, from_redis.header("prewarm-source")), (StatusCode::OK, Some("redis")));
    let posted = Instant::now();
    assert_eq!(stack.post_once(&report(&org, "call-1", "+1555")).await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(posted.elapsed() < NO_HANG, "{:?}", posted.elapsed());
    let queried = stack.read(&org, "/api/calls-dashboard?search=a").await;
    assert_eq!((queried.status, &queried.json()["code"]), (StatusCode::SERVICE_UNAVAILABLE, &"DB_ERROR".into()));

    // A node that has never reached Postgres cannot know whether Redis holds the newest version.
    cold.restart();
    let up = cold.http(DASHBOARD);
    eventually("the node listens", async || stack.client.get(&up).send().await.ok().map(|_| ())).await;
    let unconfirmed = promptly(&stack, &cold, &in_redis).await;
    assert_eq!((unconfirmed.status, unconfirmed.stale()), (StatusCode::OK, Some("unconfirmed")));
    eventually("the copy is labelled", async || {
        let answer = promptly(&stack, &stack.api, &org).await;
        assert_eq!((answer.status, answer.etag()), (StatusCode::OK, held.etag()));
        (answer.stale() == Some("unconfirmed")).then_some(())
    })
    .await;
    eventually("the node is not ready", async || {
        let ready = Answer::to(stack.client.get(stack.api.admin("/readyz"))).await.unwrap();
        (ready.status == StatusCode::SERVICE_UNAVAILABLE).then_some(())
    })
    .await;
    let alive = Answer::to(stack.client.get(stack.api.admin("/livez"))).await.unwrap();
    assert_eq!(alive.status, StatusCode::OK);

    server.restart().await.unwrap();
    assert_eq!(stack.post(&report(&org, "call-1", "+1555")).await.status, StatusCode::OK);
    let after = stack.follows(&org).await;
    assert!(after.version() > held.version());
    assert_eq!(after.json()["pulse"]["total_calls"], 1);

    // The same with a hanging server that keeps its connections.
    server.pause().unwrap();
    assert_eq!(promptly(&stack, &stack.api, &org).await.etag(), after.etag());
    assert_eq!(promptly(&stack, &stack.api, &nowhere).await.status, StatusCode::SERVICE_UNAVAILABLE);
    server.resume().unwrap();
    assert_eq!(stack.follows(&org).await.etag(), after.etag());
    cold.stop().await;
    stack.close().await;
}
