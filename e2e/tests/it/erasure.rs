//! An erasure removes a caller from everything we hold, including a Redis that could not be reached at the time.

use e2e::{Process, Stack, eventually, report, status_update};
use serde_json::Value;
use testkit::sqlx;

const PHONE: &str = "+15550100001";
const NAME: &str = "Ada Canary";

/// Whether Postgres still holds the caller, apart from the calls of the source.
async fn holds_caller(stack: &Stack) -> bool {
    let tables = "select concat((select string_agg(e::text, '') from prewarm.events e),
                                (select string_agg(e::text, '') from prewarm.call_states e),
                                (select string_agg(e::text, '') from prewarm.actionable_leads e),
                                (select string_agg(e::text, '') from prewarm.erasures e),
                                (select string_agg(e::text, '') from contacts e))";
    let held: String = sqlx::query_scalar(tables).fetch_one(&stack.pg).await.unwrap();
    held.contains(NAME) || held.contains(PHONE.trim_start_matches('+'))
}

async fn shown(stack: &Stack, org: &e2e::Org) -> Value {
    stack.read(org, "/api/analytics/dashboard").await.json()
}

async fn erased(stack: &Stack, arguments: &[&str]) -> (bool, String, String) {
    let mut process = Process::start(arguments, &stack.environment);
    let status = process.ended().await;
    (status.success(), process.stdout(), process.log())
}

#[tokio::test]
async fn erase_removes_a_caller_everywhere_and_reports_what_it_removed() {
    let stack = Stack::start().await;
    let org = stack.org().await;
    for call in ["call-1", "call-2"] {
        assert!(stack.post(&report(&org, call, PHONE)).await.status.is_success());
    }
    stack.follows(&org).await;
    let before = stack.read(&org, "/api/analytics/dashboard").await;
    assert!(before.json().to_string().contains(NAME));
    let link = format!("/api/analytics/dashboard?version={}", before.header("prewarm-version").unwrap());
    stack.sql(&format!("insert into calls (org_id, phone_number) values ('{}', '+15550100002')", org.id)).await;
    stack.follows(&org).await;
    assert_eq!(stack.read(&org, &link).await.json(), before.json());
    let (well, said, log) = erased(&stack, &["erase", "--phone", "001 555 010 0001", "--yes"]).await;
    assert!(well, "{said}{log}");
    for line in ["source   contacts  1", "source   calls  2", "prewarm  events  2", "prewarm  call_states  2"] {
        assert!(said.contains(line), "{line}: {said}");
    }
    assert!(!said.contains("5550100001") && !log.contains("5550100001"), "{said}{log}");
    // Late messages bring nothing back.
    assert!(stack.post(&status_update(&org, "call-1", PHONE, "ended", 1)).await.status.is_success());
    assert!(stack.post(&status_update(&org, "call-3", PHONE, "ended", 1)).await.status.is_success());
    stack.settled().await;
    assert!(!holds_caller(&stack).await);
    stack.follows(&org).await;
    assert!(!shown(&stack, &org).await.to_string().contains(NAME));
    // Nor does a link to an earlier version.
    assert_eq!(stack.read(&org, &link).await.status, 410);
    stack.close().await;
}

#[tokio::test]
async fn a_deleted_org_is_removed_from_redis_once_redis_is_back() {
    let stack = Stack::start().await;
    let org = stack.org().await;
    stack.post(&report(&org, "call-1", PHONE)).await;
    stack.follows(&org).await;
    stack.redis.pause().unwrap();
    stack.sql(&format!("delete from organizations where id = '{}'", org.id)).await;
    let owed = "select count(*) from prewarm.erasures where done_at is null";
    eventually("Postgres has forgotten it", async || (!holds_caller(&stack).await).then_some(())).await;
    assert_eq!(stack.count(owed).await, 1);
    stack.redis.resume().unwrap();
    eventually("Redis has forgotten it", async || (stack.count(owed).await == 0).then_some(())).await;
    stack.close().await;
}

#[tokio::test]
async fn erase_asks_first_and_fails_while_anything_is_owed() {
    let stack = Stack::start().await;
    let org = stack.org().await;
    stack.post(&report(&org, "call-1", PHONE)).await;
    stack.follows(&org).await;
    let id = org.id.to_string();
    let (well, _, log) = erased(&stack, &["erase", "--org", &id]).await;
    assert!(!well && log.contains("pass --yes"), "{log}");
    assert_eq!(stack.count("select count(*) from organizations").await, 1);
    stack.redis.pause().unwrap();
    let (well, said, log) = erased(&stack, &["erase", "--org", &id, "--yes"]).await;
    assert!(!well && said.contains("source   contacts  1") && log.contains("Redis cannot be reached"), "{said}{log}");
    stack.redis.resume().unwrap();
    let owed = "select count(*) from prewarm.erasures where done_at is null";
    eventually("workers go on with it", async || (stack.count(owed).await == 0).then_some(())).await;
    let (well, _, log) = erased(&stack, &["erase", "--org", &id, "--yes"]).await;
    assert!(!well && log.contains("there is no such org"), "{log}");
    stack.close().await;
}
