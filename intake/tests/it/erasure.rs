//! Data deleted from the source is erased everywhere, and no later message brings it back.

use intake::{Message, replay, take};
use readmodel::phone::PhoneNumber;
use serde_json::json;
use store::{
    Store,
    erasures::{ErasureRequest, Subject},
};
use testkit::{Database, sqlx};
use vapi::Envelope;

use crate::harness::{add_org, close, count, open, sql};

const PHONE: &str = "+4930123456";
/// The number of our rows that contain the caller.
const TOLD: &str = "select (select count(*) from prewarm.events e where e::text ~ 'Ada|30123456|sore')
                         + (select count(*) from prewarm.call_states s where s::text ~ 'Ada|30123456|sore')
                         + (select count(*) from prewarm.erasures s where s::text ~ 'Ada|30123456|sore')
                         + (select count(*) from prewarm.tombstones s where s::text ~ 'Ada|30123456|sore')";

fn told(assistant: &str, call: &str, kind: &str, phone: &str, at: u64) -> Message {
    let message = json!({ "message": {
        "type": kind,
        "status": "ended",
        "timestamp": at,
        "endedAt": at,
        "summary": "Has a sore tooth.",
        "customer": { "number": phone, "name": "Ada" },
        "call": { "id": call, "assistantId": assistant },
    }});
    Message::from(Envelope::from_json(message).unwrap())
}

async fn tell(store: &Store, message: Message) {
    for outcome in take(store, &[message]).await {
        outcome.unwrap();
    }
}

async fn erase(store: &Store) {
    assert!(store.erase_owed().await.unwrap());
    assert!(!store.erase_owed().await.unwrap());
}

/// Stores two calls of a caller an hour ago, and one of another caller.
async fn three_calls(store: &Store) {
    for assistant in ["assistant", "other"] {
        add_org(store, assistant).await;
    }
    for (call, phone) in [("call-1", PHONE), ("call-2", "4930123456"), ("call-3", "+15550000003")] {
        for kind in ["status-update", "conversation-update", "end-of-call-report"] {
            let message = told("assistant", call, kind, phone, 1_772_441_073_000);
            let message = if call == "call-3" { elses() } else { message };
            tell(store, message).await;
        }
    }
}

fn elses() -> Message {
    let message = json!({ "message": {
        "type": "end-of-call-report",
        "timestamp": 1_772_441_073_000_u64,
        "summary": "Was well.",
        "customer": { "number": "+15550000003", "name": "Bo" },
        "call": { "id": "call-3", "assistantId": "assistant" },
    }});
    Message::from(Envelope::from_json(message).unwrap())
}

/// Sends late messages, some about unknown calls.
async fn late(store: &Store) {
    for (call, kind) in [("call-1", "status-update"), ("call-2", "hang"), ("call-9", "end-of-call-report")] {
        tell(store, told("assistant", call, kind, PHONE, 1_772_441_075_000)).await;
    }
    tell(store, told("assistant", "call-8", "transcript", "sip:+4930123456@carrier.example", 1_772_441_075_000)).await;
}

#[tokio::test]
async fn a_deleted_contact_is_erased_and_does_not_come_back() {
    let database = Database::create().await.unwrap();
    let store = open(&database);
    three_calls(&store).await;
    sql(&store, "delete from public.contacts where phone like '%30123456'").await;
    // Late messages arrive before and after the erasure.
    late(&store).await;
    erase(&store).await;
    late(&store).await;
    assert_eq!(count(&store, TOLD).await, 0);
    assert_eq!(count(&store, "select count(*) from public.contacts where name = 'Ada'").await, 0);
    assert_eq!(
        count(&store, "select count(*) from public.calls where contact_id is null").await,
        3,
        "one was not known"
    );
    // Other callers are unchanged.
    assert_eq!(count(&store, "select count(*) from prewarm.events where body::text ~ 'Bo'").await, 1);
    assert_eq!(count(&store, "select count(*) from public.contacts where name = 'Bo'").await, 1);
    // A caller who calls again is a new contact.
    tell(&store, told("assistant", "call-10", "end-of-call-report", PHONE, 4_102_444_800_000)).await;
    assert_eq!(count(&store, "select count(*) from public.contacts where name = 'Ada'").await, 1);
    close(store, database).await;
}

#[tokio::test]
async fn erasing_one_contact_of_a_shared_number_keeps_the_others_calls() {
    let database = Database::create().await.unwrap();
    let store = open(&database);
    three_calls(&store).await;
    sql(
        &store,
        "insert into public.contacts (org_id, name, phone) select org_id, 'Twin', phone from public.contacts where name = 'Ada'",
    )
    .await;
    sql(&store, "delete from public.contacts where name = 'Twin'").await;
    erase(&store).await;
    assert_eq!(count(&store, "select count(*) from prewarm.events where body is null").await, 0);
    close(store, database).await;
}

#[tokio::test]
async fn deleted_and_truncated_calls_are_erased_and_not_recreated() {
    for deletion in ["delete from public.calls where vapi_call_id <> 'call-3'", "truncate public.calls"] {
        let database = Database::create().await.unwrap();
        let store = open(&database);
        three_calls(&store).await;
        sql(&store, deletion).await;
        erase(&store).await;
        for call in ["call-1", "call-2"] {
            tell(&store, told("assistant", call, "status-update", PHONE, 1_772_441_099_000)).await;
            tell(&store, told("assistant", call, "hang", PHONE, 1_772_441_099_000)).await;
        }
        assert_eq!(count(&store, TOLD).await, 0, "{deletion}");
        assert_eq!(
            count(&store, "select count(*) from public.calls where vapi_call_id <> 'call-3'").await,
            0,
            "{deletion}"
        );
        close(store, database).await;
    }
}

#[tokio::test]
async fn a_deleted_org_is_erased_and_its_later_events_are_not_stored() {
    let database = Database::create().await.unwrap();
    let store = open(&database);
    three_calls(&store).await;
    sql(
        &store,
        "delete from public.organizations where id = (select org_id from public.agents where vapi_assistant_id = 'assistant')",
    )
    .await;
    late(&store).await;
    erase(&store).await;
    late(&store).await;
    assert_eq!(count(&store, TOLD).await, 0);
    assert_eq!(count(&store, "select count(*) from prewarm.events where body is not null").await, 0);
    // Another org that gets the assistant receives its new calls, but not the earlier ones.
    add_org(&store, "assistant").await;
    assert_eq!(replay(&store).await.unwrap().replayed, 0);
    late(&store).await;
    tell(&store, told("assistant", "call-11", "end-of-call-report", "+15550000011", 4_102_444_800_000)).await;
    let again = "select count(*) from public.calls where vapi_call_id in ('call-1', 'call-2')";
    assert_eq!((count(&store, again).await, count(&store, "select count(*) from public.calls").await), (0, 1));
    close(store, database).await;
}

#[tokio::test]
async fn a_parked_event_of_an_erased_caller_is_replayed_without_the_name() {
    let database = Database::create().await.unwrap();
    let store = open(&database);
    three_calls(&store).await;
    tell(&store, told("later", "call-20", "end-of-call-report", PHONE, 1_772_441_073_000)).await;
    sql(&store, "delete from public.contacts where name = 'Ada'").await;
    erase(&store).await;
    sql(&store, "update public.agents set vapi_assistant_id = 'later' where vapi_assistant_id = 'assistant'").await;
    assert_eq!(replay(&store).await.unwrap().replayed, 1);
    assert_eq!(count(&store, TOLD).await, 0);
    assert_eq!(
        count(&store, "select count(*) from public.calls where vapi_call_id = 'call-20' and summary is null").await,
        1
    );
    close(store, database).await;
}

async fn request(store: &Store, subject: &Subject) -> ErasureRequest {
    let found = store.find_to_erase(subject).await.unwrap().unwrap();
    store.request_erasure(&found).await.unwrap()
}

#[tokio::test]
async fn erasing_a_number_covers_every_org_and_the_source() {
    let database = Database::create().await.unwrap();
    let store = open(&database);
    three_calls(&store).await;
    tell(&store, told("other", "call-30", "end-of-call-report", "00 49 30 123456", 1_772_441_073_000)).await;
    let number = PhoneNumber::parse("sip:+49-30-123456@carrier.example");
    let requested = request(&store, &Subject::Phone(number)).await;
    assert_eq!((requested.removed["contacts"], requested.removed["calls"]), (2, 3));
    erase(&store).await;
    late(&store).await;
    tell(&store, told("other", "call-31", "end-of-call-report", PHONE, 1_772_441_073_000)).await;
    let source = "select (select count(*) from public.calls c where c::text ~ '30123456|sore')
                       + (select count(*) from public.contacts c where c::text ~ 'Ada|30123456')";
    assert_eq!((count(&store, TOLD).await, count(&store, source).await), (0, 0));
    let progress = store.erasure_progress(&requested).await.unwrap();
    assert_eq!((progress.removed["events"], progress.unerased.len()), (7, 0));
    close(store, database).await;
}

#[tokio::test]
async fn a_message_in_flight_during_an_erasure_is_rolled_back() {
    let database = Database::create().await.unwrap();
    let store = open(&database);
    three_calls(&store).await;
    for (deletion, call) in [
        ("delete from public.contacts where name = 'Ada'", "call-40"),
        ("delete from public.calls where vapi_call_id = 'call-1'", "call-1"),
    ] {
        let mut deleting = store.apart(1).begin().await.unwrap();
        sqlx::raw_sql(deletion).execute(&mut *deleting).await.unwrap();
        let message = told("assistant", call, "status-update", PHONE, 1_772_441_074_000);
        let intake = intake::Intake::start(&store);
        let (taken, ()) = tokio::join!(intake.take(message), async {
            // Either the message waits for the deletion, or it has not started. Both are fine.
            let waits = "select count(*) from pg_locks where not granted";
            for _ in 0..100 {
                if count(&store, waits).await > 0 {
                    break;
                }
                tokio::task::yield_now().await;
            }
            deleting.commit().await.unwrap();
        });
        // Duplicates add nothing.
        taken.unwrap();
    }
    erase(&store).await;
    assert_eq!(count(&store, TOLD).await, 0);
    assert_eq!(count(&store, "select count(*) from public.contacts where name = 'Ada'").await, 0);
    assert_eq!(count(&store, "select count(*) from public.calls where vapi_call_id = 'call-1'").await, 0);
    close(store, database).await;
}

#[tokio::test]
async fn an_org_that_is_made_again_while_it_is_erased_is_marked_whole() {
    let database = Database::create().await.unwrap();
    let store = open(&database);
    add_org(&store, "assistant").await;
    let again = "create temporary table gone as select id from public.organizations;
                 delete from public.organizations;
                 insert into public.organizations (id, name) select id, 'again' from gone;
                 delete from prewarm.marks";
    sql(&store, again).await;
    erase(&store).await;
    let marked = "select count(*) from prewarm.marks m join public.organizations o on o.id = m.org_id where m.wide";
    assert_eq!(count(&store, marked).await, 1);
    close(store, database).await;
}

#[tokio::test]
async fn a_contact_that_is_made_again_while_it_is_erased_is_marked() {
    let database = Database::create().await.unwrap();
    let store = open(&database);
    add_org(&store, "assistant").await;
    let again = "insert into public.contacts (org_id, name) select id, 'Ada' from public.organizations;
                 create temporary table gone as select * from public.contacts;
                 delete from public.contacts;
                 insert into public.contacts select * from gone;
                 delete from prewarm.marks";
    sql(&store, again).await;
    erase(&store).await;
    let marked = "select count(*) from prewarm.marks m join public.contacts c on c.id = any (m.contacts)";
    assert_eq!(count(&store, marked).await, 1);
    close(store, database).await;
}
