//! `/api/founder-console/test-agent`: test calls with an agent. The answer does not wait for Vapi; the stages of the
//! call, and where to join it, come on a stream.

use axum::{
    Json,
    extract::{
        Path, Query, Request, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::{HeaderMap, header::CACHE_CONTROL},
    response::{IntoResponse, Response},
};
use readmodel::ids::OrgId;
use serde::Deserialize;
use serde_json::json;
use store::{Error, Store, queue::Queue, test_calls::TestCall};
use uuid::Uuid;

use super::{
    Console,
    body::{BodyRefused, Tested},
    progress::{StageEvent, events},
    wire::{TestCallOpened, TestCallProgress},
};
use crate::{auth::Authenticated, error::ApiError};

/// `POST /api/founder-console/test-agent`. Repeated clicks return the same call.
#[utoipa::path(post, path = "/api/founder-console/test-agent", operation_id = "open_test_call", tag = "console",
    security(("token" = [])), request_body = Tested,
    responses((status = 200, description = "The call is being made", body = TestCallOpened)))]
pub(crate) async fn start(
    State(console): State<Console>,
    Authenticated(user): Authenticated,
    request: Request,
) -> Result<Response, BodyRefused> {
    let Tested { call_direction } = console.read(user.org, request.into_body(), Ok).await?;
    let opened = console.store.open_test_call(Uuid::new_v4(), user.org, call_direction.as_str()).await;
    let opened = opened.map_err(ApiError::from)?.ok_or(ApiError::NoAgent)?;
    console.store.wake_workers(Queue::Prewarm);
    let body = TestCallOpened {
        success: true,
        web_call_id: opened.id,
        assistant_id: opened.assistant_id,
        stream: format!("/api/founder-console/test-agent/{}/events", opened.id),
        message: "Connecting to the assistant.",
    };
    Ok(([(CACHE_CONTROL, "no-store")], Json(body)).into_response())
}

/// The end of a watch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Until {
    /// The call can be joined, or failed.
    #[default]
    Ready,
    /// The conversation has ended.
    Ended,
}

/// The query of a watch.
#[derive(Default, Deserialize)]
pub(crate) struct WatchQuery {
    #[serde(default)]
    until: Until,
}

/// `GET /api/founder-console/test-agent/{webCallId}/events?until=`
#[utoipa::path(get, path = "/api/founder-console/test-agent/{webCallId}/events", operation_id = "test_call_events",
    tag = "console", security(("token" = [])),
    params(("webCallId" = String, Path, format = "uuid"),
        ("until" = Option<String>, Query, description = "ready, or ended to follow the call until the conversation has ended", pattern = "^(ready|ended)$")),
    responses((status = 200, description = "Events named by their stage; data: TestCallProgress",
        content_type = "text/event-stream", body = String)))]
pub(crate) async fn watch(
    State(console): State<Console>,
    Authenticated(user): Authenticated,
    id: Result<Path<Uuid>, PathRejection>,
    query: Result<Query<WatchQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, BodyRefused> {
    let Path(id) = id.map_err(|_| ApiError::NoTestCall)?;
    let Query(WatchQuery { until }) = query?;
    let share = console.quotas.watcher(user.org, &headers)?;
    let (store, org) = (console.store.clone(), user.org);
    if read_stages(store.clone(), org, id, until).await.map_err(ApiError::from)?.is_empty() {
        return Err(ApiError::NoTestCall.into());
    }
    Ok(events(
        console.notices.watch(format!("test_call {id}"), move || read_stages(store.clone(), org, id, until)),
        share,
    ))
}

impl Until {
    /// A call as its watcher should see it. Its stage becomes `ended` when it has been joined, or when nobody joined in
    /// time, which frees the agent for another test call; a watcher until `ended` sees that stage only when the
    /// conversation has ended.
    fn seen(self, call: TestCall) -> TestCall {
        use store::test_calls::TestCallStage::{Ended, Ready};
        match (self, call.stage) {
            (Self::Ended, Ready | Ended) => TestCall { stage: if call.is_over { Ended } else { Ready }, ..call },
            _ => call,
        }
    }

    fn is_last(self, stage: store::test_calls::TestCallStage) -> bool {
        stage.is_last() && !(self == Self::Ended && stage == store::test_calls::TestCallStage::Ready)
    }
}

/// Reads a call and its stages; none if it is another org's.
async fn read_stages(store: Store, org: OrgId, id: Uuid, until: Until) -> Result<Vec<StageEvent>, Error> {
    let call = store.test_call(id).await?.filter(|call| call.org == org);
    if call.as_ref().is_some_and(|call| !call.stage.is_last()) {
        // Without workers nothing else ends the call. A notice announces it.
        store.close_test_calls().await?;
    }
    Ok(call.map(|call| stages(id, until.seen(call), until)).unwrap_or_default())
}

/// The stage of a call and those that it has passed, since Vapi may be faster than the reader.
fn stages(id: Uuid, call: TestCall, until: Until) -> Vec<StageEvent> {
    use store::test_calls::TestCallStage::{Connecting, Ended, Failed, Preparing, Ready};
    let passed: &[_] = match call.stage {
        Preparing => &[],
        Connecting | Failed => &[Preparing],
        Ready | Ended => &[Preparing, Connecting],
    };
    let passed =
        passed.iter().map(|stage| TestCall { stage: *stage, web_call_url: None, reason: None, ..call.clone() });
    passed.chain([call.clone()]).map(|call| stage(id, call, until)).collect()
}

fn stage(id: Uuid, call: TestCall, until: Until) -> StageEvent {
    let TestCall { stage, assistant_id, web_call_url, reason, .. } = call;
    StageEvent {
        name: stage.as_str(),
        data: json!(TestCallProgress { web_call_id: id, stage: stage.as_str(), assistant_id, web_call_url, reason }),
        is_last: until.is_last(stage),
    }
}

#[cfg(test)]
mod tests {
    use readmodel::{ids::AgentId, time::Timestamp};
    use store::test_calls;

    use super::*;

    #[test]
    fn a_call_is_shown_with_the_stages_that_it_has_passed() {
        let shown = |stage, until: Until, is_over| {
            let call = TestCall {
                org: OrgId(Uuid::nil()),
                agent: AgentId(Uuid::nil()),
                stage,
                assistant_id: Some("assistant".to_owned()),
                web_call_url: Some("https://room".to_owned()),
                reason: None,
                created_at: Timestamp::from_micros(0),
                is_over,
            };
            let stages = stages(Uuid::nil(), until.seen(call), until);
            let urls = stages.iter().filter(|stage| !stage.data["webCallUrl"].is_null()).count();
            assert_eq!(urls, 1, "only where it may be joined");
            stages.iter().map(|stage| stage.name).collect::<Vec<_>>()
        };
        let ready = Until::Ready;
        assert_eq!(shown(test_calls::TestCallStage::Preparing, ready, false), ["preparing"]);
        assert_eq!(shown(test_calls::TestCallStage::Ready, ready, false), ["preparing", "connecting", "ready"]);
        assert_eq!(shown(test_calls::TestCallStage::Failed, ready, false), ["preparing", "failed"]);
        // The row is closed when the call is joined, but the call itself has not ended.
        assert_eq!(shown(test_calls::TestCallStage::Ended, Until::Ended, false), ["preparing", "connecting", "ready"]);
        assert!(
            !Until::Ended.is_last(test_calls::TestCallStage::Ready) && ready.is_last(test_calls::TestCallStage::Ready)
        );
        assert!(Until::Ended.is_last(test_calls::TestCallStage::Ended));
    }
}
