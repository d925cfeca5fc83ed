//! `GET /api/calls-dashboard`: the first page is a blob, every other page one query.

use std::{sync::Arc, time::Instant};

use axum::{
    Json,
    extract::{Query, Request, State},
    http::{HeaderValue, StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use readmodel::{
    blob::Digest,
    calls::{Calls, PAGE_LIMIT},
    ids::OrgId,
    model::Model,
    time::Timestamp,
};
use serde::Deserialize;
use serde_json::json;
use store::{Store, calls::Filter};

use crate::{
    answer::{Labels, Shown, answer, refuse},
    auth::Authenticated,
    coding::Accepted,
    edge::REQUEST_ID,
    editions::Editions,
    error::ApiError,
    openapi::Problem,
    read,
    reads::{Outcome, Reads, Source},
};

/// Rows of a page, at most.
const MAX_LIMIT: i64 = 100;
/// Characters of a search, at most: longer than any name or number.
const MAX_SEARCH_CHARS: usize = 200;

/// The parameters as they come. Unknown ones are let pass, as existing dashboards add their own.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Parameters {
    page: Option<String>,
    limit: Option<String>,
    start_date: Option<String>,
    end_date: Option<String>,
    status: Option<String>,
    search: Option<String>,
    sort_by: Option<String>,
    #[serde(rename = "call_type")]
    call_type: Option<String>,
    #[serde(rename = "include_test")]
    include_test: Option<String>,
}

/// A parameter that is not what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Invalid(&'static str);

/// The route.
#[utoipa::path(get, path = "/api/calls-dashboard", tag = "panels", security(("token" = [])),
    params(("page" = Option<u32>, Query, minimum = 1), ("limit" = Option<u32>, Query, minimum = 1, maximum = 100),
        ("status" = Option<String>, Query, description = "completed, missed, transferred or failed"),
        ("call_type" = Option<String>, Query, description = "inbound or outbound"),
        ("search" = Option<String>, Query, description = "Part of a name or of a number"),
        ("startDate" = Option<String>, Query, description = "RFC 3339"),
        ("endDate" = Option<String>, Query, description = "RFC 3339, inclusive"),
        ("include_test" = Option<bool>, Query)),
    responses((status = 200, description = "A page of calls, newest first", body = Calls),
        (status = 304, description = "The client has it"),
        (status = 400, description = "A parameter is not what it should be", body = Problem),
        (status = 401, description = "No token that holds", body = Problem),
        (status = 406, description = "No coding that it accepts", body = Problem),
        (status = 503, description = "The calls could not be read", body = Problem)))]
pub(crate) async fn calls(
    State(editions): State<Arc<Editions>>,
    State(store): State<Store>,
    Authenticated(user): Authenticated,
    request: Request,
) -> Response {
    let (request, _) = request.into_parts();
    let id = request.headers.get(REQUEST_ID);
    let parameters = Query::<Parameters>::try_from_uri(&request.uri).map_err(|_| Invalid("query"));
    let filter = match parameters.and_then(|Query(given)| given.filter()) {
        Ok(filter) => filter,
        Err(Invalid(parameter)) => return invalid(&editions.reads, parameter, id),
    };
    match blob_of(&filter) {
        Some(model) => read::read(&editions, user.org, model, &request).await,
        None => match Box::pin(query(&editions, &store, user.org, &filter, &request)).await {
            Ok(response) => response,
            Err(error) => failed(&editions.reads, &error, id),
        },
    }
}

impl Parameters {
    fn filter(self) -> Result<Filter, Invalid> {
        one_of("sortBy", self.sort_by.as_deref(), &["date", "duration", "name"])?;
        let include_test = one_of("include_test", self.include_test.as_deref(), &["true", "false"])?;
        let status = one_of("status", self.status.as_deref(), &["completed", "missed", "transferred", "failed"])?;
        Ok(Filter {
            direction: one_of("call_type", self.call_type.as_deref(), &["inbound", "outbound"])?,
            // Nobody writes `missed`; a call that nobody took is stored as `no-answer`.
            status: status.map(|status| if status == "missed" { "no-answer" } else { status }),
            from: date("startDate", self.start_date.as_deref())?,
            to: date("endDate", self.end_date.as_deref())?,
            include_test: include_test == Some("true"),
            search: search(self.search)?,
            page: count("page", self.page.as_deref(), 1, i64::from(i32::MAX))?,
            limit: count("limit", self.limit.as_deref(), PAGE_LIMIT, MAX_LIMIT)?,
        })
    }
}

fn one_of(name: &'static str, given: Option<&str>, allowed: &[&'static str]) -> Result<Option<&'static str>, Invalid> {
    let Some(given) = given else { return Ok(None) };
    allowed.iter().find(|value| **value == given).copied().map(Some).ok_or(Invalid(name))
}

fn date(name: &'static str, given: Option<&str>) -> Result<Option<Timestamp>, Invalid> {
    given.map(|text| Timestamp::parse(text).ok_or(Invalid(name))).transpose()
}

fn count(name: &'static str, given: Option<&str>, default: i64, most: i64) -> Result<i64, Invalid> {
    let Some(given) = given else { return Ok(default) };
    given.trim().parse().ok().filter(|count| (1..=most).contains(count)).ok_or(Invalid(name))
}

fn search(given: Option<String>) -> Result<Option<String>, Invalid> {
    let Some(text) = given.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()) else { return Ok(None) };
    if text.chars().count() > MAX_SEARCH_CHARS || text.contains('\0') {
        return Err(Invalid("search"));
    }
    Ok(Some(text))
}

/// The blob that answers a filter, if one does.
fn blob_of(filter: &Filter) -> Option<Model> {
    let plain = Filter { direction: filter.direction, ..Filter::first_page() };
    match (*filter == plain, filter.direction) {
        (false, _) => None,
        (true, None) => Some(Model::Calls),
        (true, Some("inbound")) => Some(Model::CallsInbound),
        (true, Some(_)) => Some(Model::CallsOutbound),
    }
}

async fn query(
    editions: &Editions,
    store: &Store,
    org: OrgId,
    filter: &Filter,
    request: &Parts,
) -> Result<Response, QueryError> {
    let asked = Instant::now();
    let page = store.calls(org, filter).await?;
    let identity = Bytes::from(serde_json::to_vec(&page.calls)?);
    editions.now.set(page.as_of, asked);
    let etag = HeaderValue::try_from(Digest::of(org, Model::Calls, &identity).etag())?;
    let shown = Shown {
        model: Model::Calls,
        labels: &Labels::new(page.version, page.as_of, None, &etag),
        etag: &etag,
        source: Source::Query,
        stale: None,
        age_seconds: 0,
    };
    let response = answer(request, &editions.reads, &shown, |headers| {
        let coding = Accepted::of(headers).best(false).ok_or(ApiError::NotAcceptable)?;
        let body = coding.encode(&identity).map_err(|_| ApiError::Internal)?;
        Ok((coding, Bytes::from(body)))
    });
    Ok(response.unwrap_or_else(|error| refuse(&editions.reads, Model::Calls, error)))
}

#[derive(Debug, thiserror::Error)]
enum QueryError {
    #[error("calls")]
    Store(#[from] store::Error),
    #[error("json")]
    Json(#[from] serde_json::Error),
    #[error("header")]
    Header(#[from] axum::http::header::InvalidHeaderValue),
}

fn invalid(reads: &Reads, parameter: &'static str, id: Option<&HeaderValue>) -> Response {
    reads.count(Model::Calls, Source::None, Outcome::Error);
    let body = Json(json!({
        "error": "Invalid input. Please check your data and try again.",
        "code": "VALIDATION_ERROR",
        "request_id": request_id(id),
        "details": { "parameter": parameter },
    }));
    (StatusCode::BAD_REQUEST, body).into_response()
}

fn failed(reads: &Reads, error: &QueryError, id: Option<&HeaderValue>) -> Response {
    reads.count(Model::Calls, Source::None, Outcome::Error);
    tracing::warn!(error = error as &dyn std::error::Error, "calls query");
    let (status, code) = match error {
        QueryError::Store(_) => (StatusCode::SERVICE_UNAVAILABLE, "DB_ERROR"),
        QueryError::Json(_) | QueryError::Header(_) => (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR"),
    };
    let body = Json(json!({
        "error": "The calls could not be read. Please try again.",
        "code": code,
        "request_id": request_id(id),
    }));
    (status, body).into_response()
}

fn request_id(id: Option<&HeaderValue>) -> &str {
    id.and_then(|id| id.to_str().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(query: &str) -> Result<Filter, Invalid> {
        let uri = format!("/?{query}").parse().unwrap();
        Query::<Parameters>::try_from_uri(&uri).map_err(|_| Invalid("query"))?.0.filter()
    }

    #[test]
    fn the_first_page_is_a_blob_and_nothing_else_is() {
        for (query, model) in [
            ("", Some(Model::Calls)),
            ("page=1&limit=20&include_test=false&sortBy=date&search=&other=1", Some(Model::Calls)),
            ("call_type=inbound", Some(Model::CallsInbound)),
            ("call_type=outbound", Some(Model::CallsOutbound)),
            ("page=2", None),
            ("limit=21", None),
            ("include_test=true", None),
            ("status=completed", None),
            ("startDate=2026-01-01", None),
            ("endDate=2026-01-01", None),
            ("search=x", None),
        ] {
            assert_eq!(blob_of(&filter(query).unwrap()), model, "{query}");
        }
    }

    #[test]
    fn a_bad_parameter_is_named() {
        for (query, parameter) in [
            ("page=0", "page"),
            ("page=-1", "page"),
            ("page=x", "page"),
            ("page=99999999999999999999", "page"),
            ("limit=0", "limit"),
            ("limit=101", "limit"),
            ("startDate=soon", "startDate"),
            ("endDate=2026-02-30", "endDate"),
            ("status=done", "status"),
            ("sortBy=size", "sortBy"),
            ("call_type=sideways", "call_type"),
            ("include_test=maybe", "include_test"),
            ("search=%00", "search"),
            ("page=1&page=2", "query"),
        ] {
            assert_eq!(filter(query).unwrap_err(), Invalid(parameter), "{query}");
        }
    }

    #[test]
    fn missed_calls_are_those_that_nobody_answered() {
        assert_eq!(filter("status=missed").unwrap().status, Some("no-answer"));
    }
}
