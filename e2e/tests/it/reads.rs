//! The read routes: admission, bodies and headers.

use e2e::{Answer, Environment, Org, PANELS, Stack, eventually};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::json;
use testkit::{Database, oracle::World, sqlx};

const ORIGIN: &str = "https://app.example.com";
const VARY: &str = "Authorization, Accept-Encoding, Available-Dictionary, Prewarm-Delta, Origin";
/// The headers that a 200 and its 304 share.
const CACHING_HEADERS: [&str; 6] =
    ["etag", "cache-control", "vary", "prewarm-version", "prewarm-as-of", "prewarm-next-change"];
const DASHBOARD: &str = "/api/analytics/dashboard";

async fn stack() -> Stack {
    let origins = format!("{ORIGIN},http://localhost:3000");
    let environment = Environment::from([("PREWARM_CORS_ORIGINS", origins)]);
    Stack::start_on(Database::create().await.unwrap(), environment).await
}

/// An org with data on its dashboard and a deadline.
async fn busy_org(stack: &Stack) -> Org {
    let org = stack.org().await;
    stack
        .sql(&format!(
            "insert into contacts (org_id, name, phone, lead_status, lead_score, last_contact_at)
               select '{0}', 'Zoë ' || i, '+1555' || i, 'new', i, now() - interval '1 hour'
                 from generate_series(1, 60) i;
             insert into calls (org_id, phone_number, duration_seconds) select '{0}', phone, 60 from contacts",
            org.id
        ))
        .await;
    stack.settled().await;
    stack.follows(&org).await;
    org
}

fn get(stack: &Stack, org: &Org, path: &str) -> RequestBuilder {
    stack.request(Method::GET, path).bearer_auth(&org.token)
}

#[tokio::test]
async fn reads_need_a_valid_token() {
    const MISSING: &str = r#"{"error":"Missing or invalid Authorization header"}"#;
    const INVALID: &str = r#"{"error":"Invalid or expired token"}"#;
    let stack = Stack::start().await;
    let org = stack.org().await;
    let (mut payload, signature) = org.token.rsplit_once('.').map(|(p, s)| (p.to_owned(), s)).unwrap();
    payload.push('A');
    let forged = format!("Bearer {payload}.{signature}");
    for panel in PANELS {
        let asked = |authorization: Option<&str>| {
            let request = stack.request(Method::GET, panel.path);
            Answer::to(match authorization {
                Some(value) => request.header("authorization", value),
                None => request,
            })
        };
        for missing in [None, Some(""), Some("Bearer "), Some("Bearer undefined"), Some("Basic eDp5")] {
            let answer = asked(missing).await.unwrap();
            assert_eq!((answer.status, answer.text().as_str()), (StatusCode::UNAUTHORIZED, MISSING), "{missing:?}");
        }
        for invalid in ["Bearer x", "Bearer a.b.c", &forged] {
            let answer = asked(Some(invalid)).await.unwrap();
            assert_eq!((answer.status, answer.text().as_str()), (StatusCode::UNAUTHORIZED, INVALID), "{invalid:?}");
            assert_eq!(answer.header("cache-control"), Some("no-store"));
        }
    }
    stack.close().await;
}

#[tokio::test]
async fn an_unknown_org_gets_empty_panels_and_nothing_is_stored() {
    let stack = Stack::start().await;
    let nobody = Org::unknown();
    for panel in PANELS {
        let answer = stack.read(&nobody, panel.path).await;
        assert_eq!(answer.status, StatusCode::OK);
        let empty = panel.definition(&World::default(), nobody.id, answer.as_of().as_micros());
        assert_eq!(answer.text(), String::from_utf8(empty).unwrap(), "{}", panel.path);
    }
    let searched = stack.read(&nobody, "/api/calls-dashboard?search=a").await;
    assert_eq!(searched.json()["pagination"], json!({ "page": 1, "limit": 20, "total": 0, "pages": 0 }));
    for table in ["versions", "blobs", "marks", "leases", "actionable_leads"] {
        let rows = stack.count(&format!("select count(*) from prewarm.{table} where org_id = '{}'", nobody.id)).await;
        assert_eq!(rows, 0, "{table}");
    }
    stack.close().await;
}

#[tokio::test]
async fn a_build_on_demand_that_loses_a_race_is_retried_at_once() {
    let mut stack = Stack::start().await;
    let org = stack.org().await;
    stack.settled().await;
    stack.worker.stop().await;
    // Blobs of an older format count as missing, and leave a row for the build to wait for.
    stack.sql("update prewarm.versions set format = 0").await;
    let mut rival = stack.pg.begin().await.unwrap();
    sqlx::query("update prewarm.versions set took = took").execute(&mut *rival).await.unwrap();
    let commit_in_the_middle = async {
        let waiting = "select count(*) from pg_stat_activity
                        where datname = current_database() and wait_event_type = 'Lock'";
        eventually("the build waits", async || (stack.count(waiting).await == 1).then_some(())).await;
        rival.commit().await.unwrap();
    };
    let (answer, ()) = tokio::join!(stack.read(&org, DASHBOARD), commit_in_the_middle);
    assert_eq!((answer.status, answer.header("prewarm-source")), (StatusCode::OK, Some("built")));
    assert_eq!(stack.count("select count(*) from prewarm.leases").await, 0);
    stack.worker.restart();
    stack.worker.ready(&stack.client).await;
    stack.close().await;
}

#[tokio::test]
async fn a_304_carries_the_same_labels_as_the_200() {
    let stack = Stack::start().await;
    let org = busy_org(&stack).await;
    for panel in PANELS {
        let full = stack.read(&org, panel.path).await;
        let etag = full.etag();
        assert!(etag.starts_with("W/\"") && etag.ends_with('"'), "{etag}");
        let strong = etag.trim_start_matches("W/").to_owned();
        for held in [etag.to_owned(), strong, "*".to_owned(), format!("\"x\", {etag} , W/\"y\"")] {
            let answer = Answer::to(get(&stack, &org, panel.path).header("if-none-match", &held)).await.unwrap();
            assert_eq!(answer.status, StatusCode::NOT_MODIFIED, "{held}");
            assert!(answer.body.is_empty() && answer.header("content-encoding").is_none());
            for header in CACHING_HEADERS {
                assert_eq!(answer.header(header), full.header(header), "{} {header}", panel.path);
            }
            assert!(answer.header("prewarm-source").is_some() && answer.header("prewarm-age").is_some());
        }
        for other in ["\"x\"", "W/\"\"", "", "**"] {
            let answer = Answer::to(get(&stack, &org, panel.path).header("if-none-match", other)).await.unwrap();
            assert_eq!((answer.status, answer.body), (StatusCode::OK, full.body.clone()), "{other:?}");
        }
    }
    stack.close().await;
}

#[tokio::test]
async fn a_blob_has_all_its_headers() {
    let stack = stack().await;
    let org = busy_org(&stack).await;
    for panel in PANELS {
        let answer = Answer::to(get(&stack, &org, panel.path).header("origin", ORIGIN)).await.unwrap();
        assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
        assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
        assert_eq!(answer.header("vary"), Some(VARY));
        assert_eq!(answer.header("prewarm-source"), Some("l1"));
        assert_eq!((answer.stale(), answer.header("age")), (None, None));
        assert!(answer.version().n > 0);
        let age: i64 = answer.header("prewarm-age").unwrap().parse().unwrap();
        let elapsed = stack.now().await.seconds_since(answer.as_of());
        assert!((0..=elapsed).contains(&age), "{age} of {elapsed}");
        let next = readmodel::time::Timestamp::parse(answer.header("prewarm-next-change").unwrap()).unwrap();
        assert!(next > answer.as_of());

        let head = stack.request(Method::HEAD, panel.path).bearer_auth(&org.token).header("origin", ORIGIN);
        let head = Answer::to(head).await.unwrap();
        assert!(head.body.is_empty());
        let comparable = |answer: &Answer| {
            let mut headers = answer.headers.clone();
            for name in ["date", "x-request-id", "prewarm-age"] {
                headers.remove(name);
            }
            headers
        };
        assert_eq!((head.status, comparable(&head)), (StatusCode::OK, comparable(&answer)), "{}", panel.path);
    }
    stack.close().await;
}

#[tokio::test]
async fn every_coding_decodes_to_the_same_bytes() {
    let stack = Stack::start().await;
    let org = busy_org(&stack).await;
    for path in PANELS.map(|panel| panel.path).into_iter().chain(["/api/calls-dashboard?search=1"]) {
        let plain = stack.read(&org, path).await;
        assert_eq!(plain.header("content-encoding"), None);
        for (accepted, coding) in [
            ("gzip, deflate, br, zstd", Some("zstd")),
            ("zstd;q=0.8, br;q=0.9, gzip;q=0.1", Some("br")),
            ("gzip", Some("gzip")),
            ("gzip;q=0, br;q=0.001", Some("br")),
            ("*", Some("zstd")),
            ("*;q=0.1, gzip", Some("gzip")),
            ("deflate", None),
            ("identity, gzip;q=0.5", None),
            ("", None),
        ] {
            let answer = Answer::to(get(&stack, &org, path).header("accept-encoding", accepted)).await.unwrap();
            assert_eq!(answer.header("content-encoding"), coding, "{accepted:?}");
            assert_eq!((answer.identity(), answer.etag()), (plain.identity(), plain.etag()), "{path} {accepted:?}");
        }
        for none in ["identity;q=0", "*;q=0", "deflate, identity;q=0"] {
            let answer = Answer::to(get(&stack, &org, path).header("accept-encoding", none)).await.unwrap();
            assert_eq!(answer.status, StatusCode::NOT_ACCEPTABLE, "{none}");
            assert_eq!(answer.header("cache-control"), Some("no-store"));
        }
    }
    stack.close().await;
}

#[tokio::test]
async fn only_listed_origins_may_read() {
    let stack = stack().await;
    let org = stack.org().await;
    let cross_origin = async |method: Method, origin: &str| {
        let request = stack.request(method, DASHBOARD).bearer_auth(&org.token).header("origin", origin);
        Answer::to(request).await.unwrap()
    };
    for origin in [ORIGIN, "http://localhost:3000"] {
        let answer = cross_origin(Method::GET, origin).await;
        assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
        assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
        let exposed = answer.header("access-control-expose-headers").unwrap();
        for header in ["etag", "prewarm-version", "prewarm-as-of", "prewarm-stale", "prewarm-source", "x-request-id"] {
            assert!(exposed.split(", ").any(|name| name == header), "{header}");
        }
        let preflight = cross_origin(Method::OPTIONS, origin).await;
        assert_eq!((preflight.status, preflight.body.len()), (StatusCode::NO_CONTENT, 0));
        let allowed = preflight.header("access-control-allow-headers").unwrap();
        for header in ["authorization", "if-none-match", "prewarm-delta", "prewarm-min-version", "prewarm-wait-for"] {
            assert!(allowed.split(", ").any(|name| name == header), "{header}");
        }
    }
    for origin in ["https://app.example.com.evil.example", "https://evil.example", "null", "HTTPS://app.example.com"] {
        for method in [Method::GET, Method::OPTIONS] {
            let answer = cross_origin(method, origin).await;
            assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control-")), "{origin}");
            assert!(answer.header("vary").unwrap().contains("Origin"));
        }
    }
    stack.close().await;
}

#[tokio::test]
async fn every_response_has_a_request_id_and_no_error_is_cacheable() {
    let stack = Stack::start().await;
    let org = stack.org().await;
    let asked =
        async |path: &str, id: &str| Answer::to(get(&stack, &org, path).header("x-request-id", id)).await.unwrap();
    for path in [DASHBOARD, "/nowhere"] {
        assert_eq!(asked(path, "abc-123").await.header("x-request-id"), Some("abc-123"));
        for harmful in ["", "a b", "a;b", &"x".repeat(65)] {
            let given = asked(path, harmful).await.header("x-request-id").unwrap().to_owned();
            assert!(given.parse::<uuid::Uuid>().is_ok(), "{given}");
        }
    }
    for path in ["/nowhere", "/api/analytics/dashboard/x.css", "/api/analytics/dashboard;a.js", "//"] {
        let missing = asked(path, "1").await;
        assert_eq!(
            (missing.status, missing.text().as_str()),
            (StatusCode::NOT_FOUND, r#"{"error":"Not found"}"#),
            "{path}"
        );
        assert_eq!(missing.header("cache-control"), Some("no-store"));
    }
    let refused = Answer::to(stack.request(Method::DELETE, DASHBOARD).bearer_auth(&org.token)).await.unwrap();
    assert_eq!(refused.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(refused.header("cache-control"), Some("no-store"));
    let nobody = Answer::to(stack.request(Method::POST, "/api/session/end")).await.unwrap();
    assert_eq!((nobody.status, nobody.header("clear-site-data")), (StatusCode::UNAUTHORIZED, None));
    let end = stack.request(Method::POST, "/api/session/end").bearer_auth(&org.token);
    let ended = Answer::to(end).await.unwrap();
    assert_eq!((ended.status, ended.header("clear-site-data")), (StatusCode::NO_CONTENT, Some("\"cache\"")));
    stack.close().await;
}
