//! Two workers on one org: versions only increase, and the last blob is right.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use materialize::{Outcome, rebuild};
use rand::RngExt;
use readmodel::{ids::OrgId, model::Model, time::Clock, version::Version};
use store::{
    Store,
    blobs::Held,
    redis::{Announce, Base, Put},
    snapshot::Extent,
    versions::Head,
};
use testkit::{
    Database, servers,
    sqlx::{self, Connection, PgConnection},
};
use uuid::Uuid;

use crate::harness::{defined, edition, in_redis, open, settle, shown, world};

const ORG: OrgId = OrgId(Uuid::from_u128(1));
/// The number of rebuilds of both workers together.
const ROUNDS: u32 = 3_000;
/// The pause between two looks of a watcher, which leaves the processor to the workers.
const BETWEEN_LOOKS: Duration = Duration::from_millis(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_only_increase_while_two_workers_race() {
    let (database, redis) = (Database::create().await.unwrap(), servers::redis().await.unwrap());
    let store = open(&database, Some(redis.url()));
    let mut connection = PgConnection::connect(&database.url()).await.unwrap();
    make_org(&mut connection).await;
    rebuild(&store, Clock::Database, ORG).await.unwrap();

    let rounds = Arc::new(AtomicU32::new(0));
    let over = Arc::new(AtomicBool::new(false));
    let watching = [
        tokio::spawn(versions_in_postgres(store.clone(), over.clone())),
        tokio::spawn(versions_in_redis(store.clone(), over.clone())),
    ];
    let writing = tokio::spawn(write_until(database.url(), over.clone()));
    let (first, second) = tokio::join!(work(&store, &rounds), work(&store, &rounds));
    over.store(true, Ordering::SeqCst);
    writing.await.unwrap();
    for watched in watching {
        assert!(watched.await.unwrap() > 100, "too few looks to prove anything");
    }
    assert!(first + second > 0, "the workers never met");

    let world = world(&mut connection, &[ORG]).await;
    let at = world.contacts.values().filter_map(|contact| contact.last_contact_at).max().unwrap_or(0) + 1;
    settle(&store, &[ORG], at).await;
    rebuild(&store, Clock::Pinned(readmodel::time::Timestamp::from_micros(at)), ORG).await.unwrap();
    let edition = edition(&store, ORG).await.unwrap();
    for model in Model::ALL {
        assert_eq!(shown(&edition, model), defined(&world, ORG, model, at), "{model}");
    }
    let Held::Edition(copy) = in_redis(&store, ORG).await.unwrap() else { panic!("not in redis") };
    assert_eq!(copy.version, edition.version);
    assert_eq!(copy.digest(Model::Dashboard), edition.digest(Model::Dashboard));
    store.close().await;
    database.close().await.unwrap();
}

/// Rebuilds with random pauses until all rounds are done. Returns the number of superseded rebuilds.
async fn work(store: &Store, rounds: &AtomicU32) -> u32 {
    let mut superseded = 0;
    while rounds.fetch_add(1, Ordering::SeqCst) < ROUNDS {
        if rebuild(store, Clock::Database, ORG).await.unwrap() == Outcome::Superseded {
            superseded += 1;
        }
        let pause = rand::rng().random_range(0..400);
        tokio::time::sleep(Duration::from_micros(pause)).await;
    }
    superseded
}

async fn write_until(url: String, over: Arc<AtomicBool>) {
    let mut connection = PgConnection::connect(&url).await.unwrap();
    while !over.load(Ordering::SeqCst) {
        sqlx::raw_sql("update public.contacts set lead_score = (lead_score + 7) % 101 where random() < 0.3")
            .execute(&mut connection)
            .await
            .unwrap();
        let pause = rand::rng().random_range(0..3_000);
        tokio::time::sleep(Duration::from_micros(pause)).await;
    }
}

async fn versions_in_postgres(store: Store, over: Arc<AtomicBool>) -> u32 {
    let (mut looks, mut last) = (0, Version::NONE);
    while !over.load(Ordering::SeqCst) {
        let Head::At(version) = store.head(ORG).await.unwrap() else { panic!("the version is gone") };
        assert!(version >= last, "{version} after {last}");
        (looks, last) = (looks + 1, version);
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    looks
}

async fn versions_in_redis(store: Store, over: Arc<AtomicBool>) -> u32 {
    let (mut looks, mut last) = (0, Version::NONE);
    while !over.load(Ordering::SeqCst) {
        // A read that timed out has no result.
        let Ok(Held::Edition(edition)) = in_redis(&store, ORG).await else { continue };
        assert!(edition.version >= last, "{} after {last}", edition.version);
        (looks, last) = (looks + 1, edition.version);
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    looks
}

async fn make_org(connection: &mut PgConnection) {
    sqlx::raw_sql(
        "insert into public.organizations (id, name) values ('00000000-0000-0000-0000-000000000001', 'Clinic');
         insert into public.contacts (org_id, name, lead_status, lead_score, last_contact_at)
         select '00000000-0000-0000-0000-000000000001', 'Contact ' || i, 'new', i, statement_timestamp() from generate_series(1, 20) i;",
    )
    .execute(connection)
    .await
    .unwrap();
}

/// A worker is paused before it publishes and continues late.
/// The second rebuild conflicts with rows that its snapshot does not see.
#[tokio::test]
async fn of_two_concurrent_first_builds_one_is_superseded() {
    let database = Database::create().await.unwrap();
    let store = open(&database, None);
    let mut superseded = 0;
    for number in 1..=20 {
        let org = OrgId(Uuid::from_u128(number));
        store.seed_organization(org, "an org", "UTC").await.unwrap();
        // Without leads, which are written first, the conflict is over the sums of calls.
        sqlx::query(
            "insert into public.calls (org_id, phone_number) select $1, '+1' || i from generate_series(1, 300) i",
        )
        .bind(org.0)
        .execute(store.sessions())
        .await
        .unwrap();
        let (one, other) = tokio::join!(rebuild(&store, Clock::Database, org), rebuild(&store, Clock::Database, org));
        let outcomes = [one.unwrap(), other.unwrap()];
        superseded += outcomes.iter().filter(|outcome| **outcome == Outcome::Superseded).count();
    }
    assert!(superseded > 0, "they never met");
    store.close().await;
    database.close().await.unwrap();
}

#[tokio::test]
async fn a_slow_workers_older_edition_never_replaces_a_newer_one() {
    let (database, redis) = (Database::create().await.unwrap(), servers::redis().await.unwrap());
    let store = open(&database, Some(redis.url()));
    let mut connection = PgConnection::connect(&database.url()).await.unwrap();
    make_org(&mut connection).await;
    rebuild(&store, Clock::Database, ORG).await.unwrap();
    let old = edition(&store, ORG).await.unwrap();
    // This snapshot is opened first, and its rebuild ends after another's.
    let mut late = store.snapshot(ORG, Clock::Database, Extent::Touched).await.unwrap();
    late.models(None).await.unwrap();
    sqlx::raw_sql("update public.contacts set lead_score = 99").execute(&mut connection).await.unwrap();
    rebuild(&store, Clock::Database, ORG).await.unwrap();
    let new = edition(&store, ORG).await.unwrap();
    assert!(new.version > old.version);

    assert!(matches!(late.commit(&old).await, Err(store::Error::Superseded)));
    let redis = store.redis.as_ref().unwrap();
    assert_eq!(redis.put(&old, Base::NONE, &Model::STORED, Announce::Yes).await.unwrap(), Put::Refused);
    let Held::Edition(held) = in_redis(&store, ORG).await.unwrap() else { panic!("not in redis") };
    assert_eq!((held.version, edition(&store, ORG).await.unwrap().version), (new.version, new.version));
    store.close().await;
    database.close().await.unwrap();
}

/// Version 10 is newer than version 9, although it sorts before it as text.
#[tokio::test]
async fn redis_compares_versions_as_two_integers() {
    let (database, redis) = (Database::create().await.unwrap(), servers::redis().await.unwrap());
    let store = open(&database, Some(redis.url()));
    let mut connection = PgConnection::connect(&database.url()).await.unwrap();
    make_org(&mut connection).await;
    rebuild(&store, Clock::Database, ORG).await.unwrap();
    let mut edition = edition(&store, ORG).await.unwrap();
    let redis = store.redis.as_ref().unwrap();
    redis.forget(edition.installation, ORG).await.unwrap();
    for (epoch, n, put) in [
        (1, 9, Put::Stored),
        (1, 10, Put::Stored),
        (1, 9, Put::Refused),
        (2, 1, Put::Stored),
        (1, 11, Put::Refused),
        (10, 1, Put::Stored),
        (9, 9, Put::Refused),
    ] {
        edition.version = Version { epoch, n };
        assert_eq!(redis.put(&edition, Base::NONE, &Model::STORED, Announce::No).await.unwrap(), put, "{epoch}-{n}");
    }
    store.close().await;
    database.close().await.unwrap();
}

/// A rebuild that changes nothing keeps every digest and sends no bytes again.
#[tokio::test]
async fn a_rebuild_that_changes_nothing_publishes_no_new_bytes() {
    let (database, redis) = (Database::create().await.unwrap(), servers::redis().await.unwrap());
    let store = open(&database, Some(redis.url()));
    let mut connection = PgConnection::connect(&database.url()).await.unwrap();
    make_org(&mut connection).await;
    let Outcome::Changed(first) = rebuild(&store, Clock::Database, ORG).await.unwrap() else {
        panic!("nothing changed")
    };
    let bytes = async || {
        let rows: Vec<(String, Vec<u8>, String)> =
            sqlx::query_as("select model, bytes, xmin::text from prewarm.blobs order by model")
                .fetch_all(store.sessions())
                .await
                .unwrap();
        rows
    };
    let before = bytes().await;
    let Outcome::Unchanged(second) = rebuild(&store, Clock::Database, ORG).await.unwrap() else { panic!("changed") };
    assert_eq!((second.version.epoch, second.version.n), (first.version.epoch, first.version.n + 1));
    assert_eq!(bytes().await, before, "rows of equal bytes are not written again");
    let Held::Edition(held) = in_redis(&store, ORG).await.unwrap() else { panic!("not in redis") };
    assert_eq!(held.version, second.version);
    assert_eq!(held.blob(Model::Leads).unwrap().version, first.version, "redis still has the bytes of the first");
    store.close().await;
    database.close().await.unwrap();
}
