//! Two releases on one database during an upgrade; the later one makes another format.

use ::redis::{AsyncCommands, Client};
use materialize::rebuild;
use readmodel::{
    ids::OrgId,
    model::{Format, Model},
    time::Clock,
    version::Version,
};
use store::{Store, blobs::Held, versions::Head};
use testkit::{
    Database, servers,
    sqlx::{self, AssertSqlSafe},
};
use uuid::Uuid;

use crate::harness::{in_redis, open, open_in};

const ORG: OrgId = OrgId(Uuid::from_u128(1));
const LATER: Format = Format(Format::CURRENT.0 + 1);

async fn run(store: &Store, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(store.sessions()).await.unwrap();
}

async fn change_and_rebuild(by: &Store) -> Version {
    run(by, &format!("insert into public.calls (org_id) values ('{}')", ORG.0)).await;
    rebuild(by, Clock::Database, ORG).await.unwrap();
    by.newest_versions(&[ORG]).await.unwrap().versions[0].1
}

/// The version and dashboard that a release shows. Postgres and Redis must agree on them.
async fn shown(release: &Store) -> Option<(Version, Vec<u8>)> {
    let (postgres, redis) = (release.edition(ORG).await.unwrap(), in_redis(release, ORG).await.unwrap());
    let (Held::Edition(postgres), Held::Edition(redis)) = (&postgres, &redis) else {
        assert!(matches!((&postgres, &redis), (Held::Nothing, Held::Nothing)), "{postgres:?} {redis:?}");
        assert_eq!(release.head(ORG).await.unwrap(), Head::NotBuilt);
        return None;
    };
    assert_eq!(release.head(ORG).await.unwrap(), Head::At(postgres.version));
    assert_eq!(postgres.version, redis.version);
    for (one, other) in postgres.blobs().iter().zip(redis.blobs()) {
        assert_eq!(one.digest, other.digest, "{}", one.model);
    }
    Some((postgres.version, postgres.identity(Model::Dashboard).unwrap()))
}

#[tokio::test]
async fn each_release_reads_its_own_blobs_and_those_of_a_later_one() {
    let (database, redis) = (Database::create().await.unwrap(), servers::redis().await.unwrap());
    let earlier = open(&database, Some(redis.url()));
    let later = open_in(&database, Some(redis.url()), LATER);
    run(&earlier, &format!("insert into public.organizations (id, name) values ('{}', 'one')", ORG.0)).await;

    // An upgrade, and a rollback.
    for _ in 0..2 {
        let version = change_and_rebuild(&earlier).await;
        assert_eq!(shown(&earlier).await.unwrap().0, version);
        assert_eq!(shown(&later).await, None);
        for _ in 0..2 {
            let version = change_and_rebuild(&later).await;
            assert_eq!(shown(&later).await.unwrap().0, version);
            assert_eq!(shown(&earlier).await, shown(&later).await);
        }
    }
    for store in [earlier, later] {
        store.close().await;
    }
    database.close().await.unwrap();
}

/// A model that only the later release makes stays in Redis while the earlier one rebuilds.
#[tokio::test]
async fn a_blob_that_an_earlier_release_left_alone_in_redis_is_replaced() {
    let (database, redis) = (Database::create().await.unwrap(), servers::redis().await.unwrap());
    let (earlier, later) = (open(&database, Some(redis.url())), open_in(&database, Some(redis.url()), LATER));
    let without_redis = open_in(&database, None, LATER);
    run(&earlier, &format!("insert into public.organizations (id, name) values ('{}', 'one')", ORG.0)).await;
    change_and_rebuild(&later).await;
    let installation = later.installation().await.unwrap().unwrap();
    let Held::Edition(old) = in_redis(&later, ORG).await.unwrap() else { panic!("nothing in Redis") };

    run(&later, &format!("insert into public.contacts (org_id, lead_status) values ('{}', 'new')", ORG.0)).await;
    change_and_rebuild(&without_redis).await;
    change_and_rebuild(&earlier).await;
    let (key, leads) =
        (format!("prewarm:{installation}:{{{ORG}}}"), old.blob(Model::Leads).unwrap().encode(installation));
    let mut connection = Client::open(redis.url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let added: i64 = connection.hset(key, Model::Leads.name(), leads).await.unwrap();
    assert_eq!(added, 0, "it was there");

    change_and_rebuild(&later).await;
    assert!(shown(&later).await.is_some());
    for store in [earlier, later, without_redis] {
        store.close().await;
    }
    database.close().await.unwrap();
}
