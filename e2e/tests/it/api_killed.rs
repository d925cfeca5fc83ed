//! The api is killed while webhooks arrive.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use e2e::{Answer, Org, Stack, eventually, report};
use futures_util::future::join_all;
use testkit::sqlx::{self, PgPool};

const SENDERS: usize = 12;
const WEBHOOKS: usize = 600;
const KILLS: usize = 5;

/// The calls whose webhooks were answered 200, and those with an unknown outcome.
#[derive(Default)]
struct Sent {
    next: AtomicUsize,
    outcomes: Mutex<(BTreeSet<String>, BTreeSet<String>)>,
}

impl Sent {
    /// Sends webhooks one after another until there are none left. A failed connection does not count as sent.
    async fn send(&self, request: impl Fn(&str) -> reqwest::RequestBuilder) {
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= WEBHOOKS {
                return;
            }
            let call = format!("call-{number}");
            let answer = loop {
                match Answer::to(request(&call)).await {
                    Err(error) if error.is_connect() => tokio::time::sleep(Duration::from_millis(10)).await,
                    answer => break answer,
                }
            };
            let taken = answer.is_ok_and(|answer| answer.status == 200);
            let mut outcomes = self.outcomes.lock().unwrap();
            if taken {
                outcomes.0.insert(call)
            } else {
                outcomes.1.insert(call)
            };
        }
    }
}

/// The caller's number, different for each call.
fn phone_of(call: &str) -> String {
    let number: usize = call.trim_start_matches("call-").parse().unwrap();
    format!("+1555{number:07}")
}

/// The calls with exactly one event, one row, and a contact of the org.
async fn stored(pg: &PgPool, org: &Org) -> BTreeSet<String> {
    let stored = "select k.vapi_call_id
                    from calls k
                    join contacts c on c.id = k.contact_id and c.org_id = k.org_id
                    join prewarm.events e on e.vapi_call_id = k.vapi_call_id and e.org_id = k.org_id
                   where k.org_id = $1
                   group by k.vapi_call_id
                  having count(*) = 1";
    sqlx::query_scalar(stored).bind(org.id.0).fetch_all(pg).await.unwrap().into_iter().collect()
}

#[tokio::test]
async fn acknowledged_webhooks_survive_a_killed_api_and_the_others_can_be_resent() {
    let mut stack = Stack::start().await;
    let org = stack.org().await;
    let sent = Arc::new(Sent::default());
    let senders: Vec<_> = (0..SENDERS)
        .map(|_| {
            let (sent, org, client, url) =
                (sent.clone(), org.clone(), stack.client.clone(), stack.api.http("/webhooks/vapi"));
            tokio::spawn(async move {
                let request = |call: &str| {
                    client.post(&url).header("x-vapi-secret", e2e::WEBHOOK_SECRET).json(&report(
                        &org,
                        call,
                        &phone_of(call),
                    ))
                };
                sent.send(request).await;
            })
        })
        .collect();
    for kill in 1..=KILLS {
        let due = WEBHOOKS / (KILLS + 1) * kill;
        eventually("webhooks are taken", async || (sent.next.load(Ordering::Relaxed) >= due).then_some(())).await;
        stack.api.kill_9();
        stack.api.restart();
    }
    for sender in senders {
        sender.await.unwrap();
    }
    let (acknowledged, unknown) = std::mem::take(&mut *sent.outcomes.lock().unwrap());
    assert_eq!(acknowledged.len() + unknown.len(), WEBHOOKS);
    assert!(!acknowledged.is_empty() && !unknown.is_empty(), "{} acknowledged", acknowledged.len());
    let kept = stored(&stack.pg, &org).await;
    let lost: Vec<_> = acknowledged.difference(&kept).collect();
    assert!(lost.is_empty(), "{lost:?}");

    stack.api.ready(&stack.client).await;
    let again = unknown.iter().map(|call| {
        let message = report(&org, call, &phone_of(call));
        let stack = &stack;
        async move { stack.post(&message).await.status }
    });
    assert!(join_all(again).await.iter().all(|status| *status == 200));
    let every: BTreeSet<String> = (0..WEBHOOKS).map(|number| format!("call-{number}")).collect();
    assert_eq!(stored(&stack.pg, &org).await, every);
    let wanted = i64::try_from(WEBHOOKS).unwrap();
    for table in ["prewarm.events", "calls", "contacts", "prewarm.call_states"] {
        assert_eq!(stack.count(&format!("select count(*) from {table}")).await, wanted, "{table}");
    }
    assert_eq!(stack.follows(&org).await.json()["pulse"]["total_calls"], WEBHOOKS);
    stack.close().await;
}
