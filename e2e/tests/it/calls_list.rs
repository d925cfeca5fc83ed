//! `GET /api/calls-dashboard`: every page against a filter written in Rust over the same rows.

use std::cmp::Reverse;

use e2e::{Answer, Org, Stack};
use readmodel::time::Timestamp;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::oracle::{self, Call, Direction, World};

const PATH: &str = "/api/calls-dashboard";

/// Days, names, directions and statuses of 63 calls, three per day at the same instant.
const ROWS: &str = r"
    insert into contacts (id, org_id, name, phone)
    select md5('$org' || i)::uuid, '$org',
           (array['Zoë Ünal', '李小龍', '50%_off\x', 'O''Brien', null, 'Ada'])[1 + i % 6], '+4930' || i
      from generate_series(0, 11) i;
    insert into calls (org_id, contact_id, phone_number, call_direction, status, duration_seconds, sentiment_score,
                       summary, is_test_call, created_at)
    select '$org',
           case when i % 4 > 0 then md5('$org' || i % 12)::uuid end,
           case when i % 5 > 0 then '+4930' || i % 12 end,
           case when i % 3 > 0 then 'inbound' else 'outbound' end,
           (array['completed', 'no-answer', 'transferred', 'failed', null])[1 + i % 5],
           i, case when i % 7 > 0 then i / 100.0 end, 'call ' || i, i % 8 = 0,
           timestamptz '2026-01-01T00:00:00Z' + make_interval(days => i / 3)
      from generate_series(0, 62) i";

/// The expected `caller_name`.
fn name<'a>(world: &'a World, call: &'a Call) -> &'a str {
    let contact = call.contact_id.and_then(|id| world.contacts.get(&id)).and_then(|contact| contact.name.as_deref());
    contact.or(call.phone_number.as_deref()).unwrap_or("Unknown")
}

fn finds(world: &World, call: &Call, text: &str) -> bool {
    let holds = |field: &str| field.to_ascii_lowercase().contains(&text.to_ascii_lowercase());
    holds(name(world, call)) || call.phone_number.as_deref().is_some_and(holds)
}

/// The calls that pass a filter, newest first, as the oracle writes them.
fn listed(world: &World, org: &Org, filter: impl Fn(&Call) -> bool) -> Vec<Value> {
    let mut calls: Vec<&Call> = world.calls.values().filter(|call| filter(call)).collect();
    calls.sort_by_key(|call| Reverse((call.created_at, call.id)));
    calls.into_iter().map(|call| row(world, org, call)).collect()
}

/// The oracle's row of one call.
fn row(world: &World, org: &Org, call: &Call) -> Value {
    let call = Call { is_test_call: false, ..call.clone() };
    let alone = World { calls: [(call.id, call)].into(), ..world.clone() };
    let list: Value = serde_json::from_slice(&oracle::calls(&alone, org.id, None)).unwrap();
    list["calls"][0].clone()
}

fn day(text: &str) -> i64 {
    Timestamp::parse(text).unwrap().as_micros()
}

#[tokio::test]
async fn every_filter_lists_the_matching_calls() {
    let stack = Stack::start().await;
    let (org, other) = (stack.org().await, stack.org().await);
    for org in [&org, &other] {
        stack.sql(&ROWS.replace("$org", &org.id.to_string())).await;
    }
    let world = stack.world(&org).await;
    type Filter<'a> = Box<dyn Fn(&Call) -> bool + 'a>;
    let real = |call: &Call| !call.is_test_call;
    let of_status = |status: &'static str| move |call: &Call| real(call) && call.status.as_deref() == Some(status);
    let searching = |text: &'static str| {
        let world = &world;
        move |call: &Call| real(call) && finds(world, call, text)
    };
    let from_to = |from: i64, to: i64| move |call: &Call| real(call) && (from..=to).contains(&call.created_at);
    let filters: Vec<(&str, Filter<'_>)> = vec![
        ("", Box::new(real)),
        ("include_test=true", Box::new(|_| true)),
        ("include_test=false", Box::new(real)),
        ("call_type=inbound", Box::new(|call| real(call) && call.call_direction == Direction::Inbound)),
        ("call_type=outbound", Box::new(|call| real(call) && call.call_direction == Direction::Outbound)),
        ("status=completed", Box::new(of_status("completed"))),
        ("status=missed", Box::new(of_status("no-answer"))),
        ("status=transferred", Box::new(of_status("transferred"))),
        ("status=failed", Box::new(of_status("failed"))),
        // A date is a whole day in Berlin, the org's time zone.
        ("startDate=2026-01-08", Box::new(from_to(day("2026-01-07T23:00:00Z"), i64::MAX))),
        ("endDate=2026-01-08", Box::new(from_to(i64::MIN, day("2026-01-08T23:00:00Z") - 1))),
        (
            "startDate=2026-01-08&endDate=2026-01-08",
            Box::new(from_to(day("2026-01-07T23:00:00Z"), day("2026-01-08T23:00:00Z") - 1)),
        ),
        ("endDate=2026-01-08T00:00:00Z", Box::new(from_to(i64::MIN, day("2026-01-08")))),
        ("startDate=2026-01-08T01:00:00+01:00", Box::new(from_to(day("2026-01-08"), i64::MAX))),
        ("startDate=2026-01-08T00:00:00.000001Z", Box::new(from_to(day("2026-01-08") + 1, i64::MAX))),
        (
            "startDate=2026-01-08T01:00:00%2B01:00&endDate=2026-01-09T23:59:59Z",
            Box::new(from_to(day("2026-01-08"), day("2026-01-10") - 1)),
        ),
        ("search=zo%C3%AB", Box::new(searching("zoë"))),
        ("search=%E6%9D%8E%E5%B0%8F", Box::new(searching("李小"))),
        ("search=O%27Brien", Box::new(searching("O'Brien"))),
        ("search=%25", Box::new(searching("%"))),
        ("search=_", Box::new(searching("_"))),
        ("search=%5C", Box::new(searching("\\"))),
        ("search=%2B49301", Box::new(searching("+49301"))),
        ("search=unknown", Box::new(searching("Unknown"))),
        ("search=nobody", Box::new(searching("nobody"))),
        ("search=+ADA+&other=1", Box::new(searching("ada"))),
        (
            "call_type=inbound&status=failed&include_test=true&search=4930&startDate=2026-01-03",
            Box::new(|call| {
                call.call_direction == Direction::Inbound
                    && call.status.as_deref() == Some("failed")
                    && finds(&world, call, "4930")
                    && call.created_at >= day("2026-01-02T23:00:00Z")
            }),
        ),
    ];
    let mut empty = Vec::new();
    for (query, filter) in filters {
        let expected = listed(&world, &org, filter);
        let answer = stack.read(&org, &format!("{PATH}?{query}&limit=100")).await;
        assert_eq!((answer.status, answer.header("prewarm-source")), (StatusCode::OK, Some("query")), "{query}");
        let pages = usize::from(!expected.is_empty());
        let pagination = json!({ "page": 1, "limit": 100, "total": expected.len(), "pages": pages });
        assert_eq!(answer.json(), json!({ "calls": expected, "pagination": pagination }), "{query}");
        if expected.is_empty() {
            empty.push(query);
        }
    }
    // Every other filter lets some calls through.
    assert_eq!(empty, ["search=nobody"]);
    stack.close().await;
}

#[tokio::test]
async fn pages_do_not_overlap_or_leave_gaps() {
    let stack = Stack::start().await;
    let org = stack.org().await;
    stack.sql(&ROWS.replace("$org", &org.id.to_string())).await;
    let world = stack.world(&org).await;
    let expected = listed(&world, &org, |call| !call.is_test_call);
    for limit in [1, 7, 20, 55, 100] {
        let mut seen = Vec::new();
        let pages = expected.len().div_ceil(limit);
        for page in 1..=pages + 1 {
            // The date turns the first page into a query, because its blob may be a rebuild behind.
            let path = format!("{PATH}?page={page}&limit={limit}&endDate=2027-01-01");
            let list = stack.read(&org, &path).await.json();
            let pagination = json!({ "page": page, "limit": limit, "total": expected.len(), "pages": pages });
            assert_eq!(list["pagination"], pagination);
            assert_eq!(list["calls"].as_array().unwrap().is_empty(), page > pages);
            seen.extend(list["calls"].as_array().unwrap().clone());
        }
        assert_eq!(seen, expected, "limit {limit}");
    }
    stack.close().await;
}

/// Calls around midnight in the org's zone appear in the lists of the right days.
#[tokio::test]
async fn a_date_is_a_whole_day_in_the_orgs_time_zone() {
    let stack = Stack::start().await;
    let org = stack.org().await;
    stack
        .sql(&format!(
            "update organizations set timezone = 'America/Los_Angeles' where id = '{0}';
             insert into calls (org_id, summary, created_at) values
               ('{0}', 'before', '2026-01-05T07:59:59.999999Z'), ('{0}', 'first', '2026-01-05T08:00:00Z'),
               ('{0}', 'last', '2026-01-06T07:59:59.999999Z'), ('{0}', 'after', '2026-01-06T08:00:00Z'),
               ('{0}', 'spring first', '2026-03-08T08:00:00Z'), ('{0}', 'spring last', '2026-03-09T06:59:59Z'),
               ('{0}', 'spring after', '2026-03-09T07:00:00Z')",
            org.id
        ))
        .await;
    for (query, expected) in [
        ("startDate=2026-01-05&endDate=2026-01-05", vec!["last", "first"]),
        ("startDate=2026-01-05&endDate=2026-01-06", vec!["after", "last", "first"]),
        ("startDate=2026-01-05T08:00:00Z&endDate=2026-01-05T08:00:00Z", vec!["first"]),
        ("startDate=2026-01-05T00:00:00-08:00&endDate=2026-01-05T09:00:00+01:00", vec!["first"]),
        ("startDate=2026-03-08&endDate=2026-03-08", vec!["spring last", "spring first"]),
        ("startDate=2026-01-06&endDate=2026-01-05", vec![]),
    ] {
        let list = stack.read(&org, &format!("{PATH}?{query}")).await.json();
        let shown: Vec<_> =
            list["calls"].as_array().unwrap().iter().map(|call| call["sentiment_summary"].as_str().unwrap()).collect();
        assert_eq!(shown, expected, "{query}");
        assert_eq!(list["pagination"]["total"], expected.len(), "{query}");
    }
    stack.close().await;
}

#[tokio::test]
async fn an_invalid_parameter_is_400_and_named() {
    let stack = Stack::start().await;
    let org = stack.org().await;
    let long = format!("search={}", "x".repeat(201));
    for (query, parameter) in [
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=1.5", "page"),
        ("page=99999999999999999999", "page"),
        ("page=", "page"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=many", "limit"),
        ("startDate=soon", "startDate"),
        ("startDate=2026-02-30", "startDate"),
        ("endDate=2026-13-01", "endDate"),
        ("endDate=1", "endDate"),
        ("status=done", "status"),
        ("status=no-answer", "status"),
        ("sortBy=size", "sortBy"),
        ("call_type=sideways", "call_type"),
        ("call_type=Inbound", "call_type"),
        ("include_test=1", "include_test"),
        ("search=%00", "search"),
        (&long, "search"),
        ("page=1&page=2", "query"),
    ] {
        let answer = stack.read(&org, &format!("{PATH}?{query}")).await;
        let body = json!({
            "error": "Invalid input. Please check your data and try again.",
            "code": "VALIDATION_ERROR",
            "request_id": answer.header("x-request-id").unwrap(),
            "details": { "parameter": parameter },
        });
        assert_eq!((answer.status, answer.json()), (StatusCode::BAD_REQUEST, body), "{query}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let anonymous = Answer::to(stack.request(Method::GET, &format!("{PATH}?{query}"))).await.unwrap();
        assert_eq!(anonymous.status, StatusCode::UNAUTHORIZED, "{query}");
    }
    stack.close().await;
}
