//! Token verification by a real process: missing keys, other issuers and long tokens, with the reports to operators.

use std::{net::SocketAddr, time::Duration};

use api::auth::wall_clock;
use axum::{Json, Router, routing::get};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use e2e::{Answer, Environment, JWT_SECRET, Process, Stack, eventually, poll};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use p256::{
    SecretKey,
    elliptic_curve::{rand_core::OsRng, sec1::ToEncodedPoint as _},
    pkcs8::EncodePrivateKey as _,
};
use readmodel::ids::OrgId;
use reqwest::StatusCode;
use serde_json::{Value, json};
use testkit::Database;
use tokio::net::TcpListener;
use uuid::Uuid;

const LEADS: &str = "/api/analytics/leads";
const KEY_ID: &str = "the-one";
/// Longer than the two seconds between fetches of keys, for a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn claims(more: &Value) -> Value {
    let mut claims = json!({
        "sub": Uuid::new_v4(), "aud": "authenticated", "role": "authenticated", "exp": wall_clock().0 + 3600,
        "app_metadata": { "org_id": OrgId(Uuid::new_v4()) },
    });
    let members = claims.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    claims
}

fn signed_with_secret(more: &Value) -> String {
    encode(&Header::default(), &claims(more), &EncodingKey::from_secret(JWT_SECRET.as_bytes())).unwrap()
}

/// A project's key: the published public half and a token.
fn project_key() -> (Value, String) {
    let private = SecretKey::random(&mut OsRng);
    let point = private.public_key().to_encoded_point(false);
    let [x, y] = [point.x(), point.y()].map(|coordinate| URL_SAFE_NO_PAD.encode(coordinate.unwrap()));
    let jwk = json!({ "kty": "EC", "crv": "P-256", "kid": KEY_ID, "alg": "ES256", "use": "sig", "x": x, "y": y });
    let header = Header { kid: Some(KEY_ID.to_owned()), ..Header::new(Algorithm::ES256) };
    let key = EncodingKey::from_ec_der(private.to_pkcs8_der().unwrap().as_bytes());
    (json!({ "keys": [jwk] }), encode(&header, &claims(&json!({})), &key).unwrap())
}

async fn read(stack: &Stack, api: &Process, token: &str) -> Answer {
    Answer::to(stack.client.get(api.http(LEADS)).bearer_auth(token)).await.unwrap()
}

async fn ready(stack: &Stack, api: &Process) -> Option<(StatusCode, Value)> {
    let answer = Answer::to(stack.client.get(api.admin("/readyz"))).await.ok()?;
    Some((answer.status, answer.json()["parts"]["token keys"].clone()))
}

async fn refusals(stack: &Stack, api: &Process, status: &str, reason: &str) -> f64 {
    stack.metrics(api).await.sum("prewarm_refusals_total", &[("status", status), ("reason", reason)])
}

#[tokio::test]
async fn readers_stay_signed_in_while_the_key_server_is_down() {
    let stack = Stack::start().await;
    // The port stays free for the test, because no other process uses its address.
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = port.local_addr().unwrap();
    drop(port);
    let mut environment = stack.environment.clone();
    environment.remove("SUPABASE_JWT_SECRET");
    environment.insert("PREWARM_JWKS_URL", format!("http://{address}/jwks.json"));
    let mut api = Process::start(&["api"], &environment);
    let (published, token) = project_key();

    let reason = eventually("/readyz says why", async || {
        let (status, keys) = ready(&stack, &api).await?;
        let reason = keys["reason"].as_str()?.to_owned();
        (status == StatusCode::SERVICE_UNAVAILABLE && reason.contains("efused")).then_some(reason)
    })
    .await;
    assert!(reason.starts_with("no keys yet, so no token is accepted"), "{reason}");
    let answer = read(&stack, &api, &token).await;
    assert_eq!((answer.status, answer.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, Some("2")));
    assert!(refusals(&stack, &api, "503", "token_no_keys").await >= 1.0);
    assert!(api.log().contains("and there are none"), "{}", api.log());
    assert!(!api.log().contains("stay in use"), "{}", api.log());

    let empty = json!({ "keys": [] });
    let keys = std::sync::Arc::new(std::sync::Mutex::new(empty));
    let served = std::sync::Arc::clone(&keys);
    let app = Router::new().route("/jwks.json", get(async move || Json(served.lock().unwrap().clone())));
    let server = tokio::spawn(async move { axum::serve(TcpListener::bind(address).await.unwrap(), app).await });
    let empty_set =
        poll(PATIENCE, async || ready(&stack, &api).await?.1["reason"].as_str()?.contains("holds no").then_some(()));
    assert!(empty_set.await.is_some(), "an empty key set is not reported");
    assert_eq!(read(&stack, &api, &token).await.status, StatusCode::SERVICE_UNAVAILABLE);

    *keys.lock().unwrap() = published;
    let let_in = poll(PATIENCE, async || (read(&stack, &api, &token).await.status == StatusCode::OK).then_some(()));
    assert!(let_in.await.is_some(), "the keys are published and the token is still refused");
    api.ready(&stack.client).await;
    assert_eq!(ready(&stack, &api).await.unwrap().1["state"], "ok");
    server.abort();
    api.stop().await;
    stack.close().await;
}

#[tokio::test]
async fn the_reason_a_token_is_refused_is_counted_and_logged_without_the_token() {
    const ISSUER: &str = "https://auth.clinic.example/auth/v1";
    let environment = Environment::from([("PREWARM_JWT_ISSUER", format!("https://old.example/auth/v1, {ISSUER}"))]);
    let stack = Stack::start_on(Database::create().await.unwrap(), environment).await;
    let ours = signed_with_secret(&json!({ "iss": ISSUER }));
    assert_eq!(read(&stack, &stack.api, &ours).await.status, StatusCode::OK);
    let (_, of_a_key) = project_key();
    for (token, reason) in [
        (signed_with_secret(&json!({ "iss": "https://canary.example" })), "token_wrong_issuer"),
        (signed_with_secret(&json!({ "iss": ISSUER, "is_anonymous": true })), "token_anonymous"),
        (signed_with_secret(&json!({ "iss": ISSUER, "exp": 1 })), "token_expired"),
        (format!("{ours}x"), "token_bad_signature"),
        (of_a_key, "token_unknown_key"),
        ("canary".to_owned(), "token_malformed"),
    ] {
        assert_eq!(refusals(&stack, &stack.api, "401", reason).await, 0.0);
        assert!(stack.metrics(&stack.api).await.names().any(|name| name == "prewarm_refusals_total"));
        let answer = read(&stack, &stack.api, &token).await;
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (StatusCode::UNAUTHORIZED, r#"{"error":"Invalid or expired token"}"#)
        );
        assert_eq!(refusals(&stack, &stack.api, "401", reason).await, 1.0, "{reason}");
        let told = format!(r#""reason":"{reason}""#);
        eventually("a line tells it", async || stack.api.log().contains(&told).then_some(())).await;
    }
    assert_eq!(Answer::to(stack.client.get(stack.api.http(LEADS))).await.unwrap().status, StatusCode::UNAUTHORIZED);
    assert_eq!(refusals(&stack, &stack.api, "401", "token_missing").await, 1.0);
    assert_eq!(Answer::to(stack.client.get(stack.api.http("/none"))).await.unwrap().status, StatusCode::NOT_FOUND);
    assert_eq!(refusals(&stack, &stack.api, "404", "not_found").await, 1.0);
    assert!(!stack.api.log().contains("canary"), "{}", stack.api.log());
    stack.close().await;
}

#[tokio::test]
async fn a_16_kb_token_passes_the_listener_and_a_longer_one_gets_431() {
    let stack = Stack::start().await;
    let of_length = |length: usize| signed_with_secret(&json!({ "x": "x".repeat(length * 3 / 4) }));
    let long = of_length(15_500);
    assert!((15_500..=16_384).contains(&long.len()), "{}", long.len());
    assert_eq!(read(&stack, &stack.api, &long).await.status, StatusCode::OK);
    let too_long = read(&stack, &stack.api, &of_length(20_000)).await;
    assert_eq!(too_long.status, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    assert_eq!(refusals(&stack, &stack.api, "431", "token_too_long").await, 1.0);
    stack.close().await;
}
