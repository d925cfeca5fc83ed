//! A store on a private database, and helpers of all tests.

use materialize::{Outcome, rebuild};
use readmodel::{
    edition::Edition,
    ids::OrgId,
    model::{Format, Model},
    time::{Clock, Timestamp},
};
use store::{Config, Sessions, Store, blobs::Held, redis};
use testkit::{
    Database, history,
    oracle::{self, Micros, World},
    sqlx::{self, PgConnection},
};

/// Opens a store on a database.
pub(crate) fn open(database: &Database, redis_url: Option<String>) -> Store {
    open_in(database, redis_url, Format::CURRENT)
}

/// Opens a store of a release with another format.
pub(crate) fn open_in(database: &Database, redis_url: Option<String>, format: Format) -> Store {
    Store::open(&Config {
        database_url: database.url(),
        direct_url: None,
        redis: redis_url.map(redis::Config::of),
        connections: 8,
        sessions: Sessions::Working,
        application_name: "test",
        format,
    })
    .unwrap()
}

/// Rebuilds orgs that are owed at an instant until none is.
pub(crate) async fn settle(store: &Store, orgs: &[OrgId], at: Micros) {
    settle_by(store, orgs, async |org| rebuild(store, Clock::Pinned(Timestamp::from_micros(at)), org).await.unwrap())
        .await;
}

/// The same, by any way to rebuild one.
pub(crate) async fn settle_by(store: &Store, orgs: &[OrgId], rebuild: impl AsyncFn(OrgId) -> Outcome) {
    let ids: Vec<_> = orgs.iter().map(|org| org.0).collect();
    loop {
        let owed: Vec<uuid::Uuid> = sqlx::query_scalar(
            "select distinct org_id from prewarm.owed where org_id = any($1) and reason <> 'deadline'",
        )
        .bind(&ids)
        .fetch_all(store.sessions())
        .await
        .unwrap();
        if owed.is_empty() {
            return;
        }
        for org in owed {
            assert_ne!(rebuild(OrgId(org)).await, Outcome::Superseded, "no other process rebuilds");
        }
    }
}

/// The contents of Redis for an org in the present installation.
pub(crate) async fn in_redis(store: &Store, org: OrgId) -> Result<Held, store::Error> {
    let installation = store.installation().await.unwrap().unwrap();
    store.redis.as_ref().unwrap().edition(installation, org).await
}

/// The edition in Postgres.
pub(crate) async fn edition(store: &Store, org: OrgId) -> Option<Edition> {
    match store.edition(org).await.unwrap() {
        Held::Edition(edition) => Some(*edition),
        Held::Nothing => None,
        Held::Unusable(unusable) => panic!("{}", unusable.reason),
    }
}

/// The source rows of some orgs.
pub(crate) async fn world(connection: &mut PgConnection, orgs: &[OrgId]) -> World {
    history::read_world(connection, orgs).await.unwrap()
}

/// The body of a model by the oracle.
pub(crate) fn defined(world: &World, org: OrgId, model: Model, at: Micros) -> String {
    String::from_utf8(oracle::model(world, org, model, at)).unwrap()
}

/// The body of a model in an edition.
pub(crate) fn shown(edition: &Edition, model: Model) -> String {
    String::from_utf8(edition.identity(model).unwrap()).unwrap()
}
