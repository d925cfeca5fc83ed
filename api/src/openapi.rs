//! `GET /openapi.json`: the API as OpenAPI 3.1, generated from its types.

use axum::{
    Router,
    http::{
        HeaderValue,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::IntoResponse,
};
use bytes::Bytes;
use readmodel::version::{Receipt, Version};
use utoipa::{
    Modify, OpenApi, PartialSchema,
    openapi::{
        ContentBuilder, Header, Ref, RefOr, Required, Response, ResponseBuilder,
        path::{Operation, ParameterBuilder, ParameterIn},
        schema::Schema,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use utoipa_axum::router::OpenApiRouter;

use crate::{
    console::wire::{AgentProgress, FieldProblem, Refusal, TestCallProgress},
    error::Problem,
    stream::News,
};

/// The description that all routes share, and the schemas that no route names by itself.
#[derive(OpenApi)]
#[openapi(
    info(title = "Prewarm", description = "Dashboards that are ready before anyone asks."),
    components(schemas(News, Version, Receipt, AgentProgress, TestCallProgress, Refusal, FieldProblem, Problem)),
    modifiers(&Token)
)]
struct Api;

/// The router, and its description as JSON.
pub(crate) fn described<S: Clone + Send + Sync + 'static>(routes: OpenApiRouter<S>) -> (Router<S>, Bytes) {
    let (routes, mut api) = OpenApiRouter::with_openapi(Api::openapi()).merge(routes).split_for_parts();
    Common.modify(&mut api);
    (routes, api.to_pretty_json().unwrap_or_default().into())
}

/// `GET /openapi.json`
pub(crate) async fn answer(description: Bytes) -> impl IntoResponse {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8")),
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    (headers, description)
}

/// The authentication of requests.
struct Token;

impl Modify for Token {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        let components = api.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
    }
}

/// The parameters and answers that all routes of a kind have.
struct Common;

impl Modify for Common {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let items = api.paths.paths.values_mut();
        for operation in items.flat_map(|item| [&mut item.get, &mut item.post]).flatten() {
            let tag = operation.tags.iter().flatten().next().cloned().unwrap_or_default();
            match &*tag {
                "panels" => panel(operation),
                "console" => console(operation),
                "webhook" => refuses(operation, WEBHOOK, "Problem"),
                _ => refuses(operation, OTHER, "Problem"),
            }
        }
    }
}

type Refusals = &'static [(&'static str, &'static str)];

const PANELS: Refusals = &[
    ("400", "A parameter or a header is invalid"),
    ("401", "No valid token"),
    ("406", "No acceptable content coding"),
    ("503", "There is no copy, and none can be made"),
];
const CONSOLE: Refusals = &[
    ("400", "The body or a parameter is invalid"),
    ("401", "No valid token"),
    ("404", "Not found"),
    ("408", "The body takes too long"),
    ("413", "The body is too large"),
    ("429", "Too many requests or streams of the organization or token are open"),
    ("503", "Postgres is unavailable"),
];
const WEBHOOK: Refusals = &[
    ("400", "The body is not a Vapi message"),
    ("401", "Missing or wrong secret"),
    ("408", "The body takes too long"),
    ("413", "The body is too large"),
    ("415", "The body has a content coding"),
    ("422", "The message cannot be stored"),
    ("503", "The webhook is not stored"),
];
const OTHER: Refusals = &[
    ("401", "No valid token"),
    ("429", "Too many streams of the organization or token are open"),
    ("503", "Postgres is unavailable"),
];

/// The headers of every answer with a panel.
const LABELS: [(&str, &str); 6] = [
    ("ETag", "Tag of the body, the same for all codings"),
    ("Prewarm-Version", "Version of the body"),
    ("Prewarm-As-Of", "Instant of its snapshot, RFC 3339"),
    ("Prewarm-Next-Change", "When it changes by time alone, RFC 3339"),
    ("Prewarm-Source", "l1, redis, postgres, built or query"),
    ("Prewarm-Stale", "Why it may be out of date"),
];

fn console(operation: &mut Operation) {
    refuses(operation, CONSOLE, "Refusal");
    // An empty body counts as `{}`, which opens a test call but is no agent.
    if operation.operation_id.as_deref() == Some("open_test_call")
        && let Some(RefOr::T(body)) = &mut operation.request_body
    {
        body.required = Some(Required::False);
    }
}

fn panel(operation: &mut Operation) {
    refuses(operation, PANELS, "Problem");
    let responses = &mut operation.responses.responses;
    responses
        .insert("304".to_owned(), ResponseBuilder::new().description("The client's copy is current").build().into());
    if let Some(RefOr::T(Response { headers, .. })) = responses.get_mut("200") {
        for (name, description) in LABELS {
            let mut header = Header::new(String::schema());
            header.description = Some(description.to_owned());
            headers.insert(name.to_owned(), header.into());
        }
    }
    let parameters = operation.parameters.get_or_insert_default();
    for (name, description, schema) in [
        ("Prewarm-Wait-For", "Receipt of a write to include; waits up to 2 s for it", Receipt::schema()),
        ("Prewarm-Min-Version", "Least version of the answer", Version::schema()),
    ] {
        parameters.push(header_parameter(name, description, schema).into());
    }
}

fn header_parameter(name: &str, description: &str, schema: RefOr<Schema>) -> utoipa::openapi::path::Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(schema))
        .build()
}

fn refuses(operation: &mut Operation, refusals: Refusals, schema: &str) {
    for (status, description) in refusals {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(schema))).build();
        let response = ResponseBuilder::new().description(*description).content("application/json", content).build();
        operation.responses.responses.entry((*status).to_owned()).or_insert_with(|| response.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The file from which the dashboard's types are generated; `PREWARM_UPDATE=1` renews it.
    const CHECKED_IN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../dashboard/openapi.json");

    #[test]
    fn the_dashboards_types_are_made_from_what_is_served() {
        let (_, description) = described(crate::serving_copies().merge(crate::needing_postgres()));
        let served = String::from_utf8(description.to_vec()).unwrap() + "\n";
        if std::env::var_os("PREWARM_UPDATE").is_some() {
            std::fs::write(CHECKED_IN, &served).unwrap();
        }
        let checked_in = std::fs::read_to_string(CHECKED_IN).unwrap();
        assert_eq!(checked_in, served, "PREWARM_UPDATE=1 renews it; then npm run types --prefix dashboard");
    }
}
