//! `GET /api/calls-dashboard`: the first page is a blob, every other page a query.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Query, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header::RETRY_AFTER, request::Parts},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use metrics::counter;
use monitoring::names;
use readmodel::{
    blob::Digest,
    calls::{Calls, PAGE_LIMIT},
    ids::OrgId,
    model::Model,
    moment::Moment,
};
use serde::Deserialize;
use serde_json::{Value, json};
use store::{
    Store,
    calls::{Filter, Page},
};
use tokio::time::{Instant, timeout_at};

use crate::{
    answer::{Shown, answer, refuse},
    auth::Authenticated,
    coding::Accepted,
    conditions,
    deadline::silent_after,
    edge::REQUEST_ID,
    editions::{Editions, Labels, Stale},
    error::{ApiError, Problem},
    lists::{Lists, TooMany},
    read,
    reads::{ReadOutcome, Reads, Source},
};

/// Most rows of a page.
const MAX_LIMIT: i64 = 100;
/// Most characters of a search: more than any name or number has.
const MAX_SEARCH_CHARS: usize = 200;
/// The last row that a page may reach. The rows before the page are read and discarded.
const MAX_DEPTH: i64 = 100_000;
/// The limit of a request's wait for a list, including its turn.
const LIST_DEADLINE: Duration = Duration::from_millis(1_900);
/// The header with the instant at which a search stopped; older calls were not searched.
const SEARCHED_FROM: HeaderName = HeaderName::from_static("prewarm-searched-from");

/// The raw parameters. Unknown ones are ignored, since existing dashboards add their own.
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

/// A fault in the parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Invalid {
    /// A parameter has an invalid value.
    Parameter(&'static str),
    /// The page lies too deep in the list.
    Depth,
}

/// The route.
#[utoipa::path(get, path = "/api/calls-dashboard", tag = "panels", security(("token" = [])),
    params(("page" = Option<u32>, Query, minimum = 1), ("limit" = Option<u32>, Query, minimum = 1, maximum = 100),
        ("status" = Option<String>, Query, pattern = "^(completed|missed|transferred|failed)$"),
        ("call_type" = Option<String>, Query, pattern = "^(inbound|outbound)$"),
        ("search" = Option<String>, Query, description = "Part of a name or of a number"),
        ("startDate" = Option<String>, Query, format = DateTime, description = "Or a day of the org's calendar"),
        ("endDate" = Option<String>, Query, format = DateTime, description = "Inclusive; or a day, to its end"),
        ("include_test" = Option<bool>, Query)),
    responses((status = 200, description = "A page of calls, newest first", body = Calls),
        (status = 429, description = "Too many lists at once", body = Problem)))]
pub(crate) async fn calls(
    State(editions): State<Arc<Editions>>,
    State(store): State<Store>,
    State(lists): State<Lists>,
    Authenticated(user): Authenticated,
    request: Request,
) -> Response {
    let (request, _) = request.into_parts();
    let id = request.headers.get(REQUEST_ID);
    let parameters = Query::<Parameters>::try_from_uri(&request.uri).map_err(|_| Invalid::Parameter("query"));
    let filter = match parameters.and_then(|Query(given)| given.filter()) {
        Ok(filter) => filter,
        Err(what) => return invalid(&editions.reads, what, id),
    };
    match blob_of(&filter) {
        Some(model) => read::read(&editions, user.org, model, &request).await,
        None => {
            let deadline = Instant::now() + LIST_DEADLINE;
            tokio::select! {
                listed = Box::pin(listed(&editions, &store, &lists, user.org, filter, &request)) => listed,
                () = silent_after(&store.link, deadline) => failed(&editions.reads, &ListError::Slow, id),
            }
        }
    }
}

/// Answers with a page from the source, once it includes the receipt or version that the request asks for.
async fn listed(
    editions: &Arc<Editions>,
    store: &Store,
    lists: &Lists,
    org: OrgId,
    filter: Filter,
    request: &Parts,
) -> Response {
    let behind = match settled(editions, org, &request.headers).await {
        Ok(behind) => behind,
        Err(error) => return refuse(&editions.reads, Model::Calls, error),
    };
    let asked = Instant::now();
    let listed = match page(store, lists, org, filter).await {
        Ok(page) => shown(editions, org, &page, behind, asked, request),
        Err(error) => Err(error),
    };
    listed.unwrap_or_else(|error| failed(&editions.reads, &error, request.headers.get(REQUEST_ID)))
}

impl Invalid {
    fn details(self) -> Value {
        match self {
            Self::Parameter(parameter) => json!({ "parameter": parameter }),
            Self::Depth => json!({
                "parameter": "page",
                "reason": format!("page × limit is {MAX_DEPTH} at most: narrow the list by dates"),
            }),
        }
    }
}

impl Parameters {
    fn filter(self) -> Result<Filter, Invalid> {
        one_of("sortBy", self.sort_by.as_deref(), &["date", "duration", "name"])?;
        let include_test = one_of("include_test", self.include_test.as_deref(), &["true", "false"])?;
        let status = one_of("status", self.status.as_deref(), &["completed", "missed", "transferred", "failed"])?;
        let (page, limit) = (self.page.as_deref(), self.limit.as_deref());
        let page = count("page", page, 1, i64::from(i32::MAX))?;
        let limit = count("limit", limit, PAGE_LIMIT, MAX_LIMIT)?;
        if page.saturating_mul(limit) > MAX_DEPTH {
            return Err(Invalid::Depth);
        }
        Ok(Filter {
            direction: one_of("call_type", self.call_type.as_deref(), &["inbound", "outbound"])?,
            // No source writes `missed`; an unanswered call is stored as `no-answer`.
            status: status.map(|status| if status == "missed" { "no-answer" } else { status }),
            from: moment("startDate", self.start_date.as_deref())?,
            to: moment("endDate", self.end_date.as_deref())?,
            include_test: include_test == Some("true"),
            search: search(self.search)?,
            page,
            limit,
        })
    }
}

fn one_of(name: &'static str, given: Option<&str>, allowed: &[&'static str]) -> Result<Option<&'static str>, Invalid> {
    let Some(given) = given else { return Ok(None) };
    allowed.iter().find(|value| **value == given).copied().map(Some).ok_or(Invalid::Parameter(name))
}

fn moment(name: &'static str, given: Option<&str>) -> Result<Option<Moment>, Invalid> {
    given.map(|text| Moment::parse(text).ok_or(Invalid::Parameter(name))).transpose()
}

fn count(name: &'static str, given: Option<&str>, default: i64, most: i64) -> Result<i64, Invalid> {
    let Some(given) = given else { return Ok(default) };
    given.trim().parse().ok().filter(|count| (1..=most).contains(count)).ok_or(Invalid::Parameter(name))
}

fn search(given: Option<String>) -> Result<Option<String>, Invalid> {
    let Some(text) = given.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()) else { return Ok(None) };
    if text.chars().count() > MAX_SEARCH_CHARS || text.contains('\0') {
        return Err(Invalid::Parameter("search"));
    }
    Ok(Some(text))
}

/// The blob that is the answer to a filter, if there is one.
fn blob_of(filter: &Filter) -> Option<Model> {
    let plain = Filter { direction: filter.direction, ..Filter::first_page() };
    match (*filter == plain, filter.direction) {
        (false, _) => None,
        (true, None) => Some(Model::Calls),
        (true, Some("inbound")) => Some(Model::CallsInbound),
        (true, Some(_)) => Some(Model::CallsOutbound),
    }
}

/// Waits for the receipt or version that the request asks for, as reads of blobs do: a webhook's call is in the source
/// once a version includes it. Returns why it may be missing.
async fn settled(editions: &Arc<Editions>, org: OrgId, headers: &HeaderMap) -> Result<Option<Stale>, ApiError> {
    match conditions::of(headers)? {
        None => Ok(None),
        Some(conditions) => Ok(editions.wait_for(org, conditions).await?.1),
    }
}

/// Reads a page when its turn comes.
async fn page(store: &Store, lists: &Lists, org: OrgId, filter: Filter) -> Result<Page, ListError> {
    let deadline = Instant::now() + LIST_DEADLINE;
    let turn = timeout_at(deadline, lists.ask(org)?.turn());
    let place = turn.await.ok().flatten().ok_or(ListError::NoTurn)?;
    match timeout_at(deadline, store.calls(org, filter, place)).await {
        Ok(Ok(page)) => Ok(page),
        Ok(Err(error)) if error.is_cancelled() => Err(ListError::Slow),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err(ListError::Slow),
    }
}

fn shown(
    editions: &Editions,
    org: OrgId,
    page: &Page,
    behind: Option<Stale>,
    asked: Instant,
    request: &Parts,
) -> Result<Response, ListError> {
    let identity = Bytes::from(serde_json::to_vec(&page.calls)?);
    editions.now.set(page.as_of, asked.into_std());
    let etag = HeaderValue::try_from(Digest::of(org, Model::Calls, &identity).etag())?;
    let shown = Shown {
        model: Model::Calls,
        labels: &Labels::new(page.version, page.as_of, None, &etag),
        etag: &etag,
        source: Source::Query,
        stale: behind.or_else(|| editions.drift()),
        age_seconds: 0,
    };
    let response = answer(request, &editions.reads, &shown, |headers| {
        let coding = Accepted::of(headers).best(false).ok_or(ApiError::NotAcceptable)?;
        let body = coding.encode(&identity).map_err(|_| ApiError::Internal)?;
        Ok((coding, Bytes::from(body)))
    });
    let mut response = response.unwrap_or_else(|error| refuse(&editions.reads, Model::Calls, error));
    if let Some(oldest) = page.searched_from {
        response.headers_mut().insert(SEARCHED_FROM, HeaderValue::try_from(oldest.to_string())?);
    }
    Ok(response)
}

/// Why there is no list.
#[derive(Debug, thiserror::Error)]
enum ListError {
    #[error("the org has too many lists running")]
    TooMany,
    #[error("too many lists are running")]
    NoTurn,
    #[error("the list took too long")]
    Slow,
    #[error("the calls cannot be read")]
    Store(#[from] store::Error),
    #[error("the page cannot be encoded as JSON")]
    Json(#[from] serde_json::Error),
    #[error("a header cannot be encoded")]
    Header(#[from] axum::http::header::InvalidHeaderValue),
}

impl From<TooMany> for ListError {
    fn from(TooMany: TooMany) -> Self {
        Self::TooMany
    }
}

impl ListError {
    /// The reason in metrics, if the list was turned away.
    const fn reason(&self) -> Option<&'static str> {
        match self {
            Self::TooMany => Some("org"),
            Self::NoTurn => Some("node"),
            Self::Slow => Some("slow"),
            Self::Store(_) | Self::Json(_) | Self::Header(_) => None,
        }
    }

    const fn parts(&self) -> (StatusCode, &'static str, &'static str) {
        const UNREAD: &str = "The calls could not be read. Please try again.";
        match self {
            Self::TooMany => {
                (StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", "Too many lists at once. Please try again.")
            }
            Self::NoTurn => (StatusCode::SERVICE_UNAVAILABLE, "DB_ERROR", UNREAD),
            Self::Slow => (
                StatusCode::SERVICE_UNAVAILABLE,
                "DB_ERROR",
                "The list took too long. Please try again, or narrow it by dates.",
            ),
            Self::Store(_) => (StatusCode::SERVICE_UNAVAILABLE, "DB_ERROR", UNREAD),
            Self::Json(_) | Self::Header(_) => (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", UNREAD),
        }
    }
}

fn invalid(reads: &Reads, what: Invalid, id: Option<&HeaderValue>) -> Response {
    reads.count(Model::Calls, Source::None, ReadOutcome::Error);
    let body = json!({
        "error": "Invalid input. Please check your data and try again.",
        "code": "VALIDATION_ERROR",
        "request_id": request_id(id),
        "details": what.details(),
    });
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}

fn failed(reads: &Reads, error: &ListError, id: Option<&HeaderValue>) -> Response {
    reads.count(Model::Calls, Source::None, ReadOutcome::Error);
    match error.reason() {
        Some(reason) => counter!(names::LISTS_REFUSED_TOTAL, "reason" => reason).increment(1),
        None => tracing::warn!(error = error as &dyn std::error::Error, "a query of the calls list failed"),
    }
    let (status, code, text) = error.parts();
    let body = Json(json!({ "error": text, "code": code, "request_id": request_id(id) }));
    match status {
        StatusCode::INTERNAL_SERVER_ERROR => (status, body).into_response(),
        _ => (status, [(RETRY_AFTER, "1")], body).into_response(),
    }
}

fn request_id(id: Option<&HeaderValue>) -> &str {
    id.and_then(|id| id.to_str().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(query: &str) -> Result<Filter, Invalid> {
        let uri = format!("/?{query}").parse().unwrap();
        Query::<Parameters>::try_from_uri(&uri).map_err(|_| Invalid::Parameter("query"))?.0.filter()
    }

    #[test]
    fn only_the_first_page_is_a_blob() {
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
    fn an_invalid_parameter_is_named() {
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
            assert_eq!(filter(query).unwrap_err(), Invalid::Parameter(parameter), "{query}");
        }
    }

    #[test]
    fn no_page_reaches_beyond_row_100_000() {
        assert_eq!(filter("page=1000&limit=100").unwrap().page, 1000);
        assert_eq!(filter("page=100000&limit=1").unwrap().page, 100_000);
        for too_deep in ["page=5001", "page=1001&limit=100", "page=100001&limit=1", "page=2147483647&limit=100"] {
            assert_eq!(filter(too_deep).unwrap_err(), Invalid::Depth, "{too_deep}");
        }
        let told = Invalid::Depth.details();
        assert_eq!(told["parameter"], "page");
        assert!(told["reason"].as_str().unwrap().contains("100000"), "{told}");
    }

    #[test]
    fn missed_means_no_answer() {
        assert_eq!(filter("status=missed").unwrap().status, Some("no-answer"));
    }
}
