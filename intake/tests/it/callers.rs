//! Callers: withheld and oddly spelled numbers, contacts that the source refuses, and names that two orgs claim.

use std::time::Duration;

use intake::{Message, Outcome, replay, take};
use serde_json::{Value, json};
use store::Store;
use testkit::Database;
use vapi::Envelope;

use crate::harness::{add_org, close, count, open, sql};

fn called_by(call: &str, customer: Value) -> Message {
    let message = json!({ "message": {
        "type": "status-update",
        "status": "ended",
        "timestamp": 1_772_441_073_000_u64,
        "customer": customer,
        "call": { "id": call, "assistantId": "assistant", "phoneNumberId": "number" },
    }});
    Message::from(Envelope::from_json(message).unwrap())
}

fn number(text: &str) -> Value {
    json!({ "number": text, "name": "Ada" })
}

async fn take_all(store: &Store, messages: Vec<Message>) -> Vec<Outcome> {
    take(store, &messages).await.into_iter().map(Result::unwrap).collect()
}

#[tokio::test]
async fn a_caller_with_a_withheld_number_has_no_contact() {
    let database = Database::create().await.unwrap();
    let store = open(&database);
    add_org(&store, "assistant").await;
    let withheld = ["anonymous", "Restricted", "+266696687", "8656696", "", "110", "sip:anonymous@anonymous.invalid"];
    let messages = withheld.iter().enumerate().map(|(n, text)| called_by(&format!("call-{n}"), number(text)));
    take_all(&store, messages.collect()).await;
    let nobody = "select count(*) from public.calls where contact_id is null and phone_number is null";
    assert_eq!((count(&store, nobody).await, count(&store, "select count(*) from public.contacts").await), (7, 0));
    close(store, database).await;
}

#[tokio::test]
async fn spellings_of_one_number_are_one_contact() {
    let spellings = [
        number("4930123456"),
        number("+4930123456"),
        number("+49 (0)30 123-456"),
        number("004930123456"),
        number("sip:+4930123456@carrier.example;user=phone"),
        json!({ "sipUri": "sip:4930123456@10.0.0.1" }),
    ];
    for first in 0..spellings.len() {
        for batched in [false, true] {
            let database = Database::create().await.unwrap();
            let store = open(&database);
            add_org(&store, "assistant").await;
            let order = (0..spellings.len()).map(|n| (first + n) % spellings.len());
            let messages: Vec<_> = order.map(|n| called_by(&format!("call-{n}"), spellings[n].clone())).collect();
            if batched {
                take_all(&store, messages).await;
            } else {
                for message in messages {
                    take_all(&store, vec![message]).await;
                }
            }
            assert_eq!(count(&store, "select count(*) from public.contacts").await, 1, "{first} {batched}");
            assert_eq!(
                count(&store, "select count(*) from public.calls where contact_id is not null").await,
                6,
                "{first}"
            );
            let certain = "select count(*) from public.calls where phone_number = '+4930123456'";
            assert_eq!(count(&store, certain).await, 4, "{first}");
            close(store, database).await;
        }
    }
}

#[tokio::test]
async fn a_contact_with_bare_digits_is_found_within_its_org() {
    let database = Database::create().await.unwrap();
    let store = open(&database);
    add_org(&store, "assistant").await;
    add_org(&store, "other").await;
    sql(
        &store,
        "insert into public.contacts (org_id, name, phone, created_at)
         select org_id, vapi_assistant_id, '4930123456', '2020-01-01' from public.agents",
    )
    .await;
    take_all(&store, vec![called_by("call", number("+49 30 123456"))]).await;
    let found =
        "select count(*) from public.calls k join public.contacts c on c.id = k.contact_id and c.name = 'assistant'";
    assert_eq!((count(&store, found).await, count(&store, "select count(*) from public.contacts").await), (1, 2));
    close(store, database).await;
}

#[tokio::test]
async fn a_contact_that_the_source_refuses_does_not_cost_the_call() {
    let rules = [
        "alter table public.contacts add check (phone ~ '^[+][1-9][0-9]{9,14}$')",
        "alter table public.contacts alter column email set not null",
        "create function public.refuse() returns trigger language plpgsql as $$ begin raise 'not in this house'; end $$;
         create trigger refuse before insert on public.contacts for each row when (new.name = 'Ada') execute function public.refuse()",
        "create function public.refuse() returns trigger language plpgsql as $$ begin perform nothing_of_the_kind(); end $$;
         create trigger refuse before insert on public.contacts for each row when (new.name = 'Ada') execute function public.refuse()",
        "create unique index on public.contacts (lead_status)",
    ];
    for rule in rules {
        let database = Database::create().await.unwrap();
        let store = open(&database);
        add_org(&store, "assistant").await;
        sql(&store, rule).await;
        let of =
            |n: usize, phone: &str, name: &str| called_by(&format!("call-{n}"), json!({"number": phone, "name": name}));
        // The unique index accepts one contact; the constraint refuses the other.
        let outcomes =
            take_all(&store, vec![of(1, "+1 555 0001", "Ada"), of(2, "anonymous", "Bo"), of(3, "+15550001", "Ada")])
                .await;
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Accepted(_))), "{rule}: {outcomes:?}");
        assert_eq!(count(&store, "select count(*) from public.calls where status is not null").await, 3, "{rule}");
        assert!(count(&store, "select count(*) from public.contacts").await <= 1, "{rule}");
        close(store, database).await;
    }
}

#[tokio::test]
async fn a_contact_that_cannot_be_updated_still_gets_its_calls() {
    let database = Database::create().await.unwrap();
    let store = open(&database);
    add_org(&store, "assistant").await;
    sql(
        &store,
        "insert into public.contacts (org_id, name, phone) select id, null, '+15550000001' from public.organizations;
         create function public.refuse() returns trigger language plpgsql as $$ begin raise 'no change'; end $$;
         create trigger refuse before update on public.contacts for each row execute function public.refuse()",
    )
    .await;
    take_all(&store, vec![called_by("call", number("+15550000001"))]).await;
    assert_eq!(count(&store, "select count(*) from public.calls where contact_id is not null").await, 1);
    close(store, database).await;
}

#[tokio::test]
async fn a_call_that_the_source_refuses_is_parked_and_replayed_once_it_is_accepted() {
    let database = Database::create().await.unwrap();
    let store = open(&database);
    add_org(&store, "assistant").await;
    sql(&store, "alter table public.calls add constraint odd check (phone_number is null)").await;
    let outcomes = take_all(&store, vec![called_by("call", number("+15550000001"))]).await;
    assert!(matches!(outcomes[..], [Outcome::Refused(_)]), "{outcomes:?}");
    assert_eq!(count(&store, "select count(*) from prewarm.events where body is not null and org_id is null").await, 1);
    assert_eq!(replay(&store).await.unwrap().replayed, 0, "not before some time has passed");
    sql(&store, "alter table public.calls drop constraint odd; update prewarm.events set replay_after = now()").await;
    assert_eq!(replay(&store).await.unwrap().replayed, 1);
    assert_eq!(count(&store, "select count(*) from public.calls where contact_id is not null").await, 1);
    close(store, database).await;
}

#[tokio::test]
async fn a_name_claimed_by_two_orgs_belongs_to_neither() {
    let database = Database::create().await.unwrap();
    let store = open(&database);
    add_org(&store, "assistant").await;
    add_org(&store, "assistant").await;
    let outcomes = take_all(&store, vec![called_by("call-1", number("+15550000001"))]).await;
    assert!(matches!(outcomes[..], [Outcome::Parked(_)]), "{outcomes:?}");
    // A number of only one org does not decide, because the assistant may be the other's.
    sql(
        &store,
        "insert into public.phone_numbers (org_id, vapi_phone_number_id) select id, 'number' from public.organizations limit 1",
    )
    .await;
    take_all(&store, vec![called_by("call-2", number("+15550000001"))]).await;
    assert_eq!(replay(&store).await.unwrap().replayed, 0);
    assert_eq!(count(&store, "select count(*) from public.calls").await, 0);
    let contested = store.contested().await.unwrap();
    assert_eq!((contested.assistants, contested.numbers), (1, 0));
    sql(
        &store,
        "update public.agents set vapi_assistant_id = 'another' where id = (select max(id::text)::uuid from public.agents);
         update prewarm.events set replay_after = null",
    )
    .await;
    let limit = tokio::time::timeout(Duration::from_mins(5), replay(&store)).await;
    assert_eq!(limit.unwrap().unwrap().replayed, 2);
    assert_eq!(count(&store, "select count(distinct org_id) from public.calls where contact_id is not null").await, 1);
    close(store, database).await;
}
