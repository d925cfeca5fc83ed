//! `GET /openapi.json`: the read API as OpenAPI 3.1 describes it, from the types that it serialises.

use std::sync::LazyLock;

use axum::{
    http::{
        HeaderValue,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::IntoResponse,
};
use bytes::Bytes;
use readmodel::{activity::Activity, calls::Calls, leads::Leads, pulse::Pulse};
use utoipa::{
    Modify, OpenApi, ToSchema,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};

/// All panels of one version, as they are joined.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is joined from bytes")]
pub(crate) struct Dashboard {
    pulse: Pulse,
    leads: Leads,
    activity: Activity,
    calls: Calls,
}

/// Why there is no such answer.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is written by hand")]
pub(crate) struct Problem {
    /// One line for people.
    error: String,
}

#[derive(OpenApi)]
#[openapi(
    info(title = "Prewarm", description = "Dashboards that are ready before anyone asks."),
    paths(
        crate::read::leads,
        crate::read::pulse,
        crate::read::activity,
        crate::read::dashboard,
        crate::calls::calls,
        crate::organization::get
    ),
    components(schemas(Leads, Pulse, Activity, Calls, Dashboard, crate::organization::Organization, Problem)),
    modifiers(&Token)
)]
struct Api;

/// How a request says who asks.
struct Token;

impl Modify for Token {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        let components = api.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
    }
}

static DESCRIPTION: LazyLock<Bytes> = LazyLock::new(|| Api::openapi().to_pretty_json().unwrap_or_default().into());

/// The route.
pub(crate) async fn description() -> impl IntoResponse {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8")),
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    (headers, DESCRIPTION.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the dashboard's types are made from; `PREWARM_UPDATE=1` renews it.
    const CHECKED_IN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../dashboard/openapi.json");

    #[test]
    fn the_dashboards_types_are_made_from_what_is_served() {
        let served = String::from_utf8(DESCRIPTION.to_vec()).unwrap() + "\n";
        if std::env::var_os("PREWARM_UPDATE").is_some() {
            std::fs::write(CHECKED_IN, &served).unwrap();
        }
        let checked_in = std::fs::read_to_string(CHECKED_IN).unwrap();
        assert_eq!(checked_in, served, "PREWARM_UPDATE=1 renews it; then npm run types --prefix dashboard");
    }
}
