//! `GET /api/organization`: whose dashboard it is, and by which days it counts.

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

/// The org of a token.
#[derive(Serialize, ToSchema)]
pub(crate) struct Organization {
    /// What it calls itself.
    name: Option<String>,
    /// The IANA name of the zone whose midnight begins its day: UTC where none is known.
    timezone: String,
}

/// `GET /api/organization`
#[utoipa::path(get, path = "/api/organization", tag = "organization", security(("token" = [])),
    responses((status = 200, description = "Its name and its time zone", body = Organization),
        (status = 401, description = "No token that holds", body = Problem),
        (status = 503, description = "Nothing to read it from", body = Problem)))]
pub(crate) async fn get(State(store): State<Store>, Authenticated(user): Authenticated) -> Result<Response, ApiError> {
    let found = store.organization(user.org).await?;
    let (name, timezone) = found.map_or((None, "UTC".to_owned()), |org| (org.name, org.calendar.name().to_owned()));
    Ok(([(CACHE_CONTROL, "no-store")], Json(Organization { name, timezone })).into_response())
}
