//! Many cold readers of one org cause one build over all nodes, and a dead builder is replaced.

use std::time::Duration;

use e2e::{Answer, Stack, eventually};
use reqwest::StatusCode;
use testkit::sqlx;

const DASHBOARD: &str = "/api/analytics/dashboard";

#[tokio::test]
async fn ten_thousand_cold_readers_cause_one_build() {
    const READERS: usize = 10_000;
    /// Connections per node. The number of open files is limited.
    const TASKS: usize = 250;
    let mut stack = Stack::start().await;
    let mut other = stack.another_api().await;
    stack.worker.kill_9();
    let org = stack.org().await;
    stack
        .sql(&format!(
            "insert into contacts (org_id, name, phone, lead_status)
               select '{0}', 'contact ' || i, '+1555' || i, 'new' from generate_series(1, 3000) i",
            org.id
        ))
        .await;
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let node = if task % 2 == 0 { &stack.api } else { &other };
            let request = stack.client.get(node.http(DASHBOARD)).bearer_auth(&org.token);
            let request = request.timeout(Duration::from_secs(30));
            tokio::spawn(async move {
                let mut etags = Vec::new();
                for _ in 0..READERS / TASKS {
                    let answer = Answer::to(request.try_clone().unwrap()).await.unwrap();
                    assert_eq!(answer.status, StatusCode::OK);
                    etags.push(answer.etag().to_owned());
                }
                etags
            })
        })
        .collect();
    let mut etags = Vec::new();
    for task in tasks {
        etags.extend(task.await.unwrap());
    }
    assert_eq!(etags.len(), READERS);
    etags.dedup();
    assert_eq!(etags.len(), 1);
    // The version is the number of rebuilds.
    assert_eq!(stack.count("select sum(n)::bigint from prewarm.versions").await, 1);
    stack.worker.restart();
    stack.worker.ready(&stack.client).await;
    other.stop().await;
    stack.close().await;
}

#[tokio::test]
async fn a_builder_that_dies_is_replaced() {
    let mut stack = Stack::start().await;
    let mut first = stack.another_api().await;
    stack.worker.kill_9();
    let org = stack.org().await;
    // The build waits for a lock, so that its builder can be killed halfway.
    let mut lock = stack.pg.begin().await.unwrap();
    sqlx::query("lock table calls in access exclusive mode").execute(&mut *lock).await.unwrap();
    let asked = tokio::spawn(Answer::to(stack.client.get(first.http(DASHBOARD)).bearer_auth(&org.token)));
    let leases = "select count(*) from prewarm.leases where until > clock_timestamp() + interval '2 s'";
    eventually("the first node builds", async || (stack.count(leases).await == 1).then_some(())).await;
    // A slow builder keeps its lease.
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(stack.count("select count(*) from prewarm.leases where until > clock_timestamp()").await, 1);
    first.kill_9();
    assert!(asked.await.unwrap().is_err());
    lock.rollback().await.unwrap();
    let answer = stack.read(&org, DASHBOARD).await;
    assert_eq!((answer.status, answer.header("prewarm-source")), (StatusCode::OK, Some("built")));
    stack.worker.restart();
    stack.worker.ready(&stack.client).await;
    stack.close().await;
}
