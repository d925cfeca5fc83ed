//! Assistant requests: right within a second of a change, and answered without Postgres.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use api::numbers::{CACHE_TIME, NotAnswered, NumberAssistant, Numbers};
use embedded::Durability;
use futures_util::FutureExt as _;
use readmodel::model::Format;
use serde_json::json;
use store::{Config, Sessions, Store, sessions::WarmSessions};
use testkit::{
    Database, servers,
    sqlx::{self, AssertSqlSafe},
};
use vapi::{CallRef, Envelope};

/// Two orgs with an assistant each, and numbers known by Vapi's id, by the number itself, or contested.
const MAPPING: &str = "
    insert into public.organizations (id, name) values
      ('00000000-0000-4000-8000-000000000001', 'one'), ('00000000-0000-4000-8000-000000000002', 'two');
    insert into public.agents (id, org_id, name, vapi_assistant_id) values
      ('00000000-0000-4000-8000-0000000000a1', '00000000-0000-4000-8000-000000000001', 'a', 'assistant-1'),
      ('00000000-0000-4000-8000-0000000000a2', '00000000-0000-4000-8000-000000000002', 'a', 'assistant-2');
    insert into public.phone_numbers (org_id, phone_number, vapi_phone_number_id, agent_id) values
      ('00000000-0000-4000-8000-000000000001', '+15550100001', 'id-1', '00000000-0000-4000-8000-0000000000a1'),
      ('00000000-0000-4000-8000-000000000002', '+15550100002', null, '00000000-0000-4000-8000-0000000000a2'),
      ('00000000-0000-4000-8000-000000000001', '+15550100003', null, '00000000-0000-4000-8000-0000000000a1'),
      ('00000000-0000-4000-8000-000000000002', '+15550100003', null, '00000000-0000-4000-8000-0000000000a2'),
      ('00000000-0000-4000-8000-000000000001', '+15550100004', 'id-4', null),
      ('00000000-0000-4000-8000-000000000002', '+15550100004', null, '00000000-0000-4000-8000-0000000000a2'),
      ('00000000-0000-4000-8000-000000000001', '+15550100005', 'id-5', '00000000-0000-4000-8000-0000000000a2')";

/// A clock that a test advances.
#[derive(Clone)]
struct Clock(Instant, Arc<AtomicU64>);

impl Clock {
    fn new() -> Self {
        Self(Instant::now(), Arc::default())
    }

    fn now(&self) -> Instant {
        self.0 + Duration::from_millis(self.1.load(Ordering::Relaxed))
    }

    fn advance(&self, by: Duration) {
        self.1.fetch_add(u64::try_from(by.as_millis()).unwrap(), Ordering::Relaxed);
    }
}

async fn numbers(url: String) -> (Numbers, Clock, WarmSessions) {
    let config = Config {
        database_url: url,
        direct_url: None,
        redis: None,
        connections: 4,
        sessions: Sessions::Serving,
        application_name: "test",
        format: Format::CURRENT,
    };
    let store = Store::open(&config).unwrap();
    sqlx::raw_sql(MAPPING).execute(store.sessions()).await.unwrap();
    let (clock, pg) = (Clock::new(), store.sessions().clone());
    let told = clock.clone();
    (Numbers::new(store, move || told.now()), clock, pg)
}

fn call(id: Option<&str>, number: Option<&str>) -> CallRef {
    let message = json!({ "message": {
        "type": "assistant-request",
        "phoneNumber": { "number": number },
        "call": { "id": "call", "phoneNumberId": id },
    }});
    Envelope::from_json(message).unwrap().call
}

fn found(assistant: Option<&str>) -> Result<NumberAssistant, NotAnswered> {
    Ok(NumberAssistant { assistant: assistant.map(Arc::from), is_late: false })
}

fn late(assistant: &str) -> Result<NumberAssistant, NotAnswered> {
    Ok(NumberAssistant { assistant: Some(Arc::from(assistant)), is_late: true })
}

async fn map(pg: &WarmSessions, assistant: &str) {
    let change = format!("update public.agents set vapi_assistant_id = '{assistant}' where id::text like '%a1'");
    sqlx::raw_sql(AssertSqlSafe(change)).execute(pg).await.unwrap();
}

#[tokio::test]
async fn a_number_is_found_by_its_id_or_itself_and_belongs_to_one_org() {
    let database = Database::create().await.unwrap();
    let (numbers, _, pg) = numbers(database.url()).await;
    for (id, number, assistant) in [
        (Some("id-1"), None, Some("assistant-1")),
        (None, Some("+15550100001"), Some("assistant-1")),
        // The row with the id decides.
        (Some("id-1"), Some("+15550100002"), Some("assistant-1")),
        (None, Some("+15550100002"), Some("assistant-2")),
        (Some("new id"), Some("+15550100002"), Some("assistant-2")),
        (Some("id-4"), Some("+15550100004"), None),
        // A number of two orgs: no call may reach the wrong one.
        (None, Some("+15550100003"), None),
        (None, Some("+15550100004"), None),
        // The agent belongs to another org.
        (Some("id-5"), None, None),
        (Some("unknown"), Some("unknown"), None),
        (None, None, None),
    ] {
        assert_eq!(numbers.assistant_of(&call(id, number)).await, found(assistant), "{id:?} {number:?}");
    }
    pg.close().await;
    database.close().await.unwrap();
}

#[tokio::test]
async fn a_change_is_seen_within_a_second_and_postgres_is_not_asked_before() {
    let database = Database::create().await.unwrap();
    let (numbers, clock, pg) = numbers(database.url()).await;
    let (by_id, by_number) = (call(Some("id-1"), None), call(None, Some("+15550100001")));
    for (n, asked) in [&by_id, &by_number].into_iter().enumerate() {
        let (before, after) = (format!("before-{n}"), format!("after-{n}"));
        map(&pg, &before).await;
        clock.advance(CACHE_TIME);
        assert_eq!(numbers.assistant_of(asked).await, found(Some(&before)));
        map(&pg, &after).await;
        clock.advance(CACHE_TIME - Duration::from_millis(1));
        assert_eq!(numbers.assistant_of(asked).await, found(Some(&before)), "believed");
        clock.advance(Duration::from_millis(1));
        assert_eq!(numbers.assistant_of(asked).await, found(Some(&after)));
    }
    assert!(CACHE_TIME < Duration::from_secs(1));
    // An unknown number as well.
    let unknown = call(Some("id-9"), None);
    assert_eq!(numbers.assistant_of(&unknown).await, found(None));
    let add = "insert into public.phone_numbers (org_id, vapi_phone_number_id, agent_id)
               select org_id, 'id-9', id from public.agents where id::text like '%a2'";
    sqlx::raw_sql(add).execute(&pg).await.unwrap();
    clock.advance(CACHE_TIME);
    assert_eq!(numbers.assistant_of(&unknown).await, found(Some("assistant-2")));
    pg.close().await;
    database.close().await.unwrap();
}

#[tokio::test]
async fn the_last_answer_serves_while_postgres_hangs_or_is_gone() {
    let mut server = servers::postgres(Durability::Throwaway).await.unwrap();
    let database = Database::create_on(&server.url("postgres")).await.unwrap();
    let (numbers, clock, pg) = numbers(database.url()).await;
    let (known, unheard) = (call(Some("id-1"), None), call(None, Some("+15550100002")));
    assert_eq!(numbers.assistant_of(&known).await, found(Some("assistant-1")));

    server.pause().unwrap();
    clock.advance(CACHE_TIME);
    let asked = Instant::now();
    assert_eq!(numbers.assistant_of(&known).await, late("assistant-1"));
    assert_eq!(numbers.assistant_of(&unheard).await, Err(NotAnswered));
    // Vapi drops the call after this.
    assert!(asked.elapsed() < Duration::from_millis(7500), "{:?}", asked.elapsed());
    // A few requests probe the hanging Postgres; the others do not wait for it.
    assert_eq!(numbers.assistant_of(&known).now_or_never(), Some(late("assistant-1")));
    server.resume().unwrap();
    map(&pg, "changed").await;
    clock.advance(CACHE_TIME);
    assert_eq!(numbers.assistant_of(&known).await, found(Some("changed")));

    server.kill().await.unwrap();
    clock.advance(CACHE_TIME);
    assert_eq!(numbers.assistant_of(&known).await, late("changed"));
    assert_eq!(numbers.assistant_of(&unheard).await, Err(NotAnswered));
    server.restart().await.unwrap();
    clock.advance(CACHE_TIME);
    // Dead connections are noticed one by one.
    let mut answer = numbers.assistant_of(&known).await;
    while answer != found(Some("changed")) {
        assert_eq!(answer, late("changed"));
        clock.advance(CACHE_TIME);
        answer = numbers.assistant_of(&known).await;
    }
    assert_eq!(numbers.assistant_of(&unheard).await, found(Some("assistant-2")));
    pg.close().await;
    database.close().await.unwrap();
}
