//! Processes start, wait, refuse to start, and stop.

use std::time::Duration;

use e2e::{Answer, Environment, Process, Stack, eventually};
use reqwest::StatusCode;
use testkit::{
    busy::in_time,
    sqlx::{self, AssertSqlSafe, PgPool},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use uuid::Uuid;

/// Runs a process that must fail and returns its one line of output.
async fn complaint(arguments: &[&str], environment: &Environment) -> String {
    let mut process = Process::start(arguments, environment);
    let status = process.ended().await;
    let log = process.log();
    assert_eq!(status.code(), Some(1), "{log}");
    assert_eq!(log.lines().count(), 1, "{log}");
    log.trim().to_owned()
}

fn without(environment: &Environment, name: &str) -> Environment {
    let mut environment = environment.clone();
    environment.remove(name).unwrap();
    environment
}

#[tokio::test]
async fn processes_stop_in_time_with_half_a_header_open() {
    let stack = Stack::start().await;
    let mut half_sent = Vec::new();
    for address in
        [stack.api.http_addr().to_string(), authority(&stack.api.admin("")), authority(&stack.worker.board(""))]
    {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: ").await.unwrap();
        half_sent.push(stream);
    }
    // A connection with half a body as well.
    let mut stream = TcpStream::connect(stack.api.http_addr()).await.unwrap();
    let head = format!(
        "POST /webhooks/vapi HTTP/1.1\r\nhost: x\r\nx-vapi-secret: {}\r\ncontent-length: 9\r\n\r\n{{",
        e2e::WEBHOOK_SECRET
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    half_sent.push(stream);
    stack.close().await;
    for mut stream in half_sent {
        let mut rest = Vec::new();
        let read = tokio::time::timeout(in_time(Duration::from_secs(1)), stream.read_to_end(&mut rest)).await;
        assert!(read.is_ok(), "the connection is closed");
    }
}

fn authority(url: &str) -> String {
    url.trim_start_matches("http://").to_owned()
}

#[tokio::test]
async fn an_api_without_a_webhook_secret_does_not_start() {
    let stack = Stack::start().await;
    let line = complaint(&["api"], &without(&stack.environment, "SUPABASE_JWT_SECRET")).await;
    assert!(line.contains("SUPABASE_JWT_SECRET") && line.contains("SUPABASE_URL"), "{line}");
    let line = complaint(&["api"], &without(&stack.environment, "VAPI_WEBHOOK_SECRET")).await;
    assert!(line.contains("VAPI_WEBHOOK_SECRET"), "{line}");
    let line = complaint(&["worker"], &without(&stack.environment, "DATABASE_URL")).await;
    assert!(line.contains("DATABASE_URL"), "{line}");
    for (variable, value) in [("DATABASE_URL", "postgres//x"), ("REDIS_URL", "http://x"), ("PREWARM_CORS_ORIGINS", "*")]
    {
        let mut environment = stack.environment.clone();
        environment.insert(variable, value.to_owned());
        let line = complaint(&["api"], &environment).await;
        assert!(line.contains(variable), "{line}");
    }
    stack.close().await;
}

#[tokio::test]
async fn a_taken_port_is_named_in_the_error() {
    let stack = Stack::start().await;
    let holder = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let taken = holder.local_addr().unwrap().to_string();
    for (command, variable) in [
        ("api", "PREWARM_HTTP_ADDR"),
        ("api", "PREWARM_ADMIN_ADDR"),
        ("worker", "PREWARM_ADMIN_ADDR"),
        ("worker", "PREWARM_QUEUE_UI_ADDR"),
        ("up", "PREWARM_HTTP_ADDR"),
    ] {
        let mut environment = stack.environment.clone();
        environment.insert(variable, taken.clone());
        let line = complaint(&[command], &environment).await;
        assert!(line.starts_with(&format!("prewarm: {taken} is in use: ")), "{line}");
        assert!(line.contains(&format!("such as {variable}=127.0.0.1:")) && !line.contains("os error"), "{line}");
    }
    stack.close().await;
}

#[tokio::test]
async fn a_command_without_a_schema_says_what_to_run() {
    let stack = Stack::start().await;
    let name = format!("prewarm_test_{}", Uuid::new_v4().simple());
    stack.sql(&format!("create database {name}")).await;
    let mut environment = stack.environment.clone();
    environment.insert("DATABASE_URL", embedded::database_url(&environment["DATABASE_URL"], &name));
    for arguments in [&["seed"][..], &["dead", "list"], &["rebuild", "--all"]] {
        let line = complaint(arguments, &environment).await;
        assert!(line.ends_with("run `prewarm migrate`"), "{line}");
    }
    environment.insert("DATABASE_URL", embedded::database_url(&environment["DATABASE_URL"], "not_there"));
    let line = complaint(&["migrate"], &environment).await;
    assert!(line.contains(r#"database "not_there" does not exist (SQLSTATE 3D000)"#), "{line}");
    sqlx::raw_sql(AssertSqlSafe(format!("drop database {name} with (force)"))).execute(&stack.pg).await.unwrap();
    stack.close().await;
}

#[tokio::test]
async fn a_process_waits_for_its_schema_and_says_so() {
    let stack = Stack::start().await;
    // The prefix gets the database removed if this test crashes.
    let name = format!("prewarm_test_{}", Uuid::new_v4().simple());
    stack.sql(&format!("create database {name}")).await;
    let mut environment = stack.environment.clone();
    environment.insert("DATABASE_URL", embedded::database_url(&environment["DATABASE_URL"], &name));
    let (mut api, mut worker) = (Process::start(&["api"], &environment), Process::start(&["worker"], &environment));
    for process in [&api, &worker] {
        let ready = process.admin("/readyz");
        // The process is not ready from the start, and knows the reason after its first check.
        eventually("it says what it waits for", async || {
            let answer = Answer::to(stack.client.get(&ready)).await.ok()?;
            assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.text());
            answer.text().contains("prewarm migrate").then_some(())
        })
        .await;
    }
    for (arguments, next) in
        [(&["migrate"][..], Some("prewarm migrate --with-source")), (&["migrate", "--with-source"], None)]
    {
        for _ in 0..2 {
            let mut migrate = Process::start(arguments, &environment);
            assert!(migrate.ended().await.success(), "{}", migrate.log());
        }
        let Some(next) = next else { continue };
        for process in [&api, &worker] {
            eventually("it says that there is no source", async || {
                let answer = Answer::to(stack.client.get(process.admin("/readyz"))).await.ok()?;
                assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.text());
                answer.text().contains(next).then_some(())
            })
            .await;
        }
    }
    api.ready(&stack.client).await;
    worker.ready(&stack.client).await;
    let pg = PgPool::connect(&environment["DATABASE_URL"]).await.unwrap();
    let works = "select exists (select from apalis.workers)";
    eventually("the worker works", async || {
        sqlx::query_scalar::<_, bool>(works).fetch_one(&pg).await.unwrap().then_some(())
    })
    .await;
    pg.close().await;
    worker.stop().await;
    api.stop().await;
    sqlx::raw_sql(AssertSqlSafe(format!("drop database {name} with (force)"))).execute(&stack.pg).await.unwrap();
    stack.close().await;
}
