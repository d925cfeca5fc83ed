//! `/api/founder-console/test-agent`: a person speaks with an agent. The answer waits for nothing of Vapi's; how far the
//! call is, and where it is joined, comes on a stream.

use axum::{
    Json,
    extract::{Path, Request, State, rejection::PathRejection},
    http::header::CACHE_CONTROL,
    response::{IntoResponse, Response},
};
use readmodel::ids::OrgId;
use serde_json::json;
use store::{Error, Store, test_calls::TestCall};
use uuid::Uuid;

use super::{
    Console,
    body::{Refused, Tested, read},
    progress::{Stage, events},
};
use crate::{auth::Authenticated, error::ApiError};

/// `POST /api/founder-console/test-agent`. Repeated clicks are one call.
pub(crate) async fn start(
    State(console): State<Console>,
    Authenticated(user): Authenticated,
    request: Request,
) -> Result<Response, Refused> {
    let Tested { call_direction } = read(request.into_body()).await?;
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
) -> Result<Response, ApiError> {
    let Path(id) = id.map_err(|_| ApiError::NoTestCall)?;
    let (store, org) = (console.store.clone(), user.org);
    if look(store.clone(), org, id).await?.is_none() {
        return Err(ApiError::NoTestCall);
    }
    Ok(events(console.notices.watch(format!("test_call {id}"), move || look(store.clone(), org, id))))
}

/// Another org's call is none.
async fn look(store: Store, org: OrgId, id: Uuid) -> Result<Option<Stage>, Error> {
    let call = store.test_call(id).await?.filter(|call| call.org == org);
    Ok(call.map(|call| stage(id, call)))
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
