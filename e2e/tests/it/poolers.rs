//! A pooler between Prewarm and its database.

use e2e::{Answer, Environment, PgBouncer, Process, Stack, eventually, report};
use reqwest::StatusCode;
use testkit::Database;

/// Case A9.
#[tokio::test]
async fn a_session_pooler_serves_as_the_server_does() {
    let database = Database::create().await.unwrap();
    let pooler = PgBouncer::start(&database, "session").await;
    let stack = Stack::start_on(database, Environment::from([("DATABASE_URL", pooler.url())])).await;
    let org = stack.org().await;
    for call in ["one", "two"] {
        assert_eq!(stack.post(&report(&org, call, "+15557654321")).await.status, StatusCode::OK);
        stack.follows(&org).await;
    }
    stack.close().await;
}

/// It would lend a session for a transaction: what a session was told before would be lost, and its locks.
#[tokio::test]
async fn a_transaction_pooler_is_refused_with_the_reason() {
    let database = Database::create().await.unwrap();
    let pooler = PgBouncer::start(&database, "transaction").await;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
    let environment = Environment::from([
        ("DATABASE_URL", pooler.url()),
        ("SUPABASE_JWT_SECRET", e2e::JWT_SECRET.to_owned()),
        ("VAPI_WEBHOOK_SECRET", e2e::WEBHOOK_SECRET.to_owned()),
    ]);
    let mut api = Process::start(&["api"], &environment);
    eventually("the reason is told", async || {
        let ready = Answer::to(client.get(api.admin("/readyz"))).await.ok()?;
        assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE, "{}", ready.text());
        ready.text().contains("it is a transaction pooler").then_some(())
    })
    .await;
    api.stop().await;
    let mut migrate = Process::start(&["migrate"], &environment);
    assert_eq!(migrate.ended().await.code(), Some(1));
    assert!(migrate.log().contains("(DATABASE_URL) cannot be used: it is a transaction pooler"), "{}", migrate.log());
    database.close().await.unwrap();
}
