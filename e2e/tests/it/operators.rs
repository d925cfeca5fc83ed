//! The operators' views: metrics, health, the queue's board.

use std::collections::BTreeSet;

use e2e::{Answer, Stack, eventually, report};
use reqwest::{Method, StatusCode};

#[tokio::test]
async fn metrics_parse_and_have_no_org_label() {
    let stack = Stack::start().await;
    let org = stack.org().await;
    let receipt = stack.post(&report(&org, "call-1", "+15550100001")).await;
    assert_eq!(receipt.status, StatusCode::OK);
    // The api may have built the first edition on demand. This change is left to the worker.
    stack.follows(&org).await;
    stack.sql(&format!("update contacts set name = 'Renamed' where org_id = '{}'", org.id)).await;
    let dashboard = stack.follows(&org).await;
    let held = stack.request(Method::GET, "/api/analytics/leads").bearer_auth(&org.token).header("if-none-match", "*");
    assert_eq!(Answer::to(held).await.unwrap().status, StatusCode::NOT_MODIFIED);

    let api = stack.metrics(&stack.api).await;
    assert!(api.sum("prewarm_reads_total", &[("model", "dashboard"), ("outcome", "fresh")]) >= 1.0);
    assert_eq!(api.sum("prewarm_reads_total", &[("model", "leads"), ("outcome", "not_modified")]), 1.0);
    assert!(api.sum("prewarm_cache_requests_total", &[("tier", "l1"), ("outcome", "hit")]) >= 1.0);
    assert!(api.sum("prewarm_read_bytes_total", &[("coding", "identity")]) >= dashboard.body.len() as f64);
    assert_eq!(api.sum("prewarm_intake_total", &[("type", "end-of-call-report"), ("outcome", "accepted")]), 1.0);
    assert_eq!(api.sum("prewarm_intake_seconds_count", &[]), 1.0);
    assert!(api.sum("prewarm_read_seconds_count", &[]) >= 1.0);
    // A rebuild is counted at its end, after its version is visible.
    let worker = eventually("a rebuild is counted", async || {
        let worker = stack.metrics(&stack.worker).await;
        (worker.sum("prewarm_rebuilds_total", &[("outcome", "changed")]) >= 1.0).then_some(worker)
    })
    .await;
    assert_eq!(worker.sum("prewarm_rebuilds_total", &[("outcome", "failed")]), 0.0);
    assert!(worker.sum("prewarm_freshness_seconds_count", &[("model", "pulse")]) >= 1.0);

    for process in [&stack.api, &stack.worker] {
        let text = Answer::to(stack.client.get(process.admin("/metrics"))).await.unwrap().text();
        assert!(!text.contains(&org.id.to_string()) && !text.contains(&org.id.0.simple().to_string()));
        let names: BTreeSet<String> = stack.metrics(process).await.names().map(str::to_owned).collect();
        assert!(names.iter().all(|name| name.starts_with("prewarm_")), "{names:?}");
        let alive = Answer::to(stack.client.get(process.admin("/livez"))).await.unwrap();
        assert_eq!(alive.status, StatusCode::OK);
        let ready = Answer::to(stack.client.get(process.admin("/readyz"))).await.unwrap();
        assert_eq!((ready.status, &ready.json()["ready"]), (StatusCode::OK, &true.into()));
    }
    stack.close().await;
}

#[tokio::test]
async fn the_board_shows_the_queues_and_is_read_only() {
    let stack = Stack::start().await;
    let org = stack.org().await;
    stack.follows(&org).await;
    let page = Answer::to(stack.client.get(stack.worker.board("/"))).await.unwrap();
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text().contains("<html"));
    let queues = Answer::to(stack.client.get(stack.worker.board("/api/v1/queues"))).await.unwrap();
    assert_eq!(queues.status, StatusCode::OK);
    let queue = queues.json()[0]["name"].as_str().unwrap().to_owned();
    let jobs = stack.count("select count(*) from apalis.jobs where status = 'Pending'").await;
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
        for path in ["/".to_owned(), format!("/api/v1/queues/{queue}/tasks")] {
            let order = stack.client.request(method.clone(), stack.worker.board(&path)).body("{}");
            assert_eq!(Answer::to(order).await.unwrap().status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
        }
    }
    assert!(stack.count("select count(*) from apalis.jobs where status = 'Pending'").await <= jobs + 1);
    stack.close().await;
}
