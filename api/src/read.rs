//! The routes that serve blobs.

use std::{sync::Arc, time::Instant};

use axum::{
    extract::{Query, Request, State},
    http::{HeaderMap, request::Parts},
    response::Response,
};
use bytes::Bytes;
use readmodel::{
    activity::Activity, calls::Calls, ids::OrgId, leads::Leads, model::Model, pulse::Pulse, version::Version,
};
use serde::Deserialize;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App,
    answer::{Shown, answer, refuse},
    auth::Authenticated,
    coding::{Accepted, Coding},
    conditions, delta,
    editions::{Content, Editions},
    error::{ApiError, Problem},
};

/// The routes of the panels, and the one of the whole dashboard.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(leads))
        .routes(routes!(pulse))
        .routes(routes!(activity))
        .routes(routes!(dashboard))
}

/// `GET /api/analytics/leads`
#[utoipa::path(get, path = "/api/analytics/leads", tag = "panels", security(("token" = [])),
    responses((status = 200, description = "The leads to follow up first", body = Leads)))]
pub(crate) async fn leads(state: State<Arc<Editions>>, user: Authenticated, request: Request) -> Response {
    read(&state, user.0.org, Model::Leads, &request.into_parts().0).await
}

/// `GET /api/analytics/dashboard-pulse`
#[utoipa::path(get, path = "/api/analytics/dashboard-pulse", tag = "panels", security(("token" = [])),
    responses((status = 200, description = "Totals, and the calls of the last week by hour", body = Pulse)))]
pub(crate) async fn pulse(state: State<Arc<Editions>>, user: Authenticated, request: Request) -> Response {
    read(&state, user.0.org, Model::Pulse, &request.into_parts().0).await
}

/// `GET /api/analytics/recent-activity`
#[utoipa::path(get, path = "/api/analytics/recent-activity", tag = "panels", security(("token" = [])),
    responses((status = 200, description = "The newest ten events", body = Activity)))]
pub(crate) async fn activity(state: State<Arc<Editions>>, user: Authenticated, request: Request) -> Response {
    read(&state, user.0.org, Model::Activity, &request.into_parts().0).await
}

/// All panels of one version, each as its own route gives it.
#[derive(utoipa::ToSchema)]
#[schema(as = Dashboard)]
#[expect(dead_code, reason = "describes an answer that is joined of bytes")]
pub(crate) struct Dashboard {
    pulse: Pulse,
    leads: Leads,
    activity: Activity,
    calls: Calls,
}

/// `GET /api/analytics/dashboard`
#[utoipa::path(get, path = "/api/analytics/dashboard", tag = "panels", security(("token" = [])),
    params(("version" = Option<Version>, Query, description = "A recent version, `<epoch>-<n>`; by default the newest")),
    responses((status = 200, description = "All panels of one version", body = Dashboard),
        (status = 410, description = "The version is not kept", body = Problem)))]
pub(crate) async fn dashboard(state: State<Arc<Editions>>, user: Authenticated, request: Request) -> Response {
    let (request, _) = request.into_parts();
    match version_of(&request) {
        Ok(None) => read(&state, user.0.org, Model::Dashboard, &request).await,
        Ok(Some(version)) => {
            let shown = past(&state, user.0.org, version, &request).await;
            shown.unwrap_or_else(|error| refuse(&state.reads, Model::Dashboard, error))
        }
        Err(error) => refuse(&state.reads, Model::Dashboard, error),
    }
}

/// The requested version of the dashboard; `None` for the newest.
fn version_of(request: &Parts) -> Result<Option<Version>, ApiError> {
    #[derive(Deserialize)]
    struct VersionQuery {
        version: Option<String>,
    }
    let Query(VersionQuery { version }) = Query::try_from_uri(&request.uri).map_err(|_| ApiError::Version)?;
    version.map(|version| version.parse().map_err(|_| ApiError::Version)).transpose()
}

/// The dashboard of an earlier version, if this node has seen it and still keeps it. It is never labelled stale.
async fn past(editions: &Arc<Editions>, org: OrgId, version: Version, request: &Parts) -> Result<Response, ApiError> {
    // The conditions cannot be met by waiting, but must be well-formed.
    conditions::of(&request.headers)?;
    let found = editions.get(org).await?;
    let past = found.entry.at(version).ok_or(ApiError::Gone)?;
    if past.version < found.entry.version && editions.may_show_erased(org, past.as_of).await? {
        return Err(ApiError::Gone);
    }
    let shown = Shown {
        model: Model::Dashboard,
        labels: &past.labels,
        etag: &past.etag,
        source: found.source,
        stale: None,
        age_seconds: editions.now.at(Instant::now()).seconds_since(past.as_of),
    };
    answer(request, &editions.reads, &shown, |headers| {
        let coding = Accepted::of(headers).best(false).ok_or(ApiError::NotAcceptable)?;
        let identity = past.packed.unpack().ok_or(ApiError::Internal)?;
        Ok((coding, coding.encode(&identity).map_err(|_| ApiError::Internal)?.into()))
    })
}

/// Answers a read of a model of the caller's org.
pub(crate) async fn read(editions: &Arc<Editions>, org: OrgId, model: Model, request: &Parts) -> Response {
    let arrived = Instant::now();
    let answered = answered(editions, org, model, request).await;
    editions.reads.record(arrived.elapsed());
    answered.unwrap_or_else(|error| refuse(&editions.reads, model, error))
}

async fn answered(editions: &Arc<Editions>, org: OrgId, model: Model, request: &Parts) -> Result<Response, ApiError> {
    let (found, behind) = match conditions::of(&request.headers)? {
        None => (editions.get(org).await?, None),
        Some(conditions) => Box::pin(editions.wait_for(org, conditions)).await?,
    };
    // Now rather than at the request's arrival, since it may have waited.
    let now = Instant::now();
    let entry = &found.entry;
    let body = entry.body(model);
    let shown = Shown {
        model,
        labels: &body.labels,
        etag: &body.content.etag,
        source: found.source,
        stale: behind.or_else(|| editions.stale(entry, now)),
        age_seconds: editions.now.at(now).seconds_since(entry.as_of),
    };
    answer(request, &editions.reads, &shown, |headers| represent(headers, &body.content))
}

/// The body as the request prefers it: a delta from the body that the client has, or else the whole in the best coding.
fn represent(request: &HeaderMap, content: &Content) -> Result<(Coding, Bytes), ApiError> {
    let accepted = Accepted::of(request);
    if let Some(held) = delta::held(request)
        && accepted.best(true) == Some(Coding::Dcz)
        && let Some(delta) = content.delta(held)
    {
        return Ok((Coding::Dcz, delta));
    }
    let coding = accepted.best(false).ok_or(ApiError::NotAcceptable)?;
    Ok((coding, content.coded(coding).ok_or(ApiError::Internal)?))
}
