//! The comparison of what is kept of an org with the source.

use materialize::{rebuild, rebuild_anew};
use readmodel::{ids::OrgId, time::Clock};
use store::Store;
use testkit::{
    Database,
    sqlx::{self, AssertSqlSafe},
};
use uuid::Uuid;

use crate::harness::open;

const ORG: OrgId = OrgId(Uuid::from_u128(1));

async fn run(store: &Store, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(store.sessions()).await.unwrap();
}

/// A call of the frequent caller, in the hour that is kept by bins.
const CALL: &str = "insert into public.calls (org_id, phone_number, created_at)
    select org_id, phone_number, date_trunc('hour', min(created_at)) + interval '1801 seconds'
      from public.calls where phone_number = '+15550001' group by org_id, phone_number";

/// Two calls, after which the hour is kept by bins and the caller's sums by seconds.
async fn call_twice(store: &Store) {
    for _ in 0..2 {
        run(store, CALL).await;
        rebuild(store, Clock::Database, ORG).await.unwrap();
    }
}

/// An org with data of every kind: leads, an hour that is kept by bins, and a frequent caller.
async fn built() -> (Database, Store) {
    let database = Database::create().await.unwrap();
    let store = open(&database, None);
    store.seed_organization(ORG, "an org", "UTC").await.unwrap();
    store.seed_contacts(ORG, 1, 40, 5).await.unwrap();
    rebuild(&store, Clock::Database, ORG).await.unwrap();
    run(
        &store,
        "update public.contacts set estimated_value = 10, lead_score = 90, lead_status = 'new';
         insert into public.contacts (id, org_id, phone, lead_status, lead_score, estimated_value)
           select '00000000-0000-0000-0000-00000000000c', id, '+15550001', 'new', 95, 7 from public.organizations;
         insert into public.calls (org_id, phone_number, duration_seconds, created_at)
           select o.id, '+15550001', 5, date_trunc('hour', now()) + make_interval(secs => i)
             from public.organizations o, generate_series(1, 600) i",
    )
    .await;
    rebuild(&store, Clock::Database, ORG).await.unwrap();
    call_twice(&store).await;
    assert_eq!(drift(&store, ORG).await, [""; 0]);
    (database, store)
}

async fn drift(store: &Store, org: OrgId) -> Vec<String> {
    // Nothing is owed.
    store.drift_of(org).await.unwrap().unwrap()
}

/// Rebuilds an org until it has no marks.
async fn settle(store: &Store, org: OrgId) {
    let marks = "select count(*) from prewarm.marks where org_id = $1";
    while sqlx::query_scalar::<_, i64>(marks).bind(org.0).fetch_one(store.sessions()).await.unwrap() > 0 {
        rebuild(store, Clock::Database, org).await.unwrap();
    }
}

#[tokio::test]
async fn each_part_that_differs_from_the_source_is_found_and_made_anew() {
    let (database, store) = built().await;
    let spoiled = [
        (
            "update prewarm.actionable_leads set total_calls = total_calls + 1 where phone_number <> '+15550001'",
            "leads",
        ),
        ("delete from prewarm.actionable_leads where phone_number <> '+15550001'", "leads"),
        ("update prewarm.maintained set hot_leads = hot_leads + 1", "leads"),
        ("update prewarm.maintained set pipeline_total = pipeline_total - 1", "leads"),
        ("update prewarm.sums set inbound_calls = inbound_calls + 1 where level = 4", "sums"),
        ("update prewarm.sums set appointments = appointments + 1 where level = 2", "sums"),
        ("delete from prewarm.sums where level = 1 and total_calls > 100", "sums"),
        ("update prewarm.sums set total_calls = total_calls + 1 where level = 0", "sums"),
        ("update prewarm.frequent_callers set calls = calls + 1", "frequent callers"),
        ("update prewarm.frequent_callers set last_at = last_at - interval '1 second'", "frequent callers"),
        ("update prewarm.frequent_caller_bins set duration_total = duration_total + 1", "frequent callers"),
        ("delete from prewarm.frequent_caller_bins", "frequent callers"),
    ];
    for (spoil, part) in spoiled {
        let rows = sqlx::query(AssertSqlSafe(spoil)).execute(store.sessions()).await.unwrap();
        assert!(rows.rows_affected() > 0, "{spoil}");
        assert_eq!(drift(&store, ORG).await, [part], "{spoil}");
        store.mark_drifted(ORG).await.unwrap();
        assert_eq!(store.drift_of(ORG).await.unwrap(), None);
        rebuild(&store, Clock::Database, ORG).await.unwrap();
        assert_eq!(drift(&store, ORG).await, [""; 0], "{spoil}");
        call_twice(&store).await;
    }
    store.close().await;
    database.close().await.unwrap();
}

/// Another org.
const OTHER: OrgId = OrgId(Uuid::from_u128(2));
/// The contact that is a frequent caller.
const CONTACT: &str = "'00000000-0000-0000-0000-00000000000c'";

/// Changes that would leave something which later differences do not mend.
fn changes() -> Vec<(&'static str, String)> {
    let again = |org: OrgId| {
        format!(
            "delete from public.contacts where id = {CONTACT};
             insert into public.contacts (id, org_id, phone, lead_status, lead_score, estimated_value)
               values ({CONTACT}, '{org}', '+15550001', 'new', 95, 7)"
        )
    };
    let of_contact = |change: &str| format!("{change} where id = {CONTACT}");
    let beyond = "update public.calls set created_at = '9999-12-31Z'
                   where id in (select id from public.calls where phone_number = '+15550001' order by id limit 1)";
    let foreign =
        format!("insert into public.calls (org_id, contact_id) values ('{OTHER}', {CONTACT}), ('{ORG}', {CONTACT})");
    let (lost, new) =
        ("update public.contacts set lead_status = 'lost'", "update public.contacts set lead_status = 'new'");
    vec![
        ("a lead that is erased and made again", again(ORG)),
        ("a lead that is erased", of_contact("delete from public.contacts")),
        ("a lead that is made again in another org", again(OTHER)),
        ("a lead of another number", of_contact("update public.contacts set phone = '+15550009'")),
        ("a lead that is none, and is one again", format!("{}; {CALL}; {}", of_contact(lost), of_contact(new))),
        ("a call beyond the calendar", format!("{CALL}; {beyond}")),
        ("a call of another org's caller", foreign),
        ("all calls at once", "update public.calls set duration_seconds = 9".to_owned()),
        ("no calls", "delete from public.calls where phone_number = '+15550001'".to_owned()),
    ]
}

#[tokio::test]
async fn changes_between_rebuilds_and_erasures_leave_no_drift() {
    for (what, change) in changes() {
        for order in [[ORG, OTHER], [OTHER, ORG]] {
            // Only a deleted contact is erased.
            let moments: &[bool] =
                if change.contains("delete from public.contacts") { &[true, false] } else { &[true] };
            for erases_first in moments {
                leaves_no_drift(what, &change, order, *erases_first).await;
            }
        }
    }
}

/// Makes a change, rebuilds the orgs in an order, before or after the erasure, and compares them, also after later calls.
async fn leaves_no_drift(what: &str, change: &str, order: [OrgId; 2], erases_first: bool) {
    const LATER: &str = "insert into public.calls (org_id, phone_number, contact_id)
                           select org_id, phone, id from public.contacts where phone like '+1555000_'";
    let (database, store) = built().await;
    store.seed_organization(OTHER, "another", "UTC").await.unwrap();
    settle(&store, OTHER).await;
    run(&store, change).await;
    if erases_first {
        store.erase_owed().await.unwrap();
    }
    for org in order {
        settle(&store, org).await;
    }
    store.erase_owed().await.unwrap();
    for _ in 0..2 {
        for org in order {
            settle(&store, org).await;
            assert_eq!(drift(&store, org).await, [""; 0], "{what}, {org}");
        }
        run(&store, LATER).await;
    }
    store.close().await;
    database.close().await.unwrap();
}

/// Triggers that were off, as a restore of a dump has them.
#[tokio::test]
async fn a_change_that_no_trigger_saw_is_found() {
    let (database, store) = built().await;
    run(
        &store,
        "alter table public.calls disable trigger prewarm_insert;
         insert into public.calls (org_id, phone_number) select id, '+1777' from public.organizations;
         alter table public.calls enable always trigger prewarm_insert",
    )
    .await;
    assert_eq!(drift(&store, ORG).await, ["sums"]);
    rebuild_anew(&store, Clock::Database, ORG).await.unwrap();
    assert_eq!(drift(&store, ORG).await, [""; 0]);
    store.close().await;
    database.close().await.unwrap();
}

#[tokio::test]
async fn the_walk_comes_to_every_org_and_rests() {
    let database = Database::create().await.unwrap();
    let store = open(&database, None);
    assert!(store.begin_drift_walk().await.unwrap());
    assert!(!store.begin_drift_walk().await.unwrap());
    assert_eq!(store.next_for_drift().await.unwrap(), None);
    for number in 1..=3 {
        store.seed_organization(OrgId(Uuid::from_u128(number)), "an org", "UTC").await.unwrap();
    }
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(store.next_for_drift().await.unwrap().unwrap().0.as_u128());
    }
    assert_eq!(seen, [1, 2, 3, 1]);
    store.rest_from_drift(std::time::Duration::from_secs(60)).await.unwrap();
    assert!(!store.begin_drift_walk().await.unwrap());
    store.rest_from_drift(std::time::Duration::ZERO).await.unwrap();
    assert!(store.begin_drift_walk().await.unwrap());
    store.close().await;
    database.close().await.unwrap();
}
