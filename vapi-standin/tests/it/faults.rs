use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use vapi_standin::{Chaos, Fault, Operation};

use super::Desk;

/// The result of a POST, and the number of assistants afterwards.
async fn after(fault: Fault) -> (Result<(StatusCode, Option<Value>), reqwest::Error>, usize) {
    let desk = Desk::new().await;
    let hangs = matches!(fault, Fault::Hang | Fault::HangAfter | Fault::Slow(_));
    desk.standin.fail_next(Operation::CreateAssistant, fault);
    let patience = Duration::from_secs(if hangs { 1 } else { 30 });
    let request = desk.request(Method::POST, "/assistant").json(&json!({"name": "Desk"}));
    let answer = match request.timeout(patience).send().await {
        Ok(response) => {
            let status = response.status();
            match response.bytes().await {
                Ok(body) => Ok((status, serde_json::from_slice(&body).ok())),
                Err(error) => Err(error),
            }
        }
        Err(error) => Err(error),
    };
    // The request has been received, and its work is done at once, even on a busy machine.
    desk.standin.asked(Operation::CreateAssistant, 1).await;
    (answer, desk.standin.assistants().len())
}

#[tokio::test]
async fn a_lost_answer_leaves_the_assistant_made() {
    for fault in [Fault::ResetAfter, Fault::Truncated, Fault::HangAfter, Fault::Slow(Duration::from_secs(60))] {
        let (answer, count) = after(fault.clone()).await;
        let error = answer.unwrap_err();
        assert_eq!(error.is_timeout(), matches!(fault, Fault::HangAfter | Fault::Slow(_)), "{fault:?}");
        assert_eq!(count, 1, "{fault:?}");
    }
    let (answer, count) = after(Fault::Garbage).await;
    assert_eq!((answer.unwrap(), count), ((StatusCode::CREATED, None), 1));
    let (answer, count) = after(Fault::StatusAfter(502)).await;
    assert_eq!((answer.unwrap(), count), ((StatusCode::BAD_GATEWAY, None), 1));
}

#[tokio::test]
async fn a_fault_before_the_work_leaves_nothing_behind() {
    for fault in [Fault::ResetBefore, Fault::Hang] {
        let (answer, count) = after(fault.clone()).await;
        assert_eq!((answer.unwrap_err().is_timeout(), count), (fault == Fault::Hang, 0), "{fault:?}");
    }
    let desk = Desk::new().await;
    desk.standin.fail_next(Operation::CreateAssistant, Fault::Redirect);
    desk.named("Desk").await;
    assert_eq!(desk.standin.count(Operation::CreateAssistant), 2, "this client follows");
    assert_eq!(desk.standin.assistants().len(), 1);
    let (answer, count) = after(Fault::status(503)).await;
    assert_eq!((answer.unwrap(), count), ((StatusCode::SERVICE_UNAVAILABLE, None), 0));
    let (answer, count) = after(Fault::status(409)).await;
    let body = json!({"message": "Conflict", "error": "Conflict", "statusCode": 409});
    assert_eq!((answer.unwrap(), count), ((StatusCode::CONFLICT, Some(body)), 0));
}

#[tokio::test]
async fn a_reset_is_a_reset_and_the_next_connection_works() {
    let desk = Desk::new().await;
    desk.standin.fail_next(Operation::CreateAssistant, Fault::ResetAfter);
    let request = || desk.request(Method::POST, "/assistant").json(&json!({"name": "Desk"}));
    let error = request().send().await.unwrap_err();
    let mut causes = std::iter::successors(Some(&error as &(dyn std::error::Error + 'static)), |error| error.source());
    let reset = |error: &(dyn std::error::Error + 'static)| {
        let io = error.downcast_ref::<std::io::Error>();
        io.is_some_and(|io| io.kind() == std::io::ErrorKind::ConnectionReset)
    };
    assert!(causes.any(reset), "{error:?}");
    assert_eq!(request().send().await.unwrap().status(), StatusCode::CREATED);
    assert_eq!(desk.standin.assistants().len(), 2);
}

#[tokio::test]
async fn faults_come_in_order_for_their_operation_and_end() {
    let desk = Desk::new().await;
    let retry_after = Some("7".to_owned());
    desk.standin.fail_next(Operation::ListAssistants, Fault::Status { code: 429, retry_after });
    desk.standin.fail_next(Operation::ListAssistants, Fault::status(500));
    desk.standin.fail_always(Operation::ListCalls, Fault::status(503));
    let status = async |path: &str| {
        let response = desk.request(Method::GET, path).send().await.unwrap();
        (response.status().as_u16(), response.headers().get("retry-after").cloned())
    };
    assert_eq!(status("/phone-number").await, (200, None));
    assert_eq!(status("/assistant").await, (429, Some("7".parse().unwrap())));
    assert_eq!(status("/assistant").await, (500, None));
    assert_eq!(status("/assistant").await, (200, None));
    assert_eq!((status("/call").await, status("/call").await), ((503, None), (503, None)));
    desk.standin.heal();
    assert_eq!(status("/call").await, (200, None));
}

#[tokio::test]
async fn the_same_seed_gives_the_same_faults() {
    let run = async |seed, percent| {
        let desk = Desk::new().await;
        desk.standin.set_chaos(Chaos { seed, percent, faults: vec![Fault::status(500), Fault::status(502)] });
        let mut statuses = Vec::new();
        for _ in 0..60 {
            let response = desk.request(Method::GET, "/assistant").send().await.unwrap();
            statuses.push(response.status().as_u16());
        }
        statuses
    };
    let statuses = run(7, 50).await;
    assert_eq!(run(7, 50).await, statuses);
    assert_ne!(run(8, 50).await, statuses);
    for status in [200, 500, 502] {
        assert!(statuses.contains(&status), "{status}");
    }
    assert_eq!(run(7, 0).await, [200; 60]);
    assert!(!run(7, 100).await.contains(&200));
}

#[tokio::test]
async fn a_test_can_wait_for_a_request() {
    let desk = Desk::new().await;
    desk.standin.fail_next(Operation::CreateAssistant, Fault::Hang);
    let request = desk.request(Method::POST, "/assistant").json(&json!({}));
    let hanging = tokio::spawn(request.send());
    desk.standin.asked(Operation::CreateAssistant, 1).await;
    assert!(!hanging.is_finished());
    hanging.abort();
}
