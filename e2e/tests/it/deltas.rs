//! Deltas on the wire (RFC 9842) for clients that hold an earlier body.

use e2e::{Answer, Org, Stack, report};
use embedded::tool;
use reqwest::{RequestBuilder, StatusCode};
use sha2::{Digest, Sha256};

const LEADS: &str = "/api/analytics/leads";
const ALL_CODINGS: &str = "gzip, deflate, br, zstd, dcb, dcz";

/// The `Available-Dictionary` of a client that holds this body.
fn named(body: &[u8]) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    format!(":{}:", STANDARD.encode(Sha256::digest(body)))
}

fn get(stack: &Stack, org: &Org, path: &str) -> RequestBuilder {
    let request = stack.client.get(stack.api.http(path)).bearer_auth(&org.token);
    request.header("prewarm-delta", "1").header("accept-encoding", ALL_CODINGS)
}

async fn get_holding(stack: &Stack, org: &Org, path: &str, held: &[u8]) -> Answer {
    Answer::to(get(stack, org, path).header("available-dictionary", named(held))).await.unwrap()
}

/// A dcz body decoded by the reference implementation, which skips the frame with the hash.
fn decode(body: &[u8], dictionary: &[u8]) -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("dictionary");
    std::fs::write(&path, dictionary).unwrap();
    std::fs::write(directory.path().join("body.zst"), body).unwrap();
    let output = tool("zstd").arg("-D").arg(&path).arg("-dc").arg(directory.path().join("body.zst")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

async fn org_with_fifty_leads(stack: &Stack) -> Org {
    let org = stack.org().await;
    stack
        .sql(&format!(
            "insert into contacts (org_id, name, phone, email, lead_status, lead_score, last_contact_at, service_interests)
               select '{0}', 'Contact ' || md5(i::text), '+1555010' || (1000 + i), md5(i::text) || '@example.com', 'new', i,
                      now() - i * interval '1 minute', array['botox', 'filler']
                 from generate_series(1, 60) i;
             insert into calls (org_id, phone_number, duration_seconds, summary, created_at)
               select '{0}', phone, 60 + lead_score, 'Asked about ' || md5(phone), now() - lead_score * interval '1 hour'
                 from contacts where org_id = '{0}'",
            org.id
        ))
        .await;
    stack.follows(&org).await;
    org
}

#[tokio::test]
async fn a_returning_viewer_gets_a_delta() {
    let stack = Stack::start().await;
    let (org, neighbour) = (org_with_fifty_leads(&stack).await, org_with_fifty_leads(&stack).await);
    let first = Answer::to(get(&stack, &org, LEADS)).await.unwrap();
    assert_eq!(first.header("content-encoding"), Some("zstd"));
    assert_eq!(first.header("cache-control"), Some("private, max-age=3600"));
    let use_as = "match=\"/api/analytics/leads\", match-dest=(\"\")";
    assert_eq!(first.header("use-as-dictionary"), Some(use_as));
    let mut held = vec![first.identity()];
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&held[0]).unwrap()["leads"].as_array().unwrap().len(), 50);

    for n in 0..6 {
        // A listed lead calls.
        stack.post(&report(&org, &format!("call-{n}"), &format!("+1555010{}", 1050 + n))).await;
        stack.follows(&org).await;
        let plain = stack.read(&org, LEADS).await;
        for (age, base) in held.iter().rev().enumerate() {
            let delta = get_holding(&stack, &org, LEADS, base).await;
            assert_eq!((delta.status, delta.header("content-encoding")), (StatusCode::OK, Some("dcz")));
            assert_eq!((delta.etag(), delta.header("use-as-dictionary")), (plain.etag(), Some(use_as)));
            assert_eq!(decode(&delta.body, base), plain.identity());
            assert!(age > 0 || delta.body.len() <= 150, "{} bytes after one event", delta.body.len());
        }
        held.push(plain.identity());
    }
    let metrics = stack.metrics(&stack.api).await;
    assert!(metrics.sum("prewarm_read_bytes_total", &[("coding", "dcz")]) > 0.0);

    // Bodies of another org, and bodies that were never served, are not accepted as dictionaries.
    let plain = stack.read(&neighbour, LEADS).await;
    for base in [held.last().unwrap().as_slice(), b"{}"] {
        let answer = get_holding(&stack, &neighbour, LEADS, base).await;
        assert_eq!((answer.header("content-encoding"), answer.identity()), (Some("zstd"), plain.identity()));
    }
    stack.close().await;
}

#[tokio::test]
async fn a_client_that_cannot_decode_deltas_gets_none() {
    let stack = Stack::start().await;
    let org = org_with_fifty_leads(&stack).await;
    let held = stack.read(&org, LEADS).await;
    stack.sql(&format!("update contacts set name = 'Somebody' where lead_score = 60 and org_id = '{}'", org.id)).await;
    let now = stack.follows(&org).await;
    let asked = |headers: &[(&'static str, &str)]| {
        let request = stack.client.get(stack.api.http(LEADS)).bearer_auth(&org.token);
        let request = request.header("available-dictionary", named(&held.identity()));
        Answer::to(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)))
    };
    for (codings, coded) in [
        ("gzip, br, zstd", Some("zstd")),
        ("gzip", Some("gzip")),
        ("dcz;q=0, br", Some("br")),
        ("dcz;q=0.1, gzip", Some("gzip")),
        ("identity", None),
        ("dcz, identity;q=0", Some("dcz")),
    ] {
        let answer = asked(&[("accept-encoding", codings)]).await.unwrap();
        assert_eq!(answer.header("content-encoding"), coded, "{codings}");
        // A client that does not promise to revalidate gets no dictionary headers.
        assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
        assert_eq!(answer.header("use-as-dictionary"), None);
    }
    // `Prewarm-Delta: 0` helps a browser with a broken dictionary.
    let way_out = asked(&[("accept-encoding", ALL_CODINGS), ("prewarm-delta", "0")]).await.unwrap();
    assert_eq!(way_out.header("content-encoding"), Some("zstd"));

    // An unchanged body is a 304, which keeps the dictionary.
    let path = "/api/analytics/dashboard";
    let same = Answer::to(get(&stack, &org, path).header("if-none-match", now.etag())).await.unwrap();
    assert_eq!((same.status, same.header("cache-control")), (StatusCode::NOT_MODIFIED, Some("private, max-age=3600")));
    assert!(same.body.is_empty() && same.header("use-as-dictionary").is_some());

    // Each list has its own dictionary; queries have none.
    let calls = Answer::to(get(&stack, &org, "/api/calls-dashboard?call_type=inbound")).await.unwrap();
    let use_as = "match=\"/api/calls-dashboard?call_type=inbound\", match-dest=(\"\")";
    assert_eq!(calls.header("use-as-dictionary"), Some(use_as));
    let queried = Answer::to(get(&stack, &org, "/api/calls-dashboard?page=2")).await.unwrap();
    assert_eq!(
        (queried.header("use-as-dictionary"), queried.header("cache-control")),
        (None, Some("private, no-cache"))
    );
    stack.close().await;
}
