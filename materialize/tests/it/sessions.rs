//! Warm sessions: which one is handed out, and what one that is not given back leaves behind.

use sqlx::PgConnection;
use testkit::Database;

use crate::harness::open;

async fn pid(session: &mut PgConnection) -> i32 {
    sqlx::query_scalar("select pg_backend_pid()").fetch_one(session).await.unwrap()
}

#[tokio::test]
async fn the_session_that_was_used_last_is_handed_out_first() {
    let database = Database::create().await.unwrap();
    let store = open(&database, None);
    let (mut one, mut other) = (store.warm.take().await.unwrap(), store.warm.take().await.unwrap());
    let (first, last) = (pid(&mut one).await, pid(&mut other).await);
    one.give_back();
    other.give_back();
    for _ in 0..3 {
        let mut session = store.warm.take().await.unwrap();
        assert_eq!(pid(&mut session).await, last);
        session.give_back();
    }
    let (mut one, mut other) = (store.warm.take().await.unwrap(), store.warm.take().await.unwrap());
    assert_eq!((pid(&mut one).await, pid(&mut other).await), (last, first));
    store.pg.close().await;
    database.close().await.unwrap();
}

/// A future that is dropped in a transaction must not hand its locks to whoever comes next.
#[tokio::test]
async fn a_session_that_is_not_given_back_is_not_handed_out_again() {
    let database = Database::create().await.unwrap();
    let store = open(&database, None);
    let mut dropped = store.warm.take().await.unwrap();
    let gone = pid(&mut dropped).await;
    sqlx::raw_sql("begin; insert into public.organizations (name) values ('unfinished')")
        .execute(&mut *dropped)
        .await
        .unwrap();
    drop(dropped);
    let mut next = store.warm.take().await.unwrap();
    assert_ne!(pid(&mut next).await, gone);
    let orgs: i64 =
        sqlx::query_scalar("select count(*) from public.organizations").fetch_one(&mut *next).await.unwrap();
    assert_eq!(orgs, 0);
    next.give_back();
    store.pg.close().await;
    database.close().await.unwrap();
}
