//! The extractor in front of a handler, over HTTP.

use std::{sync::Arc, time::Duration};

use api::auth::{Authenticated, wall_clock};
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{
        HeaderValue, Request, StatusCode,
        header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    response::Response,
    routing::{get, post},
};
use readmodel::ids::OrgId;
use tower::ServiceExt as _;
use uuid::Uuid;

use super::{
    issuer::{ORG, SECRET, Signer, claims, config, secret_verifier},
    publisher::Publisher,
};

const MISSING: &str = r#"{"error":"Missing or invalid Authorization header"}"#;
const INVALID: &str = r#"{"error":"Invalid or expired token"}"#;

/// A router whose handler returns the org of the request.
fn app() -> Router {
    let org = |Authenticated(claims): Authenticated| async move { claims.org.to_string() };
    Router::new().route("/org", get(org)).route("/org", post(org)).with_state(Arc::new(secret_verifier()))
}

fn token() -> String {
    let config = config(&[("SUPABASE_JWT_SECRET", SECRET)]);
    config.mint(ORG, Duration::from_secs(60), wall_clock()).expect("a token")
}

async fn ask(path: &str, authorization: &[&[u8]]) -> Response {
    let mut request = Request::get(path);
    for value in authorization {
        request = request.header(AUTHORIZATION, HeaderValue::from_bytes(value).expect("a header value"));
    }
    app().oneshot(request.body(Body::empty()).expect("a request")).await.expect("an answer")
}

async fn body(response: Response) -> String {
    let bytes = to_bytes(response.into_body(), 1_000).await.expect("a body");
    String::from_utf8(bytes.to_vec()).expect("text")
}

async fn assert_refused(path: &str, authorization: &[&[u8]], expected: &str) {
    let response = ask(path, authorization).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{authorization:?}");
    let header = |name| response.headers().get(name).expect("a header").to_str().expect("text").to_owned();
    assert_eq!(header(CONTENT_TYPE), "application/json; charset=utf-8");
    assert_eq!(header(CACHE_CONTROL), "no-store");
    assert!(header(WWW_AUTHENTICATE).starts_with("Bearer"));
    assert_eq!(body(response).await, expected, "{authorization:?}");
}

#[tokio::test]
async fn a_valid_token_gives_access_to_its_own_org() {
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let response = ask("/org", &[format!("{scheme} {}", token()).as_bytes()]).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(body(response).await, ORG.to_string());
    }
}

#[tokio::test]
async fn a_missing_token_gets_the_missing_header_error() {
    let token = token();
    let good = format!("Bearer {token}");
    for authorization in [
        &[][..],
        &[""],
        &["Bearer"],
        &["Bearer "],
        &["Bearer    "],
        &["Bearer undefined"],
        &["Bearer null"],
        &["Basic dXNlcjpwYXNz"],
        &[&token],
        &[&format!("Bearer:{token}")],
        &[&format!("BearerX {token}")],
        &[&good, &good],
        &[&good, "Basic dXNlcjpwYXNz"],
    ] {
        let authorization: Vec<_> = authorization.iter().map(|value| value.as_bytes()).collect();
        assert_refused("/org", &authorization, MISSING).await;
    }
    assert_refused("/org", &[b"\xff\xff\xff"], MISSING).await;
}

#[tokio::test]
async fn every_invalid_token_gets_the_same_error() {
    let token = token();
    let config = config(&[("SUPABASE_JWT_SECRET", SECRET)]);
    let expired = config.mint(ORG, Duration::ZERO, api::auth::UnixSeconds(wall_clock().0 - 3600)).expect("a token");
    for bad in [
        "x",
        "a.b.c",
        "Undefined",
        "...",
        &expired,
        &format!("{token}x"),
        &format!("{token}, Bearer {token}"),
        &format!("{token} {token}"),
        &format!("{token}é"),
        &"x".repeat(9_000),
    ] {
        assert_refused("/org", &[format!("Bearer {bad}").as_bytes()], INVALID).await;
    }
    assert_refused("/org", &[b"Bearer \xff\xfe"], INVALID).await;
}

#[tokio::test]
async fn a_token_that_is_too_long_gets_431_instead_of_401() {
    let response = ask("/org", &[format!("Bearer {}", "x".repeat(16 * 1024 + 1)).as_bytes()]).await;
    assert_eq!(response.status(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    assert!(!response.headers().contains_key(WWW_AUTHENTICATE));
    assert_eq!(body(response).await, r#"{"error":"The access token is too long"}"#);
}

#[tokio::test]
async fn without_keys_clients_get_503_and_retry_after() {
    let publisher = Publisher::start(&[]).await;
    let app = Router::new()
        .route("/org", get(|Authenticated(claims): Authenticated| async move { claims.org.to_string() }))
        .with_state(Arc::new(publisher.verifier()));
    let token = Signer::es256("only").token(&claims());
    let request = Request::get("/org").header(AUTHORIZATION, format!("Bearer {token}"));
    let response = app.oneshot(request.body(Body::empty()).expect("a request")).await.expect("an answer");
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()[RETRY_AFTER], "2");
    assert_eq!(body(response).await, r#"{"error":"Temporarily unavailable"}"#);
}

#[tokio::test]
async fn a_token_outside_the_authorization_header_is_ignored() {
    let token = token();
    for name in ["token", "access_token", "authorization", "jwt", "apikey"] {
        assert_refused(&format!("/org?{name}={token}"), &[], MISSING).await;
    }
    for name in ["cookie", "x-authorization", "proxy-authorization", "apikey", "sec-websocket-protocol"] {
        let request =
            Request::get("/org").header(name, format!("Bearer {token}")).body(Body::empty()).expect("a request");
        let response = app().oneshot(request).await.expect("an answer");
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{name}");
    }
}

#[tokio::test]
async fn an_org_named_outside_the_token_is_ignored() {
    let other = OrgId(Uuid::from_u128(2));
    let request = Request::post(format!("/org?org_id={other}&org={other}"))
        .header(AUTHORIZATION, format!("Bearer {}", token()))
        .header("x-org-id", other.to_string())
        .header(CONTENT_TYPE, "application/json")
        .body(Body::from(format!(r#"{{"org_id":"{other}"}}"#)))
        .expect("a request");
    let response = app().oneshot(request).await.expect("an answer");
    assert_eq!(body(response).await, ORG.to_string());
}
