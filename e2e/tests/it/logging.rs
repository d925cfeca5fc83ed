//! The log: no process waits for its reader, and each failure leaves a line with the place and the reason.

use e2e::{Answer, Environment, Process, Stack, WEBHOOK_SECRET, eventually, report};
use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::Value;

use crate::ladder::postgres::read_only;

/// The lines of a log with this message.
fn lines(process: &Process, message: &str) -> Vec<Value> {
    let log = process.log();
    let all =
        log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("not JSON: {line}")));
    all.filter(|line| line["fields"]["message"] == message).collect()
}

#[tokio::test]
async fn a_blocked_standard_error_stops_no_process() {
    let stack = Stack::start().await;
    let org = stack.org().await;
    stack.follows(&org).await;
    // Refusals are sampled, but not the lines of libraries: they fill the pipe, which holds 64 kB, and the queue before it.
    let mut environment = stack.environment.clone();
    environment.insert("PREWARM_LOG", "trace".to_owned());
    let mut unread = Process::start_unread(&["api"], &environment);
    unread.ready(&stack.client).await;
    stack.sql("alter table prewarm.events add constraint h7 check (false) not valid").await;
    let dropped = async || stack.metrics(&unread).await.sum("prewarm_log_lines_dropped_total", &[]);
    let mut round = 0;
    while dropped().await == 0.0 {
        assert!(round < 2000, "the queue of lines is never full");
        round += 1;
        let refused = (0..10).map(|n| {
            let request = stack.client.post(unread.http("/webhooks/vapi")).header("x-vapi-secret", WEBHOOK_SECRET);
            Answer::to(request.json(&report(&org, &format!("call-{round}-{n}"), "+15550100007")))
        });
        for answer in join_all(refused).await {
            assert_eq!(answer.unwrap().status, StatusCode::UNPROCESSABLE_ENTITY, "{round}");
        }
    }
    for path in ["/livez", "/readyz", "/metrics"] {
        assert_eq!(Answer::to(stack.client.get(unread.admin(path))).await.unwrap().status, StatusCode::OK, "{path}");
    }
    let measured = stack.metrics(&unread).await;
    let refused = measured.sum("prewarm_refusals_total", &[("status", "422"), ("reason", "unfit")]);
    assert_eq!(refused, f64::from(10 * round));
    // The last lines at shutdown do not wait either.
    unread.stop().await;
    stack.close().await;
}

#[tokio::test]
async fn every_failed_rebuild_logs_the_org_and_the_reason() {
    let stack = Stack::start().await;
    let org = stack.org().await;
    stack.follows(&org).await;
    stack.sql("alter table prewarm.blobs add constraint c10 check (false) not valid").await;
    stack
        .sql(&format!(
            "insert into contacts (org_id, name, phone, lead_status) values ('{}', 'Canary', '+1', 'new')",
            org.id
        ))
        .await;
    let told = eventually("two tries leave two lines", async || {
        let told = lines(&stack.worker, "a job failed");
        (told.len() >= 2).then_some(told)
    })
    .await;
    for line in told {
        let fields = &line["fields"];
        assert_eq!((&fields["job"], &fields["subject"]), (&"rebuild".into(), &format!("org {}", org.id).into()));
        let reason = fields["reason"].as_str().unwrap();
        assert!(reason.contains("SQLSTATE 23514") && reason.contains("constraint c10"), "{reason}");
        assert!(!line.to_string().contains("Canary"), "{line}");
    }
    stack.close().await;
}

#[tokio::test]
async fn readyz_reports_a_database_that_takes_no_writes() {
    let stack = Stack::start().await;
    let org = stack.org().await;
    stack.follows(&org).await;
    let part = async |name: &str| {
        let answer = Answer::to(stack.client.get(stack.api.admin("/readyz"))).await.unwrap();
        // Dashboards are still served.
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        answer.json()["parts"][name].clone()
    };
    eventually("all is well", async || (part("writes").await["state"] == "ok").then_some(())).await;

    read_only(&stack, true).await;
    let reason = eventually("the reason is logged", async || {
        let writes = part("writes").await;
        (writes["state"] == "degraded").then(|| writes["reason"].as_str().unwrap().to_owned())
    })
    .await;
    assert!(reason.contains("read-only") && reason.contains("503"), "{reason}");
    eventually("a refused webhook is logged with its reason", async || {
        let message = report(&org, "call-h18", "+15550100018");
        assert_eq!(stack.post_once(&message).await.status, StatusCode::SERVICE_UNAVAILABLE);
        let intake = part("intake").await;
        // The first one may find a session that was ended with the others.
        intake["reason"].as_str().unwrap_or_default().contains("25006").then_some(())
    })
    .await;
    stack.read(&org, "/api/analytics/leads").await;

    read_only(&stack, false).await;
    eventually("writes are back", async || (part("writes").await["state"] == "ok").then_some(())).await;
    assert_eq!(stack.post(&report(&org, "call-h18", "+15550100018")).await.status, StatusCode::OK);
    eventually("the intake is well", async || (part("intake").await["state"] == "ok").then_some(())).await;
    stack.close().await;
}

#[tokio::test]
async fn an_unreachable_server_is_logged_with_its_own_error() {
    let stack = Stack::start().await;
    let mut environment: Environment = stack.environment.clone();
    environment.insert("REDIS_URL", "redis://127.0.0.1:1".to_owned());
    let mut api = Process::start(&["api"], &environment);
    api.ready(&stack.client).await;
    let told = eventually("the log says it once", async || {
        let changed = lines(&api, "a part of /readyz has changed");
        changed.into_iter().find(|line| line["fields"]["part"] == "redis")
    })
    .await;
    let reason = told["fields"]["reason"].as_str().unwrap();
    assert!(reason.to_lowercase().contains("connection refused"), "{reason}");
    api.stop().await;

    environment.insert("DATABASE_URL", "postgres://127.0.0.1:1/none".to_owned());
    let mut lost = Process::start(&["api"], &environment);
    let reason = eventually("/readyz has the reason", async || {
        let ready = Answer::to(stack.client.get(lost.admin("/readyz"))).await.ok()?.json();
        let reason = ready["parts"]["postgres"]["reason"].as_str()?.to_owned();
        reason.starts_with("unreachable").then_some(reason)
    })
    .await;
    assert!(reason.contains("nothing listens there"), "{reason}");
    lost.stop().await;
    stack.close().await;
}
