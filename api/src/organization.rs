//! `GET /api/organization`: the org's name and time zone.

use axum::{
    Json,
    extract::State,
    http::header::CACHE_CONTROL,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use store::Store;
use utoipa::ToSchema;

use crate::{
    auth::Authenticated,
    error::{ApiError, Problem},
};

/// The org of the token.
#[derive(Serialize, ToSchema)]
pub(crate) struct Organization {
    /// The org's name.
    name: Option<String>,
    /// IANA name of the time zone that its days are counted in; UTC if it is unknown.
    timezone: String,
}

/// `GET /api/organization`
#[utoipa::path(get, path = "/api/organization", tag = "organization", security(("token" = [])),
    responses((status = 200, description = "The org's name and time zone", body = Organization),
        (status = 401, description = "No valid token", body = Problem),
        (status = 503, description = "Postgres is unavailable", body = Problem)))]
pub(crate) async fn get(State(store): State<Store>, Authenticated(user): Authenticated) -> Result<Response, ApiError> {
    let found = store.organization(user.org).await?;
    let (name, timezone) = found.map_or((None, "UTC".to_owned()), |org| (org.name, org.calendar.name().to_owned()));
    Ok(([(CACHE_CONTROL, "no-store")], Json(Organization { name, timezone })).into_response())
}
