//! Facts from lost webhooks are recovered from Vapi's list of calls.

use std::{collections::BTreeSet, time::Duration};

use e2e::{Stack, poll};
use vapi_standin::{CallEnd, CallKind, Config, NewCall, RateLimit, Standin};

use crate::assistants::{save, stack, standin, until_synced};

const CALLS: u32 = 300;
/// One message in this many is lost.
const DROPPED: usize = 20;
const SOON: Duration = Duration::from_secs(30);

/// Starts a pass, as the cron does.
pub(crate) async fn reconcile(stack: &Stack) {
    let last = stack.now().await;
    stack
        .sql(
            "insert into prewarm.jobs (queue, kind, max_attempts) values ('prewarm', 'reconcile', 10)
                 on conflict (kind) where state = 'waiting' do nothing",
        )
        .await;
    let passed = format!(
        "select count(*) from prewarm.reconciliation where until > to_timestamp({}::numeric / 1000000)",
        last.as_micros()
    );
    let done = poll(SOON, async || (stack.count(&passed).await == 1).then_some(()));
    assert!(done.await.is_some(), "no pass:\n{}", stack.worker.log());
}

#[tokio::test]
async fn one_pass_recovers_every_call_whose_webhooks_were_dropped() {
    // More than a page of calls, and few requests allowed by Vapi.
    let limit = RateLimit { requests: 5, per: Duration::from_secs(1), says_when: true };
    let config = Config { rate_limit: Some(limit), ..standin().await.config().clone() };
    let standin = Standin::start(config).await.unwrap();
    let stack = stack(&standin).await;
    let org = save(&stack).await;
    until_synced(&stack, SOON).await;
    let assistant = standin.assistants()[0]["id"].as_str().unwrap().to_owned();
    let mut calls = BTreeSet::new();
    let (mut sent, mut dropped) = (0_usize, 0);
    for n in 0..CALLS {
        let call = standin.begin_call(&NewCall {
            kind: CallKind::Inbound,
            assistant_id: Some(assistant.clone()),
            phone_number_id: None,
            customer_number: Some(format!("+1555{n:07}")),
        });
        let end = CallEnd {
            reason: "customer-ended-call".to_owned(),
            duration: Duration::from_secs(u64::from(n)),
            summary: format!("call {n}"),
            cost: 0.25,
        };
        assert!(standin.end_call(&call, &end));
        let webhooks = standin.webhooks(&call);
        // Some calls lose all messages, others only the report.
        let all = n % 40 == 7;
        for (at, webhook) in webhooks.iter().enumerate() {
            sent += 1;
            if all || (at + 1 == webhooks.len() && sent % DROPPED < 4) {
                dropped += 1;
                continue;
            }
            assert_eq!(stack.post(&webhook.body).await.status, 200);
        }
        calls.insert(call);
    }
    assert!(dropped * DROPPED > sent, "{dropped} of {sent}");
    let whole = format!(
        "select count(*) from calls where org_id = '{}' and status = 'completed' and summary is not null",
        org.id
    );
    assert!(stack.count(&whole).await < i64::from(CALLS));
    reconcile(&stack).await;
    let rows = stack.count(&format!("select count(*) from calls where org_id = '{}'", org.id)).await;
    assert_eq!((rows, stack.count(&whole).await), (i64::from(CALLS), i64::from(CALLS)));
    let durations = "select count(*) from calls where duration_seconds = right(phone_number, 7)::int";
    assert_eq!(stack.count(durations).await, i64::from(CALLS));
    stack.follows(&org).await;

    // The next pass finds nothing new.
    let events = "select count(*) from prewarm.events";
    let before = stack.count(events).await;
    reconcile(&stack).await;
    assert_eq!(stack.count(events).await, before);
    let filled = stack.metrics(&stack.worker).await.sum("prewarm_reconciled_calls_total", &[("outcome", "accepted")]);
    assert!(filled > 0.0 && filled < f64::from(CALLS), "{filled}");
    stack.close().await;
}
