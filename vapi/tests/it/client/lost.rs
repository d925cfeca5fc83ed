use serde_json::json;
use vapi::{
    Payload,
    client::{Assistant, Client, Error},
};
use vapi_standin::{Fault, Operation};

use super::Line;
use crate::assistant::{agent, deployment};

/// Creates an assistant as callers do: after an unclear outcome, look before the next request.
async fn made(client: &Client, payload: &Payload) -> Assistant {
    let since = readmodel::time::Timestamp::from_micros(0);
    loop {
        match client.create_assistant(&payload.to_create()).await {
            Ok(assistant) => return assistant,
            Err(Error::Unclear { .. }) => {
                let made = client.assistants_created_since(since).await.unwrap();
                if let Some(ours) = made.into_iter().find(|assistant| assistant.agent == Some(agent().id)) {
                    return ours;
                }
            }
            Err(error) => panic!("{error:?}"),
        }
    }
}

#[tokio::test]
async fn a_lost_answer_is_found_without_a_second_create() {
    let payload = Payload::of(&agent(), &deployment());
    for (fault, posts) in [
        (Fault::ResetAfter, 1),
        (Fault::Truncated, 1),
        (Fault::Garbage, 1),
        (Fault::StatusAfter(504), 1),
        (Fault::ResetBefore, 2),
        (Fault::status(500), 2),
    ] {
        let line = Line::new().await;
        line.standin.fail_next(Operation::CreateAssistant, fault.clone());
        let assistant = made(&line.client, &payload).await;
        assert_eq!(line.standin.count(Operation::CreateAssistant), posts, "{fault:?}");
        assert_eq!(line.standin.assistants().len(), 1, "{fault:?}");
        assert_eq!(assistant.config_hash, Some(payload.hash()));
    }
}

/// The client itself never sends a request twice, not even after a broken connection.
#[tokio::test]
async fn no_request_is_retried_automatically() {
    for fault in [
        Fault::ResetBefore,
        Fault::ResetAfter,
        Fault::Truncated,
        Fault::Redirect,
        Fault::status(503),
        Fault::status(429),
    ] {
        let line = Line::new().await;
        // Opens a connection first.
        line.client.phone_numbers().await.unwrap();
        line.standin.fail_always(Operation::CreateAssistant, fault.clone());
        line.client.create_assistant(&json!({})).await.unwrap_err();
        assert_eq!(line.standin.count(Operation::CreateAssistant), 1, "{fault:?}");
    }
}
