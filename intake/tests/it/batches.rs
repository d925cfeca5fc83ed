//! A batch has the effect of its messages one by one, and a bad message only affects itself.

use std::collections::HashMap;

use intake::{Message, NotTaken, Outcome, take};
use proptest::{
    prelude::*,
    test_runner::{FileFailurePersistence, TestRunner},
};
use readmodel::version::Receipt;
use serde_json::{Value, json};
use store::Store;
use testkit::{
    Database,
    sqlx::{self, AssertSqlSafe},
};
use tokio::task::JoinHandle;
use vapi::Envelope;

use crate::harness::{count, open, sql};

const CASES: u32 = 75;
/// Phones of callers. The source refuses the contact of the last one.
const PHONES: [&str; 4] = ["+15550000000", "+15550000001", "+15550000002", "+15550000003"];
const REFUSED: usize = 3;
/// Later than all times in messages, so a later instant is a time of arrival.
const FIRST_ARRIVAL: &str = "2025-01-01";
/// 2024-07-01, in milliseconds.
const FIRST_MESSAGE: u64 = 1_719_792_000_000;

/// A source with an additional constraint, as applications have.
async fn source(database: &Database) -> Store {
    let store = open(database);
    sql(&store, &format!("alter table public.contacts add check (phone <> '{}')", PHONES[REFUSED])).await;
    store
}

/// Resets the source: two orgs with assistants, one with a number only, and rows of other programs.
async fn start_over(store: &Store) {
    let org = |n: u8| format!("00000000-0000-4000-8000-00000000000{n}");
    let [one, two, three] = [1, 2, 3].map(org);
    sql(
        store,
        &format!(
            "truncate prewarm.events, prewarm.call_states, prewarm.marks, prewarm.versions;
             truncate public.organizations cascade;
             insert into public.organizations (id, name) values ('{one}', 'one'), ('{two}', 'two'), ('{three}', 'three');
             insert into public.agents (org_id, name, call_direction, vapi_assistant_id)
             values ('{one}', 'agent', 'inbound', 'assistant-0'), ('{two}', 'agent', 'outbound', 'assistant-1'),
                    ('{two}', 'agent', 'inbound', 'assistant-2');
             insert into public.phone_numbers (org_id, vapi_phone_number_id) values ('{three}', 'number-0');
             insert into public.contacts (id, org_id, name, phone, last_contact_at, created_at)
             values ('00000000-0000-4000-8000-000000000011', '{one}', null, '{p0}', null, '2024-01-01'),
                    ('00000000-0000-4000-8000-000000000012', '{one}', 'Younger', '{p0}', null, '2024-01-02'),
                    ('00000000-0000-4000-8000-000000000013', '{two}', 'Known', '{p1}', '2024-07-01 00:00:20Z', '2024-01-01');
             insert into public.calls (org_id, vapi_call_id, call_direction, status)
             values ('{two}', 'call-0', 'inbound', 'queued'), ('{one}', 'call-1', 'outbound', null)",
            p0 = PHONES[0],
            p1 = PHONES[1],
        ),
    )
    .await;
}

/// A drawn message.
#[derive(Clone, Debug)]
struct Drawn {
    kind: &'static str,
    call: Option<u8>,
    /// The index of the assistant; the last one is unknown.
    assistant: Option<u8>,
    number: bool,
    call_type: Option<&'static str>,
    phone: Option<usize>,
    name: Option<&'static str>,
    sent_at: Option<u64>,
    started_at: Option<u64>,
    ended_at: Option<u64>,
    reason: Option<&'static str>,
    summary: Option<&'static str>,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let seconds = || prop::option::of(0..60_u64);
    let call = (
        prop::sample::select(&["ringing", "in-progress", "ended", "report", "hang", "transcript"][..]),
        prop::option::weighted(0.95, 0..5_u8),
        prop::option::weighted(0.9, 0..4_u8),
        any::<bool>(),
        prop::option::of(prop::sample::select(&["inboundPhoneCall", "outboundPhoneCall", "webCall"][..])),
    );
    // The refused phone is rare, so that most batches succeed.
    let phone = prop_oneof![4 => Just(None), 30 => (0..REFUSED).prop_map(Some), 1 => Just(Some(REFUSED))];
    let customer = (phone, prop::option::of(prop::sample::select(&["Ada", "Bo"][..])));
    let said = (
        seconds(),
        seconds(),
        seconds(),
        prop::option::of(prop::sample::select(&["customer-ended-call", "silence-timed-out", "voicemail"][..])),
        prop::option::of(prop::sample::select(&["Booked.", "before\0after"][..])),
    );
    (call, customer, said).prop_map(|(call, customer, said)| Drawn {
        kind: call.0,
        call: call.1,
        assistant: call.2,
        number: call.3,
        call_type: call.4,
        phone: customer.0,
        name: customer.1,
        sent_at: said.0,
        started_at: said.1,
        ended_at: said.2,
        reason: said.3,
        summary: said.4,
    })
}

impl Drawn {
    fn envelope(&self) -> Envelope {
        let at = |seconds: Option<u64>| seconds.map(|seconds| FIRST_MESSAGE + seconds * 1000);
        let (kind, status) = match self.kind {
            "report" => ("end-of-call-report", None),
            other @ ("hang" | "transcript") => (other, None),
            status => ("status-update", Some(status)),
        };
        Envelope::from_json(json!({ "message": {
            "type": kind,
            "status": status,
            "timestamp": at(self.sent_at),
            "startedAt": at(self.started_at),
            "endedAt": at(self.ended_at),
            "endedReason": self.reason,
            "summary": self.summary,
            "customer": { "number": self.phone.map(|phone| PHONES[phone]), "name": self.name },
            "call": {
                "id": self.call.map(|call| format!("call-{call}")),
                "type": self.call_type,
                "assistantId": self.assistant.map(|assistant| format!("assistant-{assistant}")),
                "phoneNumberId": self.number.then_some("number-0"),
            },
        }}))
        .unwrap()
    }
}

/// The effect of the messages, without ids and times of arrival.
async fn left_behind(store: &Store) -> Value {
    let arrival =
        |column: &str| format!("case when {column} < '{FIRST_ARRIVAL}' then {column}::text else 'arrival' end");
    let query = format!(
        "select jsonb_build_object(
           'events', (select jsonb_agg(to_jsonb(e) - '{{id,received_at,epoch,xid}}'::text[] order by dedupe_key)
                        from prewarm.events e),
           'states', (select jsonb_agg(to_jsonb(s) - 'updated_at' order by vapi_call_id) from prewarm.call_states s),
           'contacts', (select jsonb_agg(jsonb_build_array(org_id, phone, name, lead_status, {}) order by org_id, phone, created_at)
                          from public.contacts),
           'calls', (select jsonb_agg(to_jsonb(k) - '{{id,contact_id,created_at}}'::text[]
                                      || jsonb_build_array(c.org_id, c.phone, {}) order by vapi_call_id)
                       from public.calls k
                       left join public.contacts c on c.id = k.contact_id))",
        arrival("last_contact_at"),
        "case when c.created_at < '2025-01-01' then c.id end",
    );
    sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(store.sessions()).await.unwrap()
}

fn told(outcome: &Result<Outcome, NotTaken>) -> String {
    match outcome {
        Ok(Outcome::Accepted(_)) => "accepted".to_owned(),
        Ok(Outcome::Duplicate(_)) => "duplicate".to_owned(),
        Ok(Outcome::Parked(_)) => "parked".to_owned(),
        Ok(Outcome::Refused(_)) => "refused".to_owned(),
        Err(error) => error.to_string(),
    }
}

/// Stores the messages in batches of these sizes, in turn, and checks that a duplicate gets the first receipt.
async fn outcomes(store: &Store, messages: &[Drawn], sizes: &[usize]) -> Result<Vec<String>, String> {
    start_over(store).await;
    let mut receipts: HashMap<String, Receipt> = HashMap::new();
    let (mut rest, mut all) = (messages, Vec::new());
    for size in sizes.iter().cycle() {
        let (batch, more) = rest.split_at((*size).min(rest.len()));
        let taken: Vec<_> = batch.iter().map(|drawn| Message::from(drawn.envelope())).collect();
        for (drawn, outcome) in batch.iter().zip(take(store, &taken).await) {
            let first = receipts.get(&drawn.envelope().dedupe_key()).copied();
            match outcome {
                Ok(Outcome::Duplicate(receipt)) if first == Some(receipt) => {}
                Ok(Outcome::Accepted(receipt) | Outcome::Parked(receipt)) if first.is_none() => {
                    receipts.insert(drawn.envelope().dedupe_key(), receipt);
                }
                Err(_) => {}
                other => return Err(format!("{other:?} after {first:?}")),
            }
            all.push(told(&outcome));
        }
        rest = more;
        if rest.is_empty() {
            break;
        }
    }
    Ok(all)
}

#[test]
fn a_batch_has_the_effect_of_its_messages_one_by_one() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let databases = [(); 2].map(|()| runtime.block_on(Database::create()).unwrap());
    let [alone, together] = databases.each_ref().map(|database| runtime.block_on(source(database)));
    let config = ProptestConfig {
        cases: CASES,
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("seeds"))),
        source_file: Some(file!()),
        ..ProptestConfig::default()
    };
    let cases = (prop::collection::vec(drawn(), 1..40), prop::collection::vec(1..20_usize, 1..6));
    let outcome = TestRunner::new(config).run(&cases, |(messages, sizes)| {
        runtime.block_on(async {
            let one_by_one = outcomes(&alone, &messages, &[1]).await.map_err(TestCaseError::fail)?;
            let batched = outcomes(&together, &messages, &sizes).await.map_err(TestCaseError::fail)?;
            prop_assert_eq!(one_by_one, batched);
            prop_assert_eq!(left_behind(&alone).await, left_behind(&together).await);
            Ok(())
        })
    });
    runtime.block_on(async {
        for (store, database) in [alone, together].into_iter().zip(databases) {
            store.close().await;
            database.close().await.unwrap();
        }
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

/// A report of a call to the first org's assistant.
fn report(call: &str, phone: &str) -> Message {
    status(call, "ended", phone)
}

fn status(call: &str, status: &str, phone: &str) -> Message {
    let message = json!({ "message": {
        "type": "status-update",
        "status": status,
        "timestamp": FIRST_MESSAGE,
        "customer": { "number": phone },
        "call": { "id": call, "assistantId": "assistant-0" },
    }});
    Message::from(Envelope::from_json(message).unwrap())
}

#[tokio::test]
async fn a_refused_message_does_not_block_its_batch() {
    let database = Database::create().await.unwrap();
    let store = source(&database).await;
    start_over(&store).await;
    sql(&store, "alter table public.calls add check (phone_number <> '+15550000009')").await;
    let phones = [PHONES[0], PHONES[1], PHONES[REFUSED], "+15550000009", PHONES[2], PHONES[0]];
    let batch: Vec<_> = phones.iter().enumerate().map(|(n, phone)| report(&format!("new-{n}"), phone)).collect();
    let outcomes: Vec<_> = take(&store, &batch).await.iter().map(told).collect();
    assert_eq!(outcomes, ["accepted", "accepted", "accepted", "refused", "accepted", "accepted"]);
    assert_eq!(count(&store, "select count(*) from public.calls where vapi_call_id like 'new-%'").await, 5);
    let outcomes: Vec<_> = take(&store, &batch).await.iter().map(told).collect();
    assert_eq!(outcomes, ["duplicate"; 6]);
    store.close().await;
    database.close().await.unwrap();
}

#[tokio::test]
async fn a_batch_is_one_transaction() {
    let database = Database::create().await.unwrap();
    let store = source(&database).await;
    start_over(&store).await;
    let batch: Vec<_> = (0..64).map(|n| report(&format!("new-{n}"), &format!("+1666{n:07}"))).collect();
    let outcomes = take(&store, &batch).await;
    let Ok(Outcome::Accepted(first)) = outcomes[0] else { panic!("{:?}", outcomes[0]) };
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(Outcome::Accepted(receipt)) if *receipt == first)));
    let marks = format!("select count(*) from prewarm.marks where xid = '{}'", first.xid);
    assert_eq!(count(&store, &marks).await, 2 * 64, "one for each contact and one for each call");
    store.close().await;
    database.close().await.unwrap();
}

fn spawn(store: &Store, batch: Vec<Message>) -> JoinHandle<Vec<Result<Outcome, NotTaken>>> {
    let store = store.clone();
    tokio::spawn(async move { take(&store, &batch).await })
}

/// Rounds with two concurrent writers.
const MEETINGS: usize = 100;
/// Calls that both writers report, of half as many callers.
const MET: usize = 64;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn overlapping_writers_lock_in_one_order() {
    let database = Database::create().await.unwrap();
    let store = source(&database).await;
    start_over(&store).await;
    // Deadlocks are detected well before any time limit.
    sql(&store, "do $$ begin execute format('alter database %I set deadlock_timeout = 5', current_database()); end $$")
        .await;
    store.close().await;
    let stores = [open(&database), open(&database)];
    for meeting in 0..MEETINGS {
        let batch = |call: &str, statuses: [&str; 2]| -> Vec<_> {
            let message = |n: usize| {
                let phone = format!("+1666{:07}", meeting * MET / 2 + n / 2);
                status(&format!("{call}-{meeting}-{n}"), statuses[n % 2], &phone)
            };
            (0..MET).map(message).collect()
        };
        let one = batch("call", ["ringing", "ended"]);
        // The callers are always shared, the calls in two rounds of three, and half of the messages in one of three.
        let (mut other, shared) = match meeting % 3 {
            0 => (batch("other", ["ringing", "ended"]), 0),
            1 => (batch("call", ["queued", "in-progress"]), 0),
            _ => (batch("call", ["ringing", "in-progress"]), MET / 2),
        };
        other.reverse();
        let (one, other) = tokio::join!(spawn(&stores[0], one), spawn(&stores[1], other));
        let mut counts: HashMap<String, usize> = HashMap::new();
        for outcome in one.unwrap().iter().chain(&other.unwrap()) {
            *counts.entry(told(outcome)).or_default() += 1;
        }
        let duplicates = counts.remove("duplicate").unwrap_or(0);
        assert_eq!((counts, duplicates), (HashMap::from([("accepted".to_owned(), 2 * MET - shared)]), shared));
    }
    let contacts = count(&stores[0], "select count(*) from public.contacts where phone like '+1666%'").await;
    assert_eq!(contacts, i64::try_from(MEETINGS * MET / 2).unwrap());
    let forgotten =
        "select count(*) from prewarm.call_states where state #>> '{vapi_status,value}' not in ('ringing', 'ended')";
    assert_eq!(count(&stores[0], forgotten).await, 0);
    // A backend reports its counters when it ends.
    for store in stores {
        store.close().await;
    }
    let store = open(&database);
    let deadlocks = "select deadlocks from pg_stat_database where datname = current_database()";
    assert_eq!(count(&store, deadlocks).await, 0);
    store.close().await;
    database.close().await.unwrap();
}
