use std::time::Duration;

use readmodel::time::Timestamp;
use serde_json::json;
use vapi::client::{Cause, Client, Error};
use vapi_standin::{Fault, Operation, RateLimit, Standin};

use super::{Line, config_of};

const NOWHERE: &str = "00000000-0000-4000-8000-00000000dead";

/// The errors of a creation, an update, a deletion and a look-up under this fault.
async fn errors(fault: Fault) -> [Error; 4] {
    // A client each, since four failures in a row nearly open the breaker.
    let line = Line::new().await;
    let id = line.client.create_assistant(&json!({})).await.unwrap().id;
    let operations =
        [Operation::CreateAssistant, Operation::UpdateAssistant, Operation::DeleteAssistant, Operation::GetAssistant];
    operations.iter().for_each(|operation| line.standin.fail_next(*operation, fault.clone()));
    [
        line.client.create_assistant(&json!({})).await.unwrap_err(),
        line.client.update_assistant(&id, &json!({})).await.unwrap_err(),
        line.client.delete_assistant(&id).await.unwrap_err(),
        line.client.assistant(NOWHERE).await.unwrap_err(),
    ]
}

/// The outcome of a failed write may be unclear; a read has none.
#[tokio::test]
async fn every_failure_says_whether_something_may_have_been_done() {
    for (fault, cause) in [
        (Fault::ResetBefore, Cause::Broken),
        (Fault::ResetAfter, Cause::Broken),
        (Fault::Garbage, Cause::Unreadable),
        (Fault::status(500), Cause::Status(500)),
        (Fault::StatusAfter(502), Cause::Status(502)),
        (Fault::status(503), Cause::Status(503)),
        (Fault::status(504), Cause::Status(504)),
        (Fault::status(408), Cause::Status(408)),
    ] {
        let [created, updated, deleted, read] = errors(fault.clone()).await;
        let unclear = Error::Unclear { cause, retry_after: None };
        assert_eq!([created, updated, deleted], [unclear.clone(), unclear.clone(), unclear.clone()], "{fault:?}");
        assert_eq!(read, Error::Unavailable { cause, retry_after: None }, "{fault:?}");
        assert!(unclear.is_retryable() && read.is_retryable());
    }
}

#[tokio::test]
async fn a_truncated_response_is_a_failure() {
    let [created, ..] = errors(Fault::Truncated).await;
    assert_eq!(created, Error::Unclear { cause: Cause::Broken, retry_after: None });
    // Refusals too: half a 404, or a gateway's 404, must not cause a second assistant.
    for (fault, cause) in [(Fault::Truncated, Cause::Broken), (Fault::Garbage, Cause::Unreadable)] {
        let line = Line::new().await;
        line.standin.fail_next(Operation::UpdateAssistant, fault);
        let error = line.client.update_assistant(NOWHERE, &json!({})).await.unwrap_err();
        assert_eq!(error, Error::Unclear { cause, retry_after: None });
    }
}

#[tokio::test]
async fn refusals_by_status_are_not_retried() {
    for status in [301, 400, 401, 402, 403, 409, 413, 422] {
        for error in errors(Fault::status(status)).await {
            assert!(matches!(error, Error::Rejected { status: told, .. } if told == status), "{status}: {error:?}");
            assert!(!error.is_retryable());
        }
    }
    for error in errors(Fault::status(404)).await {
        assert_eq!((&error, error.is_retryable()), (&Error::Missing, false));
    }
}

#[tokio::test]
async fn a_failed_connection_means_nothing_was_done() {
    let standin = Standin::start(vapi_standin::Config::default()).await.unwrap();
    let client = Client::new(config_of(&standin)).unwrap();
    drop(standin);
    let error = client.create_assistant(&json!({})).await.unwrap_err();
    assert_eq!(error, Error::Unavailable { cause: Cause::Connect, retry_after: None });
}

#[tokio::test]
async fn retry_after_is_read_in_every_form() {
    for (text, wait) in [(Some("7"), Some(7)), (Some("0.5"), Some(0)), (None, None), (Some("soon"), None)] {
        let line = Line::new().await;
        let fault = Fault::Status { code: 429, retry_after: text.map(str::to_owned) };
        line.standin.fail_next(Operation::GetAssistant, fault);
        let error = line.client.assistant(NOWHERE).await.unwrap_err();
        assert!(matches!(error, Error::Busy { .. }) && error.is_retryable(), "{error:?}");
        assert_eq!(error.retry_after().map(|wait| wait.as_secs()), wait, "{text:?}");
        let fault = Fault::Status { code: 503, retry_after: text.map(str::to_owned) };
        let line = Line::new().await;
        line.standin.fail_next(Operation::CreateAssistant, fault);
        let error = line.client.create_assistant(&json!({})).await.unwrap_err();
        assert_eq!(error.retry_after().map(|wait| wait.as_secs()), wait, "{text:?}");
    }
    // A date is relative to the response's Date header.
    let line = Line::new().await;
    let date = "Fri, 01 Jan 2100 00:00:00 GMT".to_owned();
    line.standin.fail_next(Operation::GetAssistant, Fault::Status { code: 429, retry_after: Some(date) });
    let error = line.client.assistant(NOWHERE).await.unwrap_err();
    assert_eq!(error, Error::Busy { retry_after: Some(Duration::from_secs(3600)) }, "never more than an hour");
}

/// The time-out is the client's. The test's clock jumps once the request has arrived.
#[tokio::test]
async fn a_request_without_a_response_times_out() {
    for (fault, made) in [(Fault::Hang, 0), (Fault::HangAfter, 1), (Fault::Slow(Duration::from_secs(60)), 1)] {
        let line = Line::new().await;
        line.standin.fail_next(Operation::CreateAssistant, fault.clone());
        let client = line.client.clone();
        let hanging = tokio::spawn(async move { client.create_assistant(&json!({})).await });
        line.standin.asked(Operation::CreateAssistant, 1).await;
        tokio::time::pause();
        let asked = tokio::time::Instant::now();
        let error = hanging.await.unwrap().unwrap_err();
        assert_eq!(error, Error::Unclear { cause: Cause::TimedOut, retry_after: None }, "{fault:?}");
        assert!(asked.elapsed() < Duration::from_secs(11), "{:?}", asked.elapsed());
        tokio::time::resume();
        assert_eq!(line.standin.assistants().len(), made, "{fault:?}");
        assert_eq!(line.observed(), [("create_assistant", "timeout".to_owned())]);
    }
}

/// No request is sent while Vapi is down, and one probe detects that it is back.
#[tokio::test]
async fn an_outage_is_not_hammered() {
    let line = Line::new().await;
    line.standin.fail_always(Operation::GetAssistant, Fault::status(503));
    for _ in 0..5 {
        line.client.assistant(NOWHERE).await.unwrap_err();
    }
    // With a paused clock, a slow machine cannot end the pause.
    tokio::time::pause();
    for clone in [line.client.clone(), line.client.clone()] {
        let Error::Unavailable { cause: Cause::Paused, retry_after: Some(left) } =
            clone.create_assistant(&json!({})).await.unwrap_err()
        else {
            panic!("asked")
        };
        assert!(left <= Duration::from_secs(1), "{left:?}");
    }
    assert_eq!((line.standin.requests().len(), line.observed().len()), (5, 5), "what is not sent is not counted");
    line.standin.heal();
    tokio::time::advance(Duration::from_secs(1)).await;
    tokio::time::resume();
    line.client.create_assistant(&json!({})).await.unwrap();
    line.client.create_assistant(&json!({})).await.unwrap();
}

/// A list that times out does not count as an outage.
#[tokio::test]
async fn a_slow_list_delays_no_other_request() {
    let line = Line::new().await;
    for fault in [Fault::Garbage, Fault::ResetBefore, Fault::Truncated] {
        line.standin.fail_always(Operation::ListCalls, fault);
        for _ in 0..3 {
            let error = line.client.calls_changed_since(Timestamp::from_micros(0), None, 9).await.unwrap_err();
            assert!(error.may_be_length(), "{error:?}");
        }
    }
    line.client.create_assistant(&json!({})).await.unwrap();
    // A 503 for a list does.
    line.standin.fail_always(Operation::ListCalls, Fault::status(503));
    for _ in 0..5 {
        let error = line.client.calls_changed_since(Timestamp::from_micros(0), None, 9).await.unwrap_err();
        assert!(!error.may_be_length(), "{error:?}");
    }
    line.client.create_assistant(&json!({})).await.unwrap_err();
}

#[tokio::test]
async fn no_request_is_sent_before_a_429_allows_it() {
    let limit = RateLimit { requests: 2, per: Duration::from_secs(3600), says_when: true };
    let line = Line::with(vapi_standin::Config { rate_limit: Some(limit), ..Default::default() }).await;
    for _ in 0..2 {
        line.client.create_assistant(&json!({})).await.unwrap();
    }
    let told = line.client.create_assistant(&json!({})).await.unwrap_err().retry_after().unwrap();
    for _ in 0..3 {
        let error = line.client.clone().create_assistant(&json!({})).await.unwrap_err();
        assert!(matches!(error, Error::Busy { retry_after: Some(left) } if left <= told), "{error:?}");
    }
    assert_eq!(line.standin.requests().len(), 3);
}
