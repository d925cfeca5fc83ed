//! Parked events take effect once their assistant or number is known, dated by their arrival.

use intake::{Message, Outcome, Replayed, replay, take};
use serde_json::{Value, json};
use store::Store;
use testkit::{Database, sqlx};
use vapi::Envelope;

use crate::{
    call::{MESSAGES, message, orders, show_the_call, shown},
    harness::{add_org, close, count, open, sql},
};

const DONE: Replayed = Replayed { replayed: 0, failed: 0 };

async fn parked(store: &Store) -> i64 {
    count(store, "select count(*) from prewarm.events where org_id is null and body is not null").await
}

/// Stores messages of unknown assistants and numbers.
async fn park(store: &Store, messages: &[Message]) {
    for batch in messages.chunks(50) {
        for outcome in take(store, batch).await {
            assert!(matches!(outcome, Ok(Outcome::Parked(_))), "{outcome:?}");
        }
    }
}

fn ended(call: &str, assistant: &str, number: &str, phone: &str) -> Message {
    let message = json!({ "message": {
        "type": "status-update",
        "status": "ended",
        "timestamp": 1_772_441_073_000_u64,
        "customer": { "number": phone },
        "call": { "id": call, "assistantId": assistant, "phoneNumberId": number },
    }});
    Message::from(Envelope::from_json(message).unwrap())
}

#[tokio::test]
async fn replayed_calls_equal_calls_that_were_never_parked() {
    let database = Database::create().await.unwrap();
    let store = open(&database);
    // One order in twelve, with the messages of all calls interleaved.
    let orders: Vec<_> = orders().into_iter().step_by(12).collect();
    let mut messages = Vec::new();
    for place in 0..MESSAGES {
        for (call, order) in orders.iter().enumerate() {
            messages.push(message(&format!("call-{call}"), "assistant", &format!("+1555{call:07}"), order[place]));
        }
    }
    park(&store, &messages).await;
    assert_eq!(replay(&store).await.unwrap(), DONE);
    assert_eq!(parked(&store).await, 360);
    sql(&store, "update prewarm.events set received_at = '2026-03-02 09:00:00Z'").await;

    add_org(&store, "assistant").await;
    assert_eq!(replay(&store).await.unwrap(), Replayed { replayed: 360, failed: 0 });
    assert_eq!((parked(&store).await, count(&store, "select count(*) from public.contacts").await), (0, 60));
    show_the_call(&store).await;
    // Calls are dated by the arrival of their events, not by the replay.
    assert_eq!(count(&store, "select count(*) from public.calls where created_at = '2026-03-02 09:00:00Z'").await, 60);
    // The replay happens once.
    sql(&store, "delete from prewarm.marks").await;
    assert_eq!(replay(&store).await.unwrap(), DONE);
    assert_eq!(count(&store, "select count(*) from prewarm.marks").await, 0);
    close(store, database).await;
}

#[tokio::test]
async fn an_event_is_replayed_by_assistant_or_number_and_keeps_its_receipt() {
    let database = Database::create().await.unwrap();
    let store = open(&database);
    add_org(&store, "assistant-1").await;
    let messages = [
        ended("call-2", "assistant-2", "number-2", "+15550100002"),
        ended("call-3", "assistant-3", "number-3", "+15550100003"),
        ended("call-4", "assistant-4", "number-4", "+15550100004"),
    ];
    let first: Vec<_> = take(&store, &messages).await.into_iter().map(|outcome| outcome.unwrap().receipt()).collect();
    sql(&store, "insert into public.phone_numbers (org_id, vapi_phone_number_id) select id, 'number-2' from public.organizations")
        .await;
    add_org(&store, "assistant-3").await;
    assert_eq!(replay(&store).await.unwrap(), Replayed { replayed: 2, failed: 0 });
    let whose = "select count(*)
                   from public.calls k
                   join public.agents a on a.org_id = k.org_id
                  where (k.vapi_call_id, a.vapi_assistant_id) in (('call-2', 'assistant-1'), ('call-3', 'assistant-3'))";
    assert_eq!((count(&store, whose).await, parked(&store).await), (2, 1));
    // Repeated events get their first receipts, whether or not they are still parked.
    let again: Vec<_> = take(&store, &messages).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(again, first.iter().map(|receipt| Outcome::Duplicate(*receipt)).collect::<Vec<_>>());
    close(store, database).await;
}

#[tokio::test]
async fn a_refused_event_does_not_block_the_replay_of_others() {
    let database = Database::create().await.unwrap();
    let store = open(&database);
    sql(&store, "alter table public.calls add constraint refused check (phone_number <> '+15550000013')").await;
    let call = |n: usize| ended(&format!("call-{n}"), "assistant", "number", &format!("+1555{n:07}"));
    park(&store, &(0..100).map(call).collect::<Vec<_>>()).await;
    add_org(&store, "assistant").await;
    assert_eq!(replay(&store).await.unwrap(), Replayed { replayed: 99, failed: 1 });
    // The event is kept and not retried for a while.
    assert_eq!((parked(&store).await, replay(&store).await.unwrap()), (1, DONE));
    sql(&store, "alter table public.calls drop constraint refused").await;
    sql(&store, "update prewarm.events set replay_after = now() where replay_after is not null").await;
    assert_eq!(replay(&store).await.unwrap(), Replayed { replayed: 1, failed: 0 });
    assert_eq!((parked(&store).await, count(&store, "select count(*) from public.calls").await), (0, 100));
    close(store, database).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_replays_share_the_work() {
    let database = Database::create().await.unwrap();
    let (one, other) = (open(&database), open(&database));
    let messages = (0..100).flat_map(|call| {
        (0..MESSAGES).map(move |n| message(&format!("call-{call}"), "assistant", &format!("+1555{call:07}"), n))
    });
    park(&one, &messages.collect::<Vec<_>>()).await;
    add_org(&one, "assistant").await;
    let mut replayed = 0;
    // Of two replays that conflict on a call, one may back off for some seconds.
    while parked(&one).await > 0 {
        sql(&one, "update prewarm.events set replay_after = null where replay_after is not null").await;
        let (one, other) = tokio::join!(replay(&one), replay(&other));
        replayed += one.unwrap().replayed + other.unwrap().replayed;
    }
    assert_eq!((replayed, count(&one, "select count(*) from public.contacts").await), (600, 100));
    assert_eq!(shown(&one).await.len(), 1);
    other.close().await;
    close(one, database).await;
}

/// The buffers read by the query for parked events that are now known.
async fn buffers(store: &Store) -> i64 {
    let look = include_str!("../../../store/queries/parked/assignable.sql");
    let plan: Value =
        sqlx::query_scalar(sqlx::AssertSqlSafe(format!("explain (analyze, buffers, format json) {look}")))
            .fetch_one(store.sessions())
            .await
            .unwrap();
    let read = |kind: &str| plan[0]["Plan"][kind].as_i64().unwrap();
    read("Shared Hit Blocks") + read("Shared Read Blocks")
}

#[tokio::test]
async fn a_look_costs_no_more_than_the_shorter_of_its_two_lists() {
    let database = Database::create().await.unwrap();
    let store = open(&database);
    // A hundred thousand events of as many foreign assistants, with ours sorting among them.
    sql(
        &store,
        "insert into prewarm.events (dedupe_key, type, assistant_id, phone_number_id, epoch, body)
         select 'foreign ' || n, 'hang', md5(n::text), md5(n::text), 1, '{}' from generate_series(1, 100000) n",
    )
    .await;
    for n in 0..5 {
        add_org(&store, &format!("{:x}0-ours", n * 3)).await;
    }
    // Without statistics, and with.
    for statistics in ["select", "analyze"] {
        sql(&store, statistics).await;
        let buffers = buffers(&store).await;
        assert!(buffers < 500, "{buffers}");
        assert_eq!(replay(&store).await.unwrap(), DONE);
    }
    // The reverse: many assistants and few parked events.
    sql(
        &store,
        "truncate prewarm.events;
         insert into public.organizations (name) select 'org' from generate_series(1, 20000);
         insert into public.agents (org_id, name, vapi_assistant_id) select id, 'agent', id::text from public.organizations
             on conflict do nothing;
         insert into prewarm.events (dedupe_key, type, assistant_id, epoch, body)
         select 'foreign ' || n, 'hang', md5(n::text), 1, '{}' from generate_series(1, 5) n",
    )
    .await;
    for statistics in ["select", "analyze"] {
        sql(&store, statistics).await;
        let buffers = buffers(&store).await;
        assert!(buffers < 500, "{buffers}");
    }
    close(store, database).await;
}

#[tokio::test]
async fn an_event_resent_after_its_body_was_dropped_is_processed_again() {
    let database = Database::create().await.unwrap();
    let store = open(&database);
    let messages =
        || ["1", "2"].map(|n| ended(&format!("call-{n}"), &format!("assistant-{n}"), "number", "+15550100001"));
    park(&store, &messages()).await;
    sql(&store, "update prewarm.events set body = null, received_at = now() - interval '31 days'").await;
    add_org(&store, "assistant-1").await;
    // Both messages in one batch, one of them twice.
    let mut again = Vec::from(messages());
    again.extend(messages());
    let outcomes = take(&store, &again).await;
    assert!(matches!(outcomes[0], Ok(Outcome::Accepted(_))), "{outcomes:?}");
    assert!(matches!(outcomes[1], Ok(Outcome::Parked(_))), "{outcomes:?}");
    assert!(outcomes[2..].iter().all(|outcome| matches!(outcome, Ok(Outcome::Duplicate(_)))), "{outcomes:?}");
    assert_eq!((parked(&store).await, count(&store, "select count(*) from public.calls").await), (1, 1));
    let kept = "select count(*) from prewarm.events where received_at > now() - interval '1 minute'";
    assert_eq!(count(&store, kept).await, 2, "it is not dropped at once");
    // The effect occurs once.
    let outcomes = take(&store, &messages()).await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(Outcome::Duplicate(_)))), "{outcomes:?}");
    close(store, database).await;
}
