//! Webhooks signed as by Vapi's HMAC credential.

use std::time::Duration;

use api::auth::wall_clock;
use e2e::{Answer, Environment, Stack, WEBHOOK_SECRET, report, status_update};
use reqwest::{Method, RequestBuilder, StatusCode};
use testkit::Database;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use vapi_standin::signature;

const PHONE: &str = "+15550100001";

/// A webhook signed at a time in seconds or milliseconds.
fn signed(stack: &Stack, secret: &str, time: i64, body: &str) -> RequestBuilder {
    let request = stack.request(Method::POST, "/webhooks/vapi").header("content-type", "application/json");
    request.header("x-signature", signature(secret, time, body)).header("x-timestamp", time).body(body.to_owned())
}

async fn status(request: RequestBuilder) -> StatusCode {
    Answer::to_webhook(request).await.status
}

#[tokio::test]
async fn only_signed_webhooks_are_accepted() {
    let secrets = format!("{WEBHOOK_SECRET},canary-next-secret");
    let environment = Environment::from([("VAPI_WEBHOOK_HMAC", "sha256".to_owned()), ("VAPI_WEBHOOK_SECRET", secrets)]);
    let stack = Stack::start_on(Database::create().await.unwrap(), environment).await;
    let org = stack.org().await;
    let body = report(&org, "call-1", PHONE).to_string();
    let now = wall_clock().0;

    assert_eq!(status(stack.webhook(&report(&org, "call-1", PHONE))).await, StatusCode::UNAUTHORIZED);
    assert_eq!(
        status(stack.webhook(&report(&org, "call-1", PHONE)).bearer_auth(WEBHOOK_SECRET)).await,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(status(signed(&stack, "another", now, &body)).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status(signed(&stack, WEBHOOK_SECRET, now - 400, &body)).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status(signed(&stack, WEBHOOK_SECRET, now + 400, &body)).await, StatusCode::UNAUTHORIZED);
    let changed = signed(&stack, WEBHOOK_SECRET, now, &body).body(body.replace("Friday", "Monday"));
    assert_eq!(status(changed).await, StatusCode::UNAUTHORIZED);
    assert_eq!(stack.count("select count(*) from prewarm.events").await, 0);

    assert_eq!(status(signed(&stack, WEBHOOK_SECRET, now, &body)).await, StatusCode::OK);
    let next = status_update(&org, "call-1", PHONE, "ended", 1).to_string();
    assert_eq!(status(signed(&stack, "canary-next-secret", now * 1000, &next)).await, StatusCode::OK);
    assert_eq!(stack.count("select count(*) from prewarm.events").await, 2);
    // A foreign request is refused before its body, which is never sent.
    let mut connection = TcpStream::connect(stack.api.http_addr()).await.unwrap();
    let head = "POST /webhooks/vapi HTTP/1.1\r\nhost: x\r\ncontent-length: 20000000\r\nx-signature: 00\r\n\r\n";
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut line = [0; "HTTP/1.1 401".len()];
    tokio::time::timeout(Duration::from_secs(8), connection.read_exact(&mut line)).await.unwrap().unwrap();
    assert_eq!(&line, b"HTTP/1.1 401");
    stack.close().await;
}
