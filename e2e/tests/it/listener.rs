//! Slow clients lose their connections without affecting others.

use std::time::{Duration, Instant};

use e2e::{Environment, Stack, WEBHOOK_SECRET, eventually};
use reqwest::StatusCode;
use testkit::{Database, busy::in_time};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

/// A slow client is disconnected after ten seconds; the rest is slack for a busy machine. Idle connections last longer.
const GONE: Duration = Duration::from_secs(40);
/// How long the other clients are watched meanwhile.
const WATCHED: Duration = Duration::from_secs(12);
const DRIP: Duration = Duration::from_millis(500);

/// Sends bytes one by one until the server closes the connection. Returns the time.
async fn drip(mut stream: TcpStream, begin: &[u8], then: &[u8]) -> Duration {
    let opened = Instant::now();
    stream.write_all(begin).await.unwrap();
    let (mut reader, mut writer) = stream.into_split();
    let endless = async {
        if then.is_empty() {
            std::future::pending::<()>().await;
        }
        for byte in then.iter().cycle() {
            tokio::time::sleep(DRIP).await;
            if writer.write_all(&[*byte]).await.is_err() {
                break;
            }
        }
    };
    let closed = async {
        let mut answer = Vec::new();
        // The connection ends after a response or by a reset.
        let _ = reader.read_to_end(&mut answer).await;
    };
    let ended = async {
        tokio::select! {
            () = endless => {}
            () = closed => {}
        }
    };
    assert!(tokio::time::timeout(GONE * 2, ended).await.is_ok(), "the connection is still open");
    opened.elapsed()
}

/// The connection once a request on it has been answered.
async fn answered(mut stream: TcpStream, request: &[u8]) -> TcpStream {
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(br#"{"error":"Not found"}"#) {
        assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0, "closed before the answer");
    }
    stream
}

#[tokio::test]
async fn the_keep_alive_setting_limits_idle_connections() {
    let environment = Environment::from([("PREWARM_HTTP_KEEP_ALIVE", "2".to_owned())]);
    let stack = Stack::start_on(Database::create().await.unwrap(), environment).await;
    // A started head times out after ten seconds, later than the idle connection.
    let mut half_head = TcpStream::connect(stack.api.http_addr()).await.unwrap();
    half_head.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    let resting = TcpStream::connect(stack.api.http_addr()).await.unwrap();
    let mut resting = answered(resting, b"GET /nowhere HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let (begun, mut rest, mut refusal) = (Instant::now(), Vec::new(), Vec::new());
    tokio::select! {
        closed = resting.read_to_end(&mut rest) => assert!(closed.is_ok() && rest.is_empty(), "{rest:?}"),
        _ = half_head.read_to_end(&mut refusal) => panic!("it rested for {:?}", begun.elapsed()),
    }
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
    drop((half_head, resting));
    stack.close().await;
}

#[tokio::test]
async fn slow_clients_are_closed_within_ten_seconds() {
    let stack = Stack::start().await;
    let address = stack.api.http_addr();
    let connect = async || TcpStream::connect(address).await.unwrap();
    let post = format!(
        "POST /webhooks/vapi HTTP/1.1\r\nhost: x\r\nx-vapi-secret: {WEBHOOK_SECRET}\r\ncontent-length: 100000\r\n\r\n"
    );
    let request = b"GET /nowhere HTTP/1.1\r\nhost: x\r\n\r\n";
    let (slow_head, slow_body, half_head, idle, second_head, resting) = tokio::join!(
        drip(connect().await, b"GET / HTTP/1.1\r\nhost: x\r\nx-slow: ", b"a"),
        drip(connect().await, post.as_bytes(), b" "),
        drip(connect().await, b"GET / HTTP/1.1\r\nhost: ", b""),
        drip(connect().await, b"", b""),
        drip(answered(connect().await, request).await, b"GET / HTTP/1.1\r\n", b""),
        async {
            let resting = answered(connect().await, request).await;
            tokio::time::sleep(WATCHED).await;
            answered(resting, request).await
        },
    );
    drop(resting);
    for (name, took) in [
        ("head", slow_head),
        ("body", slow_body),
        ("half a head", half_head),
        ("idle", idle),
        ("second head", second_head),
    ] {
        assert!((Duration::from_secs(8)..GONE).contains(&took), "{name}: {took:?}");
    }
    stack.close().await;
}

#[tokio::test]
async fn a_client_that_does_not_read_is_disconnected_and_delays_no_other() {
    let stack = Stack::start().await;
    let org = stack.org().await;
    stack
        .sql(&format!(
            "insert into contacts (org_id, name, phone, lead_status, email)
               select '{0}', repeat(md5(i::text), 100), '+1555' || i, 'new', md5(i::text)
                 from generate_series(1, 50) i",
            org.id
        ))
        .await;
    stack.follows(&org).await;
    // Five hundred bodies of 25 kB fill all buffers in between.
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut deaf = socket.connect(stack.api.http_addr()).await.unwrap();
    let request =
        format!("GET /api/analytics/leads HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n", org.token);
    deaf.write_all(request.repeat(500).as_bytes()).await.unwrap();
    // As many connections as a small attacker can afford.
    let mut loris = Vec::new();
    for _ in 0..500 {
        let mut stream = TcpStream::connect(stack.api.http_addr()).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: ").await.unwrap();
        loris.push(stream);
    }
    let opened = Instant::now();
    while opened.elapsed() < WATCHED {
        let asked = Instant::now();
        assert_eq!(stack.read(&org, "/api/analytics/leads").await.status, StatusCode::OK);
        assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for mut stream in loris {
        let mut rest = Vec::new();
        let closed = tokio::time::timeout(in_time(Duration::from_secs(2)), stream.read_to_end(&mut rest)).await;
        assert!(closed.is_ok(), "a half-sent head keeps its connection");
    }
    // The end follows the bytes that are still in the buffers.
    let mut rest = vec![0; 1 << 20];
    let ended = async { while deaf.read(&mut rest).await.is_ok_and(|read| read > 0) {} };
    assert!(
        tokio::time::timeout(in_time(Duration::from_secs(2)), ended).await.is_ok(),
        "who does not read keeps its connection"
    );
    stack.close().await;
}

#[tokio::test]
async fn a_malformed_request_is_refused_and_its_connection_closed() {
    let stack = Stack::start().await;
    for (what, bytes) in [
        ("two lengths", "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\na"),
        ("a signed length", "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: +1\r\n\r\na"),
        ("an unknown transfer coding", "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n"),
        ("a NUL", "GET / HTTP/1.1\r\nhost: x\0y\r\n\r\n"),
        ("a space before the colon", "GET / HTTP/1.1\r\nhost : x\r\n\r\n"),
        ("a head too large", &format!("GET / HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "a".repeat(64 * 1024))),
        ("no HTTP at all", "\x16\x03\x01\x02\x00\x01\x00"),
    ] {
        let mut stream = TcpStream::connect(stack.api.http_addr()).await.unwrap();
        // The server may respond and close before everything is sent.
        let _ = stream.write_all(bytes.as_bytes()).await;
        let mut answer = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(3), stream.read_to_end(&mut answer)).await;
        assert!(read.is_ok(), "{what}: the connection is still open");
        let answer = String::from_utf8_lossy(&answer);
        let refused = ["HTTP/1.1 400", "HTTP/1.1 431"].iter().any(|status| answer.starts_with(status));
        assert!(refused || answer.is_empty(), "{what}: {answer}");
    }
    for (status, reason) in [("431", "head_too_large"), ("400", "malformed")] {
        let refused = async || stack.metrics(&stack.api).await.sum("prewarm_refusals_total", &[("reason", reason)]);
        eventually("it is counted", async || (refused().await >= 1.0).then_some(())).await;
        assert!(stack.metrics(&stack.api).await.sum("prewarm_refusals_total", &[("status", status)]) >= 1.0);
    }
    stack.close().await;
}
