//! Rebuilds by what a process remembers, of an org with more rows than its models show.

use std::time::Duration;

use materialize::{Memo, Outcome, rebuild, rebuild_by};
use readmodel::{
    ids::OrgId,
    model::Model,
    time::{Clock, Timestamp},
};
use store::Store;
use testkit::{
    Database,
    sqlx::{self, AssertSqlSafe},
};
use uuid::Uuid;

use crate::{
    harness::{edition, open, world},
    oracle::compare,
};

const ORG: OrgId = OrgId(Uuid::from_u128(1));

/// 2026-01-15T12:00:00Z.
const START: i64 = 1_768_478_400_000_000;

const SECOND: i64 = 1_000_000;

const STEPS: i64 = 400;

async fn run(store: &Store, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(store.sessions()).await.unwrap();
}

/// An org with three times the leads, calls and appointments that are shown. Some calls are nobody's.
async fn built() -> (Database, Store) {
    let database = Database::create().await.unwrap();
    let store = open(&database, None);
    fill(&store).await;
    (database, store)
}

async fn fill(store: &Store) {
    let statements = format!(
        "insert into public.organizations (id, name) values ('{id}', 'an org');
         insert into public.contacts (org_id, name, phone, lead_status, lead_score, last_contact_at, created_at)
           select '{id}', 'Name ' || n, '+1555' || n, 'new', n % 97, t - n * interval '3 hours', t - n * interval '1 hour'
             from generate_series(1, 150) n, {now};
         insert into public.calls (org_id, contact_id, phone_number, call_direction, duration_seconds, created_at)
           select c.org_id, case when n % 3 > 0 then c.id end, case when n % 3 > 0 then c.phone end,
                  (array['inbound', 'outbound'])[1 + n % 2], n, t - n * interval '1 minute'
             from generate_series(1, 120) n join public.contacts c on c.phone = '+1555' || n, {now};
         insert into public.appointments (org_id, contact_id, status, created_at)
           select c.org_id, c.id, 'confirmed', t - n * interval '7 minutes'
             from generate_series(1, 30) n join public.contacts c on c.phone = '+1555' || n, {now}",
        id = ORG,
        now = instant(START),
    );
    run(store, &statements).await;
}

fn instant(at: i64) -> String {
    format!("(select timestamptz 'epoch' + {at} * interval '1 microsecond') as now (t)")
}

/// A change as applications make them, of rows that are shown and of others.
fn change(at: i64) -> String {
    let n = rand::random_range(1..=150);
    let back = rand::random_range(0..=100);
    let contact = format!("public.contacts c, {} where c.phone = '+1555{n}'", instant(at));
    let one = "(select id from public.calls order by created_at desc offset";
    let nobodys = "insert into public.calls (org_id, call_direction, duration_seconds, created_at) select c.org_id,";
    let insert = "insert into public.calls (org_id, contact_id, phone_number, call_direction, duration_seconds, created_at) select c.org_id, c.id, c.phone,";
    match rand::random_range(0..16) {
        0..=2 => format!("{insert} 'inbound', 9, t from {contact}"),
        3 => format!("{nobodys} 'inbound', 9, t from {contact}"),
        4 => format!("{nobodys} 'outbound', 9, t - {back} * interval '1 minute' from {contact}"),
        5 => format!("{insert} 'outbound', 9, t - {back} * interval '1 minute' from {contact}"),
        6 => format!("{insert} 'outbound', 9, date_trunc('hour', t) from {contact}"),
        7 => format!("delete from public.calls where id = {one} {back} limit 1)"),
        8 => "delete from public.calls where id = any (array(
                select id from public.calls where contact_id is null order by created_at desc limit 4))"
            .to_owned(),
        9 => format!("update public.calls set summary = 'said {at}' where id = {one} {back} limit 1)"),
        10 => format!(
            "update public.calls set created_at = created_at - interval '3 minutes', is_test_call = not is_test_call
              where id = {one} {back} limit 1)"
        ),
        11 => format!("update public.contacts set last_contact_at = t from {} where phone = '+1555{n}'", instant(at)),
        12 => format!("update public.contacts set lead_score = {back}, name = 'Name {at}' where phone = '+1555{n}'"),
        13 => format!("update public.contacts set lead_status = case lead_status when 'new' then 'lost' else 'new' end where phone = '+1555{n}'"),
        14 => format!(
            "insert into public.appointments (org_id, contact_id, status, created_at)
             select c.org_id, c.id, 'confirmed', t from {contact}"
        ),
        _ => "delete from public.appointments where id = (select id from public.appointments order by created_at desc limit 1)".to_owned(),
    }
}

#[tokio::test]
async fn a_large_org_equals_its_definition_by_what_is_remembered() {
    let (database, store) = built().await;
    let memo = Memo::new(1 << 24, Duration::MAX);
    let mut connection = store.sessions().take().await.unwrap();
    let mut kept = [0; Model::STORED.len()];
    for step in 0..STEPS {
        let at = START + step * SECOND * rand::random_range(1..400);
        let change = change(at);
        run(&store, &change).await;
        let outcome = rebuild_by(&store, &memo, Clock::Pinned(Timestamp::from_micros(at)), ORG).await.unwrap();
        assert!(matches!(outcome, Outcome::Changed(_) | Outcome::Unchanged(_)), "{outcome:?}");
        let world = world(&mut connection, &[ORG]).await;
        compare(&store, &world, ORG, at).await.unwrap_or_else(|error| panic!("step {step}, {change}: {error}"));
        let edition = edition(&store, ORG).await.unwrap();
        for model in Model::STORED {
            kept[model as usize] += i64::from(edition.blob(model).unwrap().version != edition.version);
        }
    }
    // Otherwise the test would compare one way with itself.
    let some = [Model::Leads, Model::Activity, Model::CallsInbound, Model::CallsOutbound];
    assert!(some.iter().all(|model| (STEPS / 20..STEPS * 19 / 20).contains(&kept[*model as usize])), "{kept:?}");
    drop(connection);
    store.close().await;
    database.close().await.unwrap();
}

/// A memory is of no use once another process has made a version.
#[tokio::test]
async fn a_version_of_another_process_is_not_built_upon() {
    let (database, store) = built().await;
    let (one, other) = (Memo::new(1 << 24, Duration::MAX), Memo::new(1 << 24, Duration::MAX));
    let mut connection = store.sessions().take().await.unwrap();
    for step in 0..40 {
        let at = START + step * SECOND;
        run(&store, &change(at)).await;
        let clock = Clock::Pinned(Timestamp::from_micros(at));
        match step % 4 {
            0 | 1 => drop(rebuild_by(&store, &one, clock, ORG).await.unwrap()),
            2 => drop(rebuild_by(&store, &other, clock, ORG).await.unwrap()),
            _ => drop(rebuild(&store, clock, ORG).await.unwrap()),
        }
        let world = world(&mut connection, &[ORG]).await;
        compare(&store, &world, ORG, at).await.unwrap_or_else(|error| panic!("step {step}: {error}"));
    }
    drop(connection);
    store.close().await;
    database.close().await.unwrap();
}

/// The versions of an org that is made again begin at one.
#[tokio::test]
async fn an_org_that_is_made_again_is_not_taken_for_the_former_one() {
    let (database, store) = built().await;
    let memo = Memo::new(1 << 24, Duration::MAX);
    let clock = |seconds: i64| Clock::Pinned(Timestamp::from_micros(START + seconds * SECOND));
    let Outcome::Changed(former) = rebuild_by(&store, &memo, clock(0), ORG).await.unwrap() else {
        panic!("no version")
    };
    run(&store, "delete from public.organizations").await;
    assert_eq!(rebuild(&store, clock(1), ORG).await.unwrap(), Outcome::Gone);

    fill(&store).await;
    run(&store, "update public.contacts set name = 'Another ' || phone").await;
    let Outcome::Changed(made) = rebuild(&store, clock(2), ORG).await.unwrap() else { panic!("no version") };
    assert_eq!(made.version, former.version, "the case is another one");
    run(&store, "insert into public.calls (org_id, call_direction, duration_seconds) select id, 'inbound', 9 from public.organizations").await;
    rebuild_by(&store, &memo, clock(3), ORG).await.unwrap();
    let mut connection = store.sessions().take().await.unwrap();
    let world = world(&mut connection, &[ORG]).await;
    compare(&store, &world, ORG, START + 3 * SECOND).await.unwrap();
    drop(connection);
    store.close().await;
    database.close().await.unwrap();
}

/// Changes calls behind the triggers' back, and tells after how many later changes that shows; `None` after so many.
async fn unseen_shows_after(store: &Store, memo: &Memo, text: &str, changes: i64) -> Option<i64> {
    let clock = |step: i64| Clock::Pinned(Timestamp::from_micros(START + step * SECOND));
    rebuild_by(store, memo, clock(0), ORG).await.unwrap();
    let unseen = format!(
        "alter table public.calls disable trigger user;
         update public.calls set summary = '{text}' where contact_id is null;
         alter table public.calls enable trigger user"
    );
    run(store, &unseen).await;
    for n in 1..=changes {
        run(
            store,
            "update public.calls set summary = 'seen' where id = (select max(id::text)::uuid from public.calls)",
        )
        .await;
        rebuild_by(store, memo, clock(1), ORG).await.unwrap();
        let calls = edition(store, ORG).await.unwrap().identity(Model::Calls).unwrap();
        if String::from_utf8(calls).unwrap().contains(text) {
            return Some(n);
        }
    }
    None
}

/// The age of what was read counts, and not that of the last version: an org may change all the time.
#[tokio::test]
async fn a_change_that_no_trigger_has_seen_shows_once_the_memory_is_no_longer_trusted() {
    let (database, store) = built().await;
    run(&store, "update public.calls set contact_id = null, phone_number = null").await;
    assert_eq!(unseen_shows_after(&store, &Memo::new(1 << 24, Duration::MAX), "never", 20).await, None);
    let briefly = Memo::new(1 << 24, Duration::from_millis(300));
    assert!(unseen_shows_after(&store, &briefly, "at last", 1_000).await.is_some());
    store.close().await;
    database.close().await.unwrap();
}
