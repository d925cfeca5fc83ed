//! All orders of a call's messages, with repetitions and in any batches, lead to one row and one contact.

use std::collections::HashMap;

use intake::{Message, Outcome, take};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use store::Store;
use testkit::Database;

use crate::{
    call::{MESSAGES, message, orders, show_the_call, shown},
    harness::{add_org, close, count, open, sql},
};

const ASSISTANT: &str = "assistant";
/// The probability that an earlier message of the call is repeated after a message.
const REPEATED: f64 = 0.3;
const BATCH: std::ops::Range<usize> = 1..48;

/// A message of a call.
type Told = (usize, usize);

fn sent(&(call, n): &Told) -> Message {
    message(&format!("call-{call}"), ASSISTANT, &format!("+1555{call:07}"), n)
}

/// All calls interleaved, each with its messages in a different order.
fn interleaved(random: &mut StdRng) -> Vec<Told> {
    let mut calls: Vec<(usize, Vec<usize>)> = orders().into_iter().enumerate().collect();
    for (_, messages) in &mut calls {
        let mut at = 1;
        while at <= messages.len() {
            if random.random_bool(REPEATED) {
                messages.insert(at, messages[random.random_range(0..at)]);
            }
            at += 1;
        }
        messages.reverse();
    }
    let mut told = Vec::new();
    while !calls.is_empty() {
        let next = random.random_range(0..calls.len());
        let (call, messages) = &mut calls[next];
        match messages.pop() {
            Some(n) => told.push((*call, n)),
            None => drop(calls.swap_remove(next)),
        }
    }
    told
}

/// Stores them in batches of random sizes, and checks that first messages are accepted and repetitions get their receipts.
async fn take_all(store: &Store, told: &[Told], random: &mut StdRng) {
    let mut receipts = HashMap::new();
    let mut rest = told;
    while !rest.is_empty() {
        let (batch, more) = rest.split_at(random.random_range(BATCH).min(rest.len()));
        let messages: Vec<_> = batch.iter().map(sent).collect();
        for (told, outcome) in batch.iter().zip(take(store, &messages).await) {
            match outcome.unwrap() {
                Outcome::Accepted(receipt) => assert_eq!(receipts.insert(*told, receipt), None),
                Outcome::Duplicate(receipt) => assert_eq!(receipts.get(told), Some(&receipt)),
                Outcome::Parked(_) | Outcome::Refused(_) => panic!("{told:?} is parked"),
            }
        }
        rest = more;
    }
}

#[tokio::test]
async fn every_order_of_a_calls_messages_produces_one_row_and_one_contact() {
    let database = Database::create().await.unwrap();
    let store = open(&database);
    add_org(&store, ASSISTANT).await;
    let seed = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let told = interleaved(&mut random);
    take_all(&store, &told, &mut random).await;

    let rows = [
        ("prewarm.events", 720 * MESSAGES),
        ("public.calls", 720),
        ("public.contacts", 720),
        ("prewarm.call_states", 720),
    ];
    for (table, rows) in rows {
        assert_eq!(count(&store, &format!("select count(*) from {table}")).await, rows as i64, "{table}");
    }
    show_the_call(&store).await;
    close(store, database).await;
}

#[tokio::test]
async fn messages_repeated_a_month_later_change_nothing() {
    let database = Database::create().await.unwrap();
    let store = open(&database);
    add_org(&store, ASSISTANT).await;
    let all: Vec<_> = (0..MESSAGES).map(|n| sent(&(0, n))).collect();
    let first: Vec<_> = take(&store, &all).await.into_iter().map(|outcome| outcome.unwrap().receipt()).collect();
    // A month passes: the application edits the call, and the event bodies are dropped.
    sql(
        &store,
        "update public.calls set summary = 'Mended by hand.', created_at = created_at - interval '31 days';
         update public.contacts set lead_status = 'qualified', last_contact_at = now(), name = 'Ada L.';
         update prewarm.events set received_at = received_at - interval '31 days', body = null;
         delete from prewarm.marks",
    )
    .await;
    let before = shown(&store).await;
    for message in all.iter().rev() {
        let outcomes = take(&store, std::slice::from_ref(message)).await;
        assert!(matches!(outcomes[..], [Ok(Outcome::Duplicate(receipt))] if first.contains(&receipt)), "{outcomes:?}");
    }
    assert_eq!(shown(&store).await, before);
    assert_eq!(count(&store, "select count(*) from prewarm.marks").await, 0);
    close(store, database).await;
}
