//! Read models that change only because time passes.

use materialize::{Outcome, rebuild};
use readmodel::{
    ids::OrgId,
    model::Model,
    time::{Clock, Timestamp},
};
use store::{Store, snapshot::Extent};
use testkit::{
    Database, servers,
    sqlx::{self, Connection, PgConnection, postgres::types::PgInterval},
};
use uuid::Uuid;

use crate::harness::{defined, edition, open, shown, world};

const ORG: OrgId = OrgId(Uuid::from_u128(1));

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

async fn org_in(database: &Database, timezone: &str, sql: &'static str) -> (Store, PgConnection) {
    let mut connection = PgConnection::connect(&database.url()).await.unwrap();
    sqlx::query("insert into public.organizations (id, name, timezone) values ($1, 'Clinic', $2)")
        .bind(ORG.0)
        .bind(timezone)
        .execute(&mut connection)
        .await
        .unwrap();
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    (open(database, None), connection)
}

/// Rebuilds at an instant, compares with the oracle, and returns the next deadline and the calls of the day.
async fn at_instant(store: &Store, connection: &mut PgConnection, instant: Timestamp) -> (Option<Timestamp>, i64) {
    let outcome = rebuild(store, Clock::Pinned(instant), ORG).await.unwrap();
    assert!(matches!(outcome, Outcome::Changed(_) | Outcome::Unchanged(_)));
    let (edition, world) = (edition(store, ORG).await.unwrap(), world(connection, &[ORG]).await);
    for model in Model::ALL {
        assert_eq!(shown(&edition, model), defined(&world, ORG, model, instant.as_micros()), "{model} at {instant}");
    }
    let pulse: serde_json::Value = serde_json::from_str(&shown(&edition, Model::Pulse)).unwrap();
    (edition.next_change_at, pulse["calls_today"].as_i64().unwrap())
}

#[tokio::test]
async fn calls_today_ends_at_the_orgs_midnight_across_daylight_saving_time() {
    let database = Database::create().await.unwrap();
    // 29 March has 23 hours in Berlin: from 23:00 UTC to 22:00 UTC.
    let (store, mut connection) = org_in(
        &database,
        "Europe/Berlin",
        "insert into public.calls (org_id, created_at)
         values ('00000000-0000-0000-0000-000000000001', '2026-03-28T22:59:59.999999Z'),
                ('00000000-0000-0000-0000-000000000001', '2026-03-28T23:00:00Z'),
                ('00000000-0000-0000-0000-000000000001', '2026-03-29T21:59:59.999999Z')",
    )
    .await;
    let noon = at("2026-03-29T12:00:00Z");
    assert_eq!(at_instant(&store, &mut connection, noon).await, (Some(at("2026-03-29T22:00:00Z")), 2));
    let last = at("2026-03-29T21:59:59.999999Z");
    assert_eq!(at_instant(&store, &mut connection, last).await, (Some(at("2026-03-29T22:00:00Z")), 2));
    // The next day has no calls, so it sets no deadline.
    assert_eq!(at_instant(&store, &mut connection, at("2026-03-29T22:00:00Z")).await, (None, 0));
    store.close().await;
    database.close().await.unwrap();
}

#[tokio::test]
async fn urgency_falls_at_24_hours_and_at_7_days_to_the_microsecond() {
    let database = Database::create().await.unwrap();
    let (store, mut connection) = org_in(
        &database,
        "UTC",
        "insert into public.contacts (org_id, lead_status, last_contact_at)
         values ('00000000-0000-0000-0000-000000000001', 'new', '2026-05-01T10:00:00Z')",
    )
    .await;
    let urgency = async |instant: &str, connection: &mut PgConnection| {
        let (deadline, _) = at_instant(&store, connection, at(instant)).await;
        let leads: serde_json::Value =
            serde_json::from_str(&shown(&edition(&store, ORG).await.unwrap(), Model::Leads)).unwrap();
        (leads["leads"][0]["follow_up_urgency"].as_str().unwrap().to_owned(), deadline.map(|at| at.to_string()))
    };
    let expect = |urgency: &str, deadline: Option<&str>| (urgency.to_owned(), deadline.map(str::to_owned));
    let (day, week) = ("2026-05-02T10:00:00.000000Z", "2026-05-08T10:00:00.000000Z");
    assert_eq!(urgency("2026-05-02T09:59:59.999999Z", &mut connection).await, expect("high", Some(day)));
    assert_eq!(urgency(day, &mut connection).await, expect("medium", Some(week)));
    assert_eq!(urgency("2026-05-08T09:59:59.999999Z", &mut connection).await, expect("medium", Some(week)));
    assert_eq!(urgency(week, &mut connection).await, expect("low", None));
    store.close().await;
    database.close().await.unwrap();
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_passed_deadline_is_owed_by_the_databases_clock() {
    let (server, clock) = servers::postgres_with_clock().await.unwrap();
    clock.set(0).unwrap();
    let database = Database::create_on(&server.url("postgres")).await.unwrap();
    let (store, mut connection) = org_in(
        &database,
        "UTC",
        "insert into public.contacts (org_id, lead_status, last_contact_at)
         values ('00000000-0000-0000-0000-000000000001', 'new', statement_timestamp() - interval '23 hours')",
    )
    .await;
    rebuild(&store, Clock::Database, ORG).await.unwrap();
    let owed = "select reason from prewarm.owed";
    let reasons: Vec<String> = sqlx::query_scalar(owed).fetch_all(&mut connection).await.unwrap();
    assert!(reasons.is_empty(), "{reasons:?} before the deadline");
    clock.set(60 * 60).unwrap();
    let reasons: Vec<String> = sqlx::query_scalar(owed).fetch_all(&mut connection).await.unwrap();
    assert_eq!(reasons, ["deadline"]);
    rebuild(&store, Clock::Database, ORG).await.unwrap();
    assert!(shown(&edition(&store, ORG).await.unwrap(), Model::Leads).contains(r#""follow_up_urgency":"medium""#));
    store.close().await;
    database.close().await.unwrap();
}

/// An org rests for as long as its rebuild took. A clock jump must not turn into a rest of that length.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_clock_jump_during_a_rebuild_does_not_count_as_its_duration() {
    let (server, clock) = servers::postgres_with_clock().await.unwrap();
    clock.set(0).unwrap();
    let database = Database::create_on(&server.url("postgres")).await.unwrap();
    let (store, mut connection) = org_in(&database, "UTC", "").await;
    rebuild(&store, Clock::Database, ORG).await.unwrap();
    let snapshot = store.snapshot(ORG, Clock::Database, Extent::Touched).await.unwrap();
    let mut made = edition(&store, ORG).await.unwrap();
    made.version = snapshot.version;
    clock.set(24 * 60 * 60).unwrap();
    snapshot.commit(&made).await.unwrap();

    let took = "select took from prewarm.versions where took < interval '1 hour'";
    let took: PgInterval = sqlx::query_scalar(took).fetch_one(&mut connection).await.unwrap();
    assert!(took.microseconds > 0, "{took:?}");
    store.close().await;
    database.close().await.unwrap();
}
