//! Random events of callers with odd numbers, compared with the drawn callers.

use std::collections::{BTreeMap, BTreeSet};

use intake::{Message, take};
use proptest::{
    prelude::*,
    test_runner::{FileFailurePersistence, TestRunner},
};
use serde_json::{Value, json};
use store::Store;
use testkit::{Database, sqlx};
use vapi::Envelope;

use crate::harness::{add_org, open, sql};

const CASES: u32 = 60;
const ORGS: usize = 2;

/// A caller with a known number, or a withheld one.
#[derive(Clone, Debug)]
struct Customer {
    person: Option<usize>,
    shown: Value,
}

#[derive(Clone, Debug)]
struct Drawn {
    org: usize,
    customer: Customer,
    kind: &'static str,
    marked: bool,
    listed: bool,
}

fn number_of(person: usize) -> String {
    ["4930123456", "15550100001", "442079460958", "390612345678"][person].to_owned()
}

/// A number in one of its spellings.
fn spelled() -> impl Strategy<Value = Customer> {
    (0..4_usize, 0..9_usize, 1..4_usize).prop_map(|(person, style, every)| {
        let digits = number_of(person);
        let spaced = |mark: &str| {
            let chunks: Vec<_> =
                digits.as_bytes().chunks(every + 1).map(|chunk| String::from_utf8_lossy(chunk)).collect();
            chunks.join(mark)
        };
        let shown = match style {
            0 => json!({ "number": format!("+{digits}") }),
            1 => json!({ "number": digits }),
            2 => json!({ "number": format!("00{digits}") }),
            3 => json!({ "number": format!("+{}", spaced(" ")) }),
            4 => json!({ "number": format!(" +{}", spaced("-")) }),
            5 => json!({ "number": format!("sip:+{digits}@carrier.example;user=phone") }),
            6 => json!({ "sipUri": format!("sips:%2B{digits};npdi@10.0.0.1:5061") }),
            7 => json!({ "number": format!("tel:+{}", spaced(".")) }),
            _ => json!({ "sipUri": format!("\"Front desk\" <sip:00{digits}@carrier.example>;tag=7") }),
        };
        Customer { person: Some(person), shown }
    })
}

/// A placeholder for a withheld number, as letters or as keys of a telephone.
fn withheld() -> impl Strategy<Value = Customer> {
    let words = prop::sample::select(&["ANONYMOUS", "RESTRICTED", "UNAVAILABLE", "UNKNOWN", "PRIVATE", "BLOCKED"][..]);
    (words, 0..6_u8).prop_map(|(word, style)| {
        let keys: String = word
            .chars()
            .map(|letter| {
                let row = ["ABC", "DEF", "GHI", "JKL", "MNO", "PQRS", "TUV", "WXYZ"]
                    .iter()
                    .position(|row| row.contains(letter));
                char::from(b'2' + u8::try_from(row.unwrap()).unwrap())
            })
            .collect();
        let shown = match style {
            0 => json!({ "number": word.to_lowercase(), "name": word }),
            1 => json!({ "number": format!("+{keys}"), "name": word }),
            2 => json!({ "number": keys }),
            3 => json!({ "sipUri": format!("sip:{word}@anonymous.invalid") }),
            4 => json!({ "number": "", "name": "Somebody" }),
            _ => json!({ "number": "911" }),
        };
        Customer { person: None, shown }
    })
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let customer =
        prop_oneof![6 => spelled(), 2 => withheld(), 1 => Just(Customer { person: None, shown: Value::Null })];
    let kind = prop::sample::select(&["inboundPhoneCall", "webCall", "vapi.websocketCall"][..]);
    (0..ORGS, customer, kind, any::<bool>(), any::<bool>()).prop_map(|(org, customer, kind, marked, listed)| Drawn {
        org,
        customer,
        kind,
        marked,
        listed,
    })
}

impl Drawn {
    fn message(&self, n: usize) -> Message {
        let call = json!({
            "id": format!("call-{n}"),
            "type": self.kind,
            "assistantId": format!("assistant-{}", self.org),
            "metadata": { "is_test_call": self.marked },
            "customer": self.customer.shown,
            "status": "ended",
            "updatedAt": "2026-03-02T08:44:31Z",
        });
        let envelope = if self.listed {
            Envelope::of_listed_call(&call)
        } else {
            Envelope::from_json(json!({ "message": {
                "type": "end-of-call-report",
                "timestamp": 1_772_441_075_000_u64,
                "customer": self.customer.shown,
                "call": call,
            }}))
        };
        Message::from(envelope.unwrap())
    }
}

/// Calls by id: the org, the digits of the contact, and whether it is a test.
type Shown = BTreeMap<String, (String, Option<String>, bool)>;

fn expected(events: &[Drawn]) -> (Shown, usize) {
    let shown = events.iter().enumerate().map(|(n, drawn)| {
        let digits = drawn.customer.person.map(number_of);
        (format!("call-{n}"), (format!("assistant-{}", drawn.org), digits, drawn.marked))
    });
    let people: BTreeSet<_> = events.iter().filter_map(|drawn| Some((drawn.org, drawn.customer.person?))).collect();
    (shown.collect(), people.len())
}

async fn found(store: &Store) -> (Shown, usize) {
    let query = "select k.vapi_call_id, a.vapi_assistant_id, regexp_replace(c.phone, '^([+]|00)', ''), k.is_test_call
                   from public.calls k
                   join public.agents a on a.org_id = k.org_id
                   left join public.contacts c on c.id = k.contact_id and c.org_id = k.org_id";
    let rows: Vec<(String, String, Option<String>, bool)> =
        sqlx::query_as(query).fetch_all(store.sessions()).await.unwrap();
    let contacts: i64 =
        sqlx::query_scalar("select count(*) from public.contacts").fetch_one(store.sessions()).await.unwrap();
    let shown = rows.into_iter().map(|(call, assistant, digits, test)| (call, (assistant, digits, test)));
    (shown.collect(), usize::try_from(contacts).unwrap())
}

#[test]
fn every_caller_is_the_one_that_the_event_names() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let database = runtime.block_on(Database::create()).unwrap();
    let store = runtime.block_on(async { open(&database) });
    let config = ProptestConfig {
        cases: CASES,
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("seeds"))),
        source_file: Some(file!()),
        ..ProptestConfig::default()
    };
    let cases = (prop::collection::vec(drawn(), 1..30), 1..12_usize);
    let outcome = TestRunner::new(config).run(&cases, |(events, size)| {
        runtime.block_on(async {
            let clear = "truncate public.organizations cascade;
                         truncate prewarm.events, prewarm.call_states, prewarm.tombstones, prewarm.erasures, prewarm.marks";
            sql(&store, clear).await;
            for org in 0..ORGS {
                add_org(&store, &format!("assistant-{org}")).await;
            }
            let messages: Vec<_> = events.iter().enumerate().map(|(n, drawn)| drawn.message(n)).collect();
            for batch in messages.chunks(size) {
                for outcome in take(&store, batch).await {
                    outcome.map_err(|error| TestCaseError::fail(error.to_string()))?;
                }
            }
            prop_assert_eq!(found(&store).await, expected(&events));
            Ok(())
        })
    });
    runtime.block_on(async {
        store.close().await;
        database.close().await.unwrap();
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}
