//! The routes that hand out blobs.

use std::{sync::Arc, time::Instant};

use axum::{
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use metrics::histogram;
use monitoring::names;
use readmodel::{ids::OrgId, model::Model};

use crate::{
    answer::{Label, answer, count_error},
    auth::Authenticated,
    editions::{Editions, Found},
    error::ApiError,
};

/// `GET /api/analytics/leads`
pub(crate) async fn leads(state: State<Arc<Editions>>, user: Authenticated, headers: HeaderMap) -> Response {
    read(&state, user.0.org, Model::Leads, &headers).await
}

/// `GET /api/analytics/dashboard-pulse`
pub(crate) async fn pulse(state: State<Arc<Editions>>, user: Authenticated, headers: HeaderMap) -> Response {
    read(&state, user.0.org, Model::Pulse, &headers).await
}

/// `GET /api/analytics/recent-activity`
pub(crate) async fn activity(state: State<Arc<Editions>>, user: Authenticated, headers: HeaderMap) -> Response {
    read(&state, user.0.org, Model::Activity, &headers).await
}

/// `GET /api/analytics/dashboard`
pub(crate) async fn dashboard(state: State<Arc<Editions>>, user: Authenticated, headers: HeaderMap) -> Response {
    read(&state, user.0.org, Model::Dashboard, &headers).await
}

/// One model of the caller's own org.
pub(crate) async fn read(editions: &Arc<Editions>, org: OrgId, model: Model, headers: &HeaderMap) -> Response {
    let arrived = Instant::now();
    let answered = match editions.get(org).await {
        Ok(found) => of_found(editions, &found, model, headers),
        Err(_) => Err(ApiError::Unavailable),
    };
    histogram!(names::READ_SECONDS).record(arrived.elapsed());
    answered.unwrap_or_else(|error| {
        count_error(model.name());
        error.into_response()
    })
}

fn of_found(
    editions: &Editions,
    Found { entry, source }: &Found,
    model: Model,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    let label = Label {
        model: model.name(),
        version: entry.version,
        as_of: entry.as_of,
        next_change_at: entry.next_change_at,
        source: source.name(),
        stale: editions.stale(entry),
        now: editions.now.now(),
    };
    let body = entry.body(model);
    answer(headers, &label, &body.etag, |coding| {
        body.coded(coding)
            .inspect_err(|error| tracing::error!(org = %entry.org, %model, %error, "a body could not be coded"))
            .ok()
    })
}
