//! Warm sessions: the order of their use, and the fate of those that are not returned.

use std::time::Duration;

use readmodel::{ids::OrgId, time::Clock};
use store::{Error, sessions::WarmSessions, snapshot::Extent};
use testkit::{
    Database,
    sqlx::{self, PgConnection, postgres::PgPoolOptions},
};
use uuid::Uuid;

use crate::harness::open;

async fn pid(session: &mut PgConnection) -> i32 {
    sqlx::query_scalar("select pg_backend_pid()").fetch_one(session).await.unwrap()
}

#[tokio::test]
async fn the_most_recently_used_session_is_handed_out_first() {
    let database = Database::create().await.unwrap();
    let store = open(&database, None);
    let (mut one, mut other) =
        (store.warm_sessions().take().await.unwrap(), store.warm_sessions().take().await.unwrap());
    let (first, last) = (pid(&mut one).await, pid(&mut other).await);
    one.give_back();
    other.give_back();
    for _ in 0..3 {
        let mut session = store.warm_sessions().take().await.unwrap();
        assert_eq!(pid(&mut session).await, last);
        session.give_back();
    }
    let (mut one, mut other) =
        (store.warm_sessions().take().await.unwrap(), store.warm_sessions().take().await.unwrap());
    assert_eq!((pid(&mut one).await, pid(&mut other).await), (last, first));
    store.close().await;
    database.close().await.unwrap();
}

/// A future dropped inside a transaction must not pass its locks to the next user of the session.
#[tokio::test]
async fn a_session_that_was_not_returned_is_not_reused() {
    let database = Database::create().await.unwrap();
    let store = open(&database, None);
    let mut dropped = store.warm_sessions().take().await.unwrap();
    let gone = pid(&mut dropped).await;
    sqlx::raw_sql("begin; insert into public.organizations (name) values ('unfinished')")
        .execute(&mut *dropped)
        .await
        .unwrap();
    drop(dropped);
    let mut next = store.warm_sessions().take().await.unwrap();
    assert_ne!(pid(&mut next).await, gone);
    let orgs: i64 =
        sqlx::query_scalar("select count(*) from public.organizations").fetch_one(&mut *next).await.unwrap();
    assert_eq!(orgs, 0);
    next.give_back();
    store.close().await;
    database.close().await.unwrap();
}

/// A request may be cancelled at any await, including that of its BEGIN.
#[tokio::test]
async fn transactions_dropped_at_any_point_leave_no_snapshot_open() {
    let database = Database::create().await.unwrap();
    let store = open(&database, None);
    let org = OrgId(Uuid::new_v4());
    let insert = "insert into public.organizations (name) values ('another')";
    for n in 0..200 {
        let rebuild = store.snapshot(org, Clock::Database, Extent::Touched);
        let dropped = tokio::time::timeout(Duration::from_micros(n * 25), rebuild).await;
        drop(dropped);
        sqlx::raw_sql(insert).execute(store.sessions()).await.unwrap();
        let count = "select count(*) from public.organizations";
        for sessions in [store.sessions(), store.warm_sessions()] {
            let seen: i64 = sqlx::query_scalar(count).fetch_one(sessions).await.unwrap();
            assert_eq!(seen, i64::try_from(n).unwrap() + 1);
        }
    }
    store.close().await;
    database.close().await.unwrap();
}

#[tokio::test]
async fn an_unanswered_statement_times_out_and_another_session_serves() {
    let database = Database::create().await.unwrap();
    let pool = PgPoolOptions::new().max_connections(1).connect_lazy(&database.url()).unwrap();
    let sessions = WarmSessions::from(pool);
    let pid = async || sqlx::query_scalar::<_, i32>("select pg_backend_pid()").fetch_one(&sessions).await.unwrap();
    let first = pid().await;
    assert_eq!(pid().await, first);
    let late = sqlx::query("select pg_sleep(60)").execute(&sessions).await.unwrap_err();
    assert!(matches!(Error::from(late), Error::TimedOut));
    assert_ne!(pid().await, first);
    // An error also closes the session, because its state is unknown.
    let second = pid().await;
    sqlx::query("select 1 / 0").execute(&sessions).await.unwrap_err();
    assert_ne!(pid().await, second);
    database.close().await.unwrap();
}
