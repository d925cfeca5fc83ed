//! What changes though nothing happens.

use std::time::Duration;

use e2e::{Org, Stack, eventually};
use readmodel::time::Timestamp;

const LEADS: &str = "/api/analytics/leads";
/// A rebuild that is alone comes within a second of its deadline.
const PROMPT_MICROS: i64 = 1_000_000;
/// What a node's idea of the database's time may lag behind it.
const CLOCK_LAG_MICROS: i64 = 250_000;

/// An org with one lead, last contacted `ago`, and that instant.
async fn org_contacted(stack: &Stack, ago: &str) -> (Org, Timestamp) {
    let org = stack.org().await;
    let insert = "insert into contacts (org_id, lead_status, last_contact_at)
                  values ($1, 'new', clock_timestamp() - $2::interval)
                  returning (extract(epoch from last_contact_at) * 1000000)::bigint";
    let last_contact: i64 = sqlx::query_scalar(insert).bind(org.id.0).bind(ago).fetch_one(&stack.pg).await.unwrap();
    stack.follows(&org).await;
    (org, Timestamp::from_micros(last_contact))
}

/// Reads until the lead's urgency has fallen from one word to the other. Until then every answer that comes after the
/// boundary says that it is stale; the first that has the new word was built within a second of the boundary.
async fn falls(stack: &Stack, org: &Org, boundary: Timestamp, from: &str, to: &str) {
    let rebuilt = eventually("the urgency falls", async || {
        let asked_at = stack.now().await;
        let answer = stack.read(org, LEADS).await;
        let urgency = answer.json()["leads"][0]["follow_up_urgency"].as_str().unwrap().to_owned();
        if urgency == to {
            return Some(answer);
        }
        assert_eq!(urgency, from);
        let overdue = asked_at.as_micros() - boundary.as_micros() > CLOCK_LAG_MICROS;
        assert!(!overdue || answer.stale() == Some("deadline-passed"), "an old answer passes for a fresh one");
        None
    })
    .await;
    let late = rebuilt.as_of().as_micros() - boundary.as_micros();
    assert!((0..PROMPT_MICROS).contains(&late), "{late} µs after the boundary");
    assert_eq!(stack.count("select count(*) from prewarm.events").await, 0);
}

fn after(instant: Timestamp, time: Duration) -> Timestamp {
    Timestamp::from_micros(instant.as_micros() + i64::try_from(time.as_micros()).unwrap())
}

#[tokio::test]
async fn a_leads_urgency_falls_by_time_alone() {
    let stack = Stack::start().await;
    let (yesterday, last_contact) = org_contacted(&stack, "24 hours -3 seconds").await;
    let boundary = after(last_contact, Duration::from_hours(24));
    let first = stack.read(&yesterday, LEADS).await;
    assert_eq!(first.header("prewarm-next-change"), Some(boundary.to_string().as_str()));
    falls(&stack, &yesterday, boundary, "high", "medium").await;

    let (last_week, last_contact) = org_contacted(&stack, "7 days -3 seconds").await;
    falls(&stack, &last_week, after(last_contact, Duration::from_hours(7 * 24)), "medium", "low").await;
    stack.follows(&yesterday).await;
    stack.follows(&last_week).await;
    stack.close().await;
}
