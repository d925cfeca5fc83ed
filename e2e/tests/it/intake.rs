//! Webhooks: duplicates, refusals, and messages that are stored whole or not at all.

use std::{
    io::Write as _,
    time::{Duration, Instant},
};

use e2e::{Answer, Org, Stack, WEBHOOK_SECRET, eventually, report, status_update};
use flate2::{Compression, write::GzEncoder};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::{busy::in_time, sqlx};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const PATH: &str = "/webhooks/vapi";
const PHONE: &str = "+15550100001";

/// Sends bytes with the valid secret.
async fn send(stack: &Stack, body: impl Into<reqwest::Body>) -> Answer {
    Answer::to(stack.request(Method::POST, PATH).header("x-vapi-secret", WEBHOOK_SECRET).body(body)).await.unwrap()
}

/// The number of events, calls, call states and contacts.
async fn rows(stack: &Stack) -> [i64; 4] {
    let mut rows = [0; 4];
    for (rows, table) in rows.iter_mut().zip(["prewarm.events", "calls", "prewarm.call_states", "contacts"]) {
        *rows = stack.count(&format!("select count(*) from {table}")).await;
    }
    rows
}

async fn counted(stack: &Stack, kind: &str, outcome: &str) -> f64 {
    let metrics = stack.metrics(&stack.api).await;
    metrics.sum("prewarm_intake_total", &[("type", kind), ("outcome", outcome)])
}

#[tokio::test]
async fn a_duplicate_gets_the_first_receipt_and_has_no_effect() {
    let stack = Stack::start().await;
    let org = stack.org().await;
    let first = stack.post(&report(&org, "call-1", PHONE)).await.json();
    for _ in 0..3 {
        assert_eq!(stack.post(&report(&org, "call-1", PHONE)).await.json(), first);
    }
    // The other route, the other form of the secret, and another body under the same key.
    let mut changed = report(&org, "call-1", PHONE);
    changed["message"]["analysis"]["summary"] = json!("Something else.");
    let bearer = stack.request(Method::POST, "/api/vapi/webhook").bearer_auth(WEBHOOK_SECRET).json(&changed);
    assert_eq!(Answer::to(bearer).await.unwrap().json(), first);
    assert_eq!(rows(&stack).await, [1, 1, 1, 1]);
    assert_eq!(stack.count("select count(*) from calls where summary like 'Ada booked%'").await, 1);
    assert_eq!(counted(&stack, "end-of-call-report", "accepted").await, 1.0);
    assert_eq!(counted(&stack, "end-of-call-report", "duplicate").await, 4.0);
    let next = stack.post(&report(&org, "call-2", PHONE)).await.json();
    assert_ne!(next["receipt"], first["receipt"]);
    stack.close().await;
}

/// Every order of four things.
fn orders() -> Vec<[usize; 4]> {
    let all = (0..4 * 4 * 4 * 4).map(|n| [n / 64, n / 16 % 4, n / 4 % 4, n % 4]);
    all.filter(|order| (0..4).all(|thing| order.contains(&thing))).collect()
}

#[tokio::test]
async fn the_messages_of_a_call_produce_the_same_rows_in_every_order() {
    let stack = Stack::start().await;
    let org = stack.org().await;
    for (number, order) in orders().into_iter().enumerate() {
        let (call, phone) = (format!("call-{number}"), format!("+1555{number:07}"));
        let mut ended = status_update(&org, &call, &phone, "ended", 1);
        ended["message"]["endedReason"] = json!("silence-timed-out");
        let messages = [
            status_update(&org, &call, &phone, "ringing", 90),
            status_update(&org, &call, &phone, "in-progress", 80),
            ended,
            report(&org, &call, &phone),
        ];
        for message in order {
            assert_eq!(stack.post(&messages[message]).await.status, StatusCode::OK);
        }
    }
    assert_eq!(rows(&stack).await, [96, 24, 24, 24]);
    let shown = "select distinct to_jsonb(k) - '{id,contact_id,vapi_call_id,phone_number,created_at}'::text[], c.name
                   from calls k
                   join contacts c on c.id = k.contact_id and c.phone = k.phone_number";
    let shown: Vec<(Value, Option<String>)> = sqlx::query_as(shown).fetch_all(&stack.pg).await.unwrap();
    assert_eq!(shown.len(), 1, "{shown:#?}");
    let (call, name) = &shown[0];
    assert_eq!((call["status"].as_str(), call["duration_seconds"].as_i64()), (Some("completed"), Some(72)));
    assert_eq!(name.as_deref(), Some("Ada Canary"));
    stack.follows(&org).await;
    stack.close().await;
}

#[tokio::test]
async fn an_event_of_an_unknown_assistant_is_parked_and_replayed_once_it_is_known() {
    let stack = Stack::start().await;
    let (by_assistant, by_number) = (Org::unknown(), stack.org().await);
    let of_number = {
        let mut report = report(&Org::unknown(), "call-2", PHONE);
        report["message"]["call"]["phoneNumberId"] = json!("number-2");
        report
    };
    let messages = [report(&by_assistant, "call-1", PHONE), of_number];
    let mut receipts = Vec::new();
    for message in &messages {
        let parked = stack.post(message).await;
        assert_eq!((parked.status, &parked.json()["received"]), (StatusCode::OK, &json!(true)));
        receipts.push(parked.json()["receipt"].clone());
    }
    assert_eq!(rows(&stack).await, [2, 0, 0, 0]);
    assert_eq!(stack.count("select count(*) from prewarm.events where org_id is null and body is not null").await, 2);
    assert_eq!(counted(&stack, "end-of-call-report", "parked").await, 2.0);
    let gauge = async || stack.metrics(&stack.worker).await.sum("prewarm_parked_events", &[]);
    eventually("they are counted", async || (gauge().await == 2.0).then_some(())).await;

    // A plain change of the source, without a message: the maps are the application's tables.
    stack
        .sql(&format!(
            "insert into organizations (id, name) values ('{0}', 'org');
             insert into agents (org_id, name, vapi_assistant_id) values ('{0}', 'agent', '{1}');
             insert into phone_numbers (org_id, vapi_phone_number_id) values ('{2}', 'number-2')",
            by_assistant.id,
            by_assistant.assistant(),
            by_number.id
        ))
        .await;
    eventually("both are taken up", async || (rows(&stack).await == [2, 2, 2, 2]).then_some(())).await;
    eventually("none is left", async || (gauge().await == 0.0).then_some(())).await;
    assert_eq!(stack.metrics(&stack.worker).await.sum("prewarm_replays_total", &[("outcome", "replayed")]), 2.0);
    for (n, org) in [&by_assistant, &by_number].into_iter().enumerate() {
        assert_eq!(stack.follows(org).await.json()["pulse"]["total_calls"], 1);
        // The receipt is the same, and counts as included.
        assert_eq!(stack.post(&messages[n]).await.json()["receipt"], receipts[n]);
        let receipt = receipts[n].as_str().unwrap();
        let read = stack.request(Method::GET, "/api/analytics/dashboard").bearer_auth(&org.token);
        let waited = Answer::to(read.header("prewarm-wait-for", receipt)).await.unwrap();
        assert_eq!((waited.status, waited.stale()), (StatusCode::OK, None));
    }
    assert_eq!(rows(&stack).await, [2, 2, 2, 2]);
    stack.close().await;
}

/// Every type in Vapi's SDK, types that Vapi sends without listing them there, and an unknown one.
const TYPES: [&str; 34] = [
    "assistant.speechStarted",
    "assistant.started",
    "call.artifact.upload",
    "call.delete.failed",
    "call.deleted",
    "call.endpointing.request",
    "campaign.predial",
    "chat.created",
    "chat.deleted",
    "conversation-update",
    "end-of-call-report",
    "function-call",
    "handoff-destination-request",
    "hang",
    "knowledge-base-request",
    "language-change-detected",
    "language-changed",
    "model-output",
    "of-tomorrow",
    "phone-call-control",
    "session.created",
    "session.deleted",
    "session.updated",
    "speech-update",
    "status-update",
    "tool-calls",
    "transcript",
    "transcript[transcriptType=\"final\"]",
    "transfer-destination-request",
    "transfer-update",
    "user-interrupted",
    "voice-input",
    "voice-request",
    "",
];

#[tokio::test]
async fn every_message_type_is_stored_and_only_two_change_a_call() {
    let stack = Stack::start().await;
    let org = stack.org().await;
    for kind in TYPES {
        // Shaped like a report, to catch code that identifies reports by their fields.
        let mut message = report(&org, "call-1", PHONE);
        message["message"]["type"] = json!(kind);
        message["message"]["status"] = json!("ringing");
        let before = rows(&stack).await;
        let answer = stack.post(&message).await;
        assert_eq!((answer.status, &answer.json()["received"]), (StatusCode::OK, &json!(true)), "{kind}");
        let expected = match kind {
            "end-of-call-report" => [before[0] + 1, 1, 1, 1],
            _ => [before[0] + 1, before[1], before[2], before[3]],
        };
        assert_eq!(rows(&stack).await, expected, "{kind}");
    }
    let kept = "select count(distinct type) from prewarm.events where body #>> '{message,type}' = type";
    assert_eq!(stack.count(kept).await, TYPES.len() as i64);
    stack.close().await;
}

#[tokio::test]
async fn an_assistant_request_is_answered_from_the_phone_numbers() {
    let stack = Stack::start().await;
    let org = stack.org().await;
    stack
        .sql(&format!(
            "insert into phone_numbers (org_id, phone_number, vapi_phone_number_id, agent_id)
             select org_id, '+15550100099', 'number-1', id from agents where org_id = '{}'",
            org.id
        ))
        .await;
    let request = |number: &str| json!({ "message": { "type": "assistant-request", "call": { "id": "call-1", "phoneNumberId": number } } });
    assert_eq!(stack.post(&request("number-1")).await.json(), json!({ "assistantId": org.assistant() }));
    let unknown = stack.post(&request("number-2")).await;
    assert_eq!((unknown.status, unknown.json()["error"].is_string()), (StatusCode::OK, true));
    assert_eq!(rows(&stack).await, [0; 4]);
    // The mapping changes in the source.
    stack.sql("update phone_numbers set vapi_phone_number_id = 'number-2'").await;
    for (number, answer) in [("number-2", json!({ "assistantId": org.assistant() })), ("number-1", unknown.json())] {
        eventually("the new mapping holds", async || {
            (stack.post(&request(number)).await.json() == answer).then_some(())
        })
        .await;
    }
    stack.close().await;
}

/// Ten megabytes of zeros, compressed.
fn bomb() -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![b' '; 10 << 20]).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn rows_that_the_source_refuses_are_not_lost() {
    let stack = Stack::start().await;
    let org = stack.org().await;
    stack.sql("alter table contacts add check (phone <> '+15550100013')").await;
    assert_eq!(stack.post(&report(&org, "call-1", "+15550100013")).await.status, StatusCode::OK);
    // The call is stored without its contact.
    assert_eq!(rows(&stack).await, [1, 1, 1, 0]);
    let metrics = stack.metrics(&stack.api).await;
    assert_eq!(metrics.sum("prewarm_contacts_refused_total", &[("reason", "check")]), 1.0);
    stack.follows(&org).await;
    // A refused call is parked and reported.
    stack.sql("alter table calls add constraint odd check (phone_number <> '+15550100014')").await;
    assert_eq!(stack.post(&report(&org, "call-2", "+15550100014")).await.status, StatusCode::OK);
    assert_eq!(counted(&stack, "end-of-call-report", "refused").await, 1.0);
    assert_eq!(rows(&stack).await, [2, 1, 1, 0]);
    stack.sql("alter table calls drop constraint odd; update prewarm.events set replay_after = now()").await;
    eventually("it is taken up", async || (rows(&stack).await == [2, 2, 2, 1]).then_some(())).await;
    stack.close().await;
}

#[tokio::test]
async fn an_unreadable_message_is_refused_whole() {
    let stack = Stack::start().await;
    let org = stack.org().await;
    let good = report(&org, "call-1", PHONE).to_string();
    let refused: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", Vec::new()),
        ("no JSON", b"message=1".to_vec()),
        ("cut short", good.as_bytes()[..good.len() - 1].to_vec()),
        ("more than one", format!("{good}{good}").into_bytes()),
        ("not UTF-8", b"{\"message\":{\"type\":\"\xff\"}}".to_vec()),
        ("a list", b"[]".to_vec()),
        ("no message", b"{}".to_vec()),
        ("a message of the wrong type", br#"{"message":"end-of-call-report"}"#.to_vec()),
        ("a type of the wrong type", br#"{"message":{"type":7}}"#.to_vec()),
        ("no double", br#"{"message":{"type":"hang","x":1e999}}"#.to_vec()),
        ("a huge nesting", [b"[".repeat(200_000), b"]".repeat(200_000)].concat()),
    ];
    let count = refused.len();
    for (what, body) in refused {
        let answer = send(&stack, body).await;
        let error = json!({ "error": "The body is not a Vapi message" });
        assert_eq!((answer.status, answer.json()), (StatusCode::BAD_REQUEST, error), "{what}");
    }
    let secret = json!({ "error": "Missing or wrong webhook secret" });
    for (name, value) in
        [("x-other", "1"), ("x-vapi-secret", ""), ("x-vapi-secret", "wrong"), ("authorization", WEBHOOK_SECRET)]
    {
        let answer =
            Answer::to(stack.request(Method::POST, PATH).header(name, value).body(good.clone())).await.unwrap();
        assert_eq!((answer.status, answer.json()), (StatusCode::UNAUTHORIZED, secret.clone()), "{name}");
    }
    // Vapi never compresses, so a compressed body is an attack or a mistake.
    for coding in ["gzip", "br", "deflate", "identity, gzip"] {
        let encoded = stack.request(Method::POST, PATH).header("x-vapi-secret", WEBHOOK_SECRET);
        let answer = Answer::to(encoded.header("content-encoding", coding).body(bomb())).await.unwrap();
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{coding}");
    }
    assert_eq!(rows(&stack).await, [0; 4]);
    assert_eq!(counted(&stack, "unread", "refused").await, (count + 8) as f64);
    assert_eq!(stack.post(&report(&org, "call-1", PHONE)).await.status, StatusCode::OK);
    assert_eq!(rows(&stack).await, [1; 4]);
    stack.close().await;
}

#[tokio::test]
async fn an_odd_value_costs_only_its_own_field() {
    let stack = Stack::start().await;
    let org = stack.org().await;
    let mut odd = report(&org, "call-1", PHONE);
    odd["message"]["analysis"]["summary"] = json!("before\u{0}after");
    odd["message"]["analysis"]["structuredData"] = json!([1, 2]);
    odd["message"]["cost"] = json!({ "total": 1 });
    odd["message"]["startedAt"] = json!("soon");
    odd["message"]["\u{0}key"] = json!(null);
    // Half an emoji, as JavaScript leaves after cutting a string.
    let odd = odd.to_string().replace(r#""artifact":{"#, r#""artifact":{"cut\ud83d":"\udc00","#);
    assert_eq!(send(&stack, odd).await.status, StatusCode::OK);
    let cut = "select count(*) from prewarm.events where body #>> '{message,artifact,cut\u{fffd}}' = '\u{fffd}'";
    assert_eq!(stack.count(cut).await, 1);
    let shown = stack.follows(&org).await.json()["calls"]["calls"][0].clone();
    assert_eq!(shown["sentiment_summary"], "before\u{fffd}after");
    assert_eq!(
        (&shown["sentiment_score"], &shown["cost_cents"], &shown["duration_seconds"]),
        (&Value::Null, &json!(0), &json!(71))
    );
    stack.close().await;
}

#[tokio::test]
async fn locked_rows_delay_only_the_messages_that_need_them() {
    let stack = Stack::start().await;
    let (held, other) = (stack.org().await, stack.org().await);
    assert_eq!(stack.post(&report(&held, "call-0", PHONE)).await.status, StatusCode::OK);
    let mut holding = stack.pg.begin().await.unwrap();
    sqlx::query("update contacts set email = 'a@example.com'").execute(&mut *holding).await.unwrap();

    let mut blocked = Vec::new();
    for n in 0..12 {
        // More messages than there are writers.
        if n % 4 == 0 {
            blocked.push(tokio::spawn(stack.webhook(&report(&held, &format!("held-{n}"), PHONE)).send()));
        }
        let sent = Instant::now();
        assert_eq!(stack.post(&report(&other, &format!("other-{n}"), PHONE)).await.status, StatusCode::OK);
        assert!(sent.elapsed() < in_time(Duration::from_secs(2)), "{n}: {:?}", sent.elapsed());
    }
    assert!(blocked.iter().all(|blocked| !blocked.is_finished()));
    holding.commit().await.unwrap();
    for blocked in blocked {
        assert_eq!(blocked.await.unwrap().unwrap().status(), StatusCode::OK);
    }
    assert_eq!(rows(&stack).await, [16, 16, 16, 2]);
    stack.close().await;
}

/// The status line for a webhook with a number of one-megabyte chunks, however much of it the server reads.
async fn status_line(stack: &Stack, header: &str, chunks: usize) -> String {
    let (mut reader, mut writer) = TcpStream::connect(stack.api.http_addr()).await.unwrap().into_split();
    let head = format!("POST {PATH} HTTP/1.1\r\nhost: x\r\nx-vapi-secret: {WEBHOOK_SECRET}\r\n{header}\r\n\r\n");
    let chunk = [&b"100000\r\n"[..], &[b' '; 1 << 20], b"\r\n"].concat();
    let sending = tokio::spawn(async move {
        writer.write_all(head.as_bytes()).await?;
        for _ in 0..chunks {
            writer.write_all(&chunk).await?;
        }
        std::io::Result::Ok(writer)
    });
    let mut status = [0; "HTTP/1.1 200".len()];
    tokio::time::timeout(Duration::from_secs(10), reader.read_exact(&mut status)).await.unwrap().unwrap();
    sending.abort();
    String::from_utf8_lossy(&status).into_owned()
}

#[tokio::test]
async fn bodies_up_to_25_mb_are_accepted() {
    let stack = Stack::start().await;
    let org = stack.org().await;
    let mut large = report(&org, "call-1", PHONE);
    let small = large.to_string().len();
    large["message"]["artifact"]["transcript"] = json!("Hello. ".repeat(((25 << 20) - small) / 7));
    assert!(large.to_string().len() > 24 << 20);
    assert_eq!(stack.post(&large).await.status, StatusCode::OK);
    assert_eq!(rows(&stack).await, [1; 4]);

    // The length is known from the header, or only from the chunks.
    let told = format!("content-length: {}", 26 << 20);
    assert_eq!(status_line(&stack, &told, 0).await, "HTTP/1.1 413");
    assert_eq!(status_line(&stack, "transfer-encoding: chunked", 26).await, "HTTP/1.1 413");
    assert_eq!(counted(&stack, "unread", "refused").await, 2.0);
    assert_eq!(rows(&stack).await, [1; 4]);
    stack.api.ready(&stack.client).await;
    assert_eq!(stack.post(&report(&org, "call-2", PHONE)).await.status, StatusCode::OK);
    stack.close().await;
}
