//! Clients that hang up, and a tenant with many requests, do not affect other tenants.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use e2e::{Answer, Org, Stack, eventually, report};
use reqwest::StatusCode;
use serde_json::json;
use testkit::sqlx;
use tokio::{io::AsyncWriteExt, net::TcpStream, task::JoinSet};

use super::{DASHBOARD, org_with_lead};

/// The number of cancelled requests.
const HANG_UPS: usize = 10_000;
/// Concurrent requests: a browser tab has up to six, and there are several tabs.
const CALLERS: usize = 16;
/// Running lists. A cancelled list ends by its own time limit of two seconds at the latest.
const LIST_BACKENDS: &str = "select count(*) from pg_stat_activity
    where datname = current_database() and application_name = 'prewarm-api' and pid <> pg_backend_pid()
      and state <> 'idle' and query like '%store::calls::%'";
const IN_TRANSACTION: &str = "select count(*) from pg_stat_activity
    where datname = current_database() and application_name = 'prewarm-api' and state like 'idle in transaction%'";

/// Sends a request, waits, and closes the connection.
async fn hang_up(to: SocketAddr, request: &str, after: Duration) {
    let Ok(mut connection) = TcpStream::connect(to).await else { return };
    connection.set_nodelay(true).unwrap();
    if connection.write_all(request.as_bytes()).await.is_ok() {
        tokio::time::sleep(after).await;
    }
}

fn list_of(org: &Org, query: &str) -> String {
    let token = &org.token;
    format!("GET /api/calls-dashboard?{query} HTTP/1.1\r\nhost: prewarm\r\nauthorization: Bearer {token}\r\n\r\n")
}

/// Cancels lists, each 0 to 5 ms after its request, until `left` is zero.
fn hanging_up(stack: &Stack, org: &Org, left: &Arc<AtomicUsize>) -> JoinSet<()> {
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let (to, left) = (stack.api.http_addr(), Arc::clone(left));
        let request = list_of(org, "page=2&limit=5");
        callers.spawn(async move {
            let take = |left: usize| left.checked_sub(1);
            while let Ok(n) = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take) {
                hang_up(to, &request, Duration::from_micros((n % 51 * 100) as u64)).await;
            }
        });
    }
    callers
}

/// Writes to an org; returns whether a read that waits for the write shows it, or is labelled.
async fn sees_its_write(stack: &Stack, org: &Org, n: u64) -> bool {
    let written = stack.post(&report(org, &format!("call-{n}"), "+15550100001")).await;
    assert_eq!(written.status, StatusCode::OK, "{}", written.text());
    let receipt = written.json()["receipt"].as_str().unwrap().to_owned();
    let request = stack.client.get(stack.api.http(DASHBOARD)).bearer_auth(&org.token);
    let seen = Answer::to(request.header("prewarm-wait-for", receipt)).await.unwrap();
    assert_eq!(seen.status, StatusCode::OK);
    seen.stale().is_some() || seen.json()["pulse"]["total_calls"] == n
}

#[tokio::test]
async fn a_cancelled_list_leaves_nothing_behind_for_other_tenants() {
    let stack = Stack::start().await;
    let (hostile, other) = (stack.org().await, stack.org().await);
    stack.sql(&format!("insert into calls (org_id) select '{}' from generate_series(1, 40)", hostile.id)).await;
    stack.settled().await;
    stack.follows(&other).await;

    let left = Arc::new(AtomicUsize::new(HANG_UPS));
    let mut callers = hanging_up(&stack, &hostile, &left);
    let (mut writes, mut misses) = (0, 0);
    while left.load(Ordering::SeqCst) > 0 {
        writes += 1;
        misses += u64::from(!sees_its_write(&stack, &other, writes).await);
    }
    while callers.join_next().await.is_some() {}
    // A session in an old snapshot would be reused for a while.
    for _ in 0..20 {
        writes += 1;
        misses += u64::from(!sees_its_write(&stack, &other, writes).await);
    }
    assert_eq!(misses, 0, "of {writes} writes were missed, unlabelled");
    eventually("no transaction is left open", async || (stack.count(IN_TRANSACTION).await == 0).then_some(())).await;
    stack.close().await;
}

/// Cancels searches of a large org, until stopped.
fn searching(stack: &Stack, org: &Org, stop: &Arc<AtomicBool>) -> JoinSet<()> {
    let mut callers = JoinSet::new();
    for n in 0..CALLERS {
        let (to, stop) = (stack.api.http_addr(), Arc::clone(stop));
        let request = list_of(org, &format!("search=nobody{n}"));
        callers.spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                hang_up(to, &request, Duration::from_millis(50)).await;
            }
        });
    }
    callers
}

#[tokio::test]
async fn cancelled_searches_delay_no_other_request() {
    let stack = Stack::start().await;
    let (hostile, (other, _)) = (stack.org().await, org_with_lead(&stack).await);
    stack
        .sql(&format!(
            "insert into calls (org_id, phone_number, created_at)
               select '{}', '+1555' || i, now() - i * interval '1 second' from generate_series(1, 60000) i;
             insert into phone_numbers (org_id, phone_number, vapi_phone_number_id, agent_id)
               select org_id, '+15550100009', 'number', id from agents where org_id = '{}'",
            hostile.id, other.id
        ))
        .await;
    let stop = Arc::new(AtomicBool::new(false));
    let mut callers = searching(&stack, &hostile, &stop);
    let asks = json!({ "message": { "type": "assistant-request", "call": { "phoneNumberId": "number" } } });
    let (mut running, mut refused) = (0, 0.0);
    // Long enough to reach the tenant's limit.
    for n in 1..=15 {
        running = running.max(stack.count(LIST_BACKENDS).await);
        assert!(sees_its_write(&stack, &other, n).await, "write {n}");
        let taken = stack.post(&asks).await;
        assert_eq!(taken.json()["assistantId"], other.assistant(), "{}", taken.text());
    }
    eventually("searches are turned away", async || {
        refused = stack.metrics(&stack.api).await.sum("prewarm_lists_refused_total", &[("reason", "org")]);
        (refused > 0.0).then_some(())
    })
    .await;
    let told = stack.read(&hostile, "/api/calls-dashboard?search=x").await;
    let expected = match told.status {
        StatusCode::TOO_MANY_REQUESTS => "RATE_LIMITED",
        _ => "DB_ERROR",
    };
    if told.status != StatusCode::OK {
        assert_eq!((told.header("retry-after"), &told.json()["code"]), (Some("1"), &json!(expected)));
    }
    stop.store(true, Ordering::Relaxed);
    while callers.join_next().await.is_some() {}
    assert!(running <= 2, "{running} lists of one org ran at once");
    eventually("no list runs any more", async || (stack.count(LIST_BACKENDS).await == 0).then_some(())).await;

    // With one request at a time the tenant gets a result, labelled with how far it searched. A busy node notices
    // cancelled requests late and keeps their places until then.
    let found = eventually("one at a time is answered", async || {
        let found = stack.read(&hostile, "/api/calls-dashboard?search=%2B15559999").await;
        (found.status == StatusCode::OK).then_some(found)
    })
    .await;
    assert!(found.header("prewarm-searched-from").is_some());
    assert_eq!(found.json()["pagination"]["total"], 1);
    stack.close().await;
}

#[tokio::test]
async fn a_list_is_cancelled_in_postgres_when_its_client_hangs_up() {
    let stack = Stack::start().await;
    let org = stack.org().await;
    stack.settled().await;
    let mut lock = stack.pg.begin().await.unwrap();
    sqlx::raw_sql("lock table contacts in access exclusive mode").execute(&mut *lock).await.unwrap();
    let (to, request) = (stack.api.http_addr(), list_of(&org, "search=x"));
    let caller = tokio::spawn(async move { hang_up(to, &request, Duration::from_secs(60)).await });
    eventually("the list waits for the table", async || (stack.count(LIST_BACKENDS).await == 1).then_some(())).await;
    caller.abort();
    eventually("the list is stopped", async || (stack.count(LIST_BACKENDS).await == 0).then_some(())).await;
    drop(lock);
    assert_eq!(stack.read(&org, "/api/calls-dashboard?search=x").await.status, StatusCode::OK);
    stack.close().await;
}

#[tokio::test]
async fn a_list_that_takes_too_long_fails_in_time() {
    let stack = Stack::start().await;
    let org = stack.org().await;
    stack.settled().await;
    let mut lock = stack.pg.begin().await.unwrap();
    sqlx::raw_sql("lock table contacts in access exclusive mode").execute(&mut *lock).await.unwrap();
    let asked = std::time::Instant::now();
    let told = stack.read(&org, "/api/calls-dashboard?search=x").await;
    assert!(asked.elapsed() < super::PROMPT, "{:?}", asked.elapsed());
    assert_eq!((told.status, told.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, Some("1")));
    assert_eq!(told.json()["code"], "DB_ERROR");
    drop(lock);
    stack.close().await;
}
