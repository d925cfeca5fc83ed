//! `/api/founder-console/test-agent`: a person speaks with an agent. The answer waits for nothing of Vapi's; how far the
//! call is, and where it is joined, comes on a stream.

use axum::{
    Json,
    extract::{Path, Request, State, rejection::PathRejection},
    http::{HeaderMap, header::CACHE_CONTROL},
    response::{IntoResponse, Response},
};
use readmodel::ids::OrgId;
use serde_json::json;
use store::{Error, Store, test_calls::TestCall};
use uuid::Uuid;

use super::{
    Console,
    body::{Refused, Tested},
    progress::{Stage, events},
};
use crate::{auth::Authenticated, error::ApiError};

/// `POST /api/founder-console/test-agent`. Repeated clicks are one call.
pub(crate) async fn start(
    State(console): State<Console>,
    Authenticated(user): Authenticated,
    request: Request,
) -> Result<Response, Refused> {
    let Tested { call_direction } = console.read(user.org, request.into_body(), Ok).await?;
    let opened = console.store.open_test_call(Uuid::new_v4(), user.org, call_direction.as_str()).await;
    let opened = opened.map_err(ApiError::from)?.ok_or(ApiError::NoAgent)?;
    console.ring();
    let body = json!({
        "success": true,
        "webCallId": opened.id,
        "assistantId": opened.assistant_id,
        "stream": format!("/api/founder-console/test-agent/{}/events", opened.id),
        "message": "Connecting to the assistant.",
    });
    Ok(([(CACHE_CONTROL, "no-store")], Json(body)).into_response())
}

/// `GET /api/founder-console/test-agent/{webCallId}/events`
pub(crate) async fn watch(
    State(console): State<Console>,
    Authenticated(user): Authenticated,
    id: Result<Path<Uuid>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let Path(id) = id.map_err(|_| ApiError::NoTestCall)?;
    let share = console.quotas.watcher(user.org, &headers)?;
    let (store, org) = (console.store.clone(), user.org);
    if look(store.clone(), org, id).await?.is_empty() {
        return Err(ApiError::NoTestCall);
    }
    Ok(events(console.notices.watch(format!("test_call {id}"), move || look(store.clone(), org, id)), share))
}

/// Another org's call is none.
async fn look(store: Store, org: OrgId, id: Uuid) -> Result<Vec<Stage>, Error> {
    let call = store.test_call(id).await?.filter(|call| call.org == org);
    if call.as_ref().is_some_and(|call| !call.stage.is_last()) {
        // Where no worker is, nobody else ends it. A notice tells of it.
        store.close_test_calls().await?;
    }
    Ok(call.map(|call| stages(id, call)).unwrap_or_default())
}

/// The stage of a call, after those that it has passed: Vapi may be faster than whoever watches.
fn stages(id: Uuid, call: TestCall) -> Vec<Stage> {
    use store::test_calls::Stage::{Connecting, Ended, Failed, Preparing, Ready};
    let passed: &[_] = match call.stage {
        Preparing => &[],
        Connecting | Failed => &[Preparing],
        Ready | Ended => &[Preparing, Connecting],
    };
    let passed =
        passed.iter().map(|stage| TestCall { stage: *stage, web_call_url: None, reason: None, ..call.clone() });
    passed.chain([call.clone()]).map(|call| stage(id, call)).collect()
}

fn stage(id: Uuid, call: TestCall) -> Stage {
    let TestCall { stage, assistant_id, web_call_url, reason, .. } = call;
    Stage {
        name: stage.name(),
        data: json!({
            "webCallId": id,
            "stage": stage.name(),
            "assistantId": assistant_id,
            "webCallUrl": web_call_url,
            "reason": reason,
        }),
        is_last: stage.is_last(),
    }
}

#[cfg(test)]
mod tests {
    use readmodel::{ids::AgentId, time::Timestamp};
    use store::test_calls;

    use super::*;

    #[test]
    fn a_call_is_shown_with_the_stages_that_it_has_passed() {
        let shown = |stage| {
            let call = TestCall {
                org: OrgId(Uuid::nil()),
                agent: AgentId(Uuid::nil()),
                stage,
                assistant_id: Some("assistant".to_owned()),
                web_call_url: Some("https://room".to_owned()),
                reason: None,
                created_at: Timestamp::from_micros(0),
            };
            let stages = stages(Uuid::nil(), call);
            let urls = stages.iter().filter(|stage| !stage.data["webCallUrl"].is_null()).count();
            assert_eq!(urls, 1, "only where it may be joined");
            stages.iter().map(|stage| stage.name).collect::<Vec<_>>()
        };
        assert_eq!(shown(test_calls::Stage::Preparing), ["preparing"]);
        assert_eq!(shown(test_calls::Stage::Ready), ["preparing", "connecting", "ready"]);
        assert_eq!(shown(test_calls::Stage::Failed), ["preparing", "failed"]);
    }
}
