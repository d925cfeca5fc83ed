//! A call ends, and the dashboard shows it.

use e2e::{Stack, eventually, report};
use readmodel::version::Receipt;
use reqwest::StatusCode;
use serde_json::json;

const DASHBOARD: &str = "/api/analytics/dashboard";

#[tokio::test]
async fn a_call_that_ends_changes_only_its_own_orgs_panels() {
    let stack = Stack::start().await;
    let (org, other) = (stack.org().await, stack.org().await);
    stack.settled().await;
    let before = stack.follows(&org).await;
    let untouched = stack.follows(&other).await;

    let posted = stack.post(&report(&org, "call-1", "+15550100001")).await;
    assert_eq!(posted.status, StatusCode::OK);
    let receipt: Receipt = posted.json()["receipt"].as_str().unwrap().parse().unwrap();
    assert_eq!(posted.json(), json!({ "received": true, "receipt": receipt.to_string() }));

    eventually("a new version", async || (stack.read(&org, DASHBOARD).await.etag() != before.etag()).then_some(()))
        .await;
    let after = stack.follows(&org).await;
    assert!(after.version() > before.version());
    let shown = after.json();
    assert_eq!(shown["pulse"]["total_calls"], 1);
    assert_eq!(shown["pulse"]["calls_today"], 1);
    assert_eq!(shown["leads"]["leads"][0]["phone_number"], "+15550100001");
    assert_eq!(shown["leads"]["leads"][0]["total_calls"], 1);
    assert_eq!(shown["activity"]["events"][0]["type"], "call_completed");
    let call = &shown["calls"]["calls"][0];
    assert_eq!((&call["caller_name"], &call["status"]), (&json!("Ada Canary"), &json!("completed")));
    assert_eq!(call["sentiment_summary"], "Ada booked a check-up for Friday at ten.");

    let still = stack.read(&other, DASHBOARD).await;
    assert_eq!((still.etag(), still.version()), (untouched.etag(), untouched.version()));
    stack.close().await;
}
