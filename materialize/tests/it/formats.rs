//! Blobs of two formats side by side during an upgrade.

use materialize::rebuild;
use readmodel::{blob::Format, ids::OrgId, model::Model, time::Clock, version::Version};
use store::{Store, blobs::Held, nodes::Node, versions::Head};
use testkit::{
    Database, servers,
    sqlx::{self, AssertSqlSafe},
};
use uuid::Uuid;

use crate::harness::{in_redis, open, open_in};

const ORG: OrgId = OrgId(Uuid::from_u128(1));
const NEWER: Format = Format(Format::CURRENT.0 + 1);

async fn change_and_rebuild(by: &Store) -> Version {
    let change = format!("insert into public.calls (org_id) values ('{}')", ORG.0);
    sqlx::query(AssertSqlSafe(change)).execute(by.sessions()).await.unwrap();
    rebuild(by, Clock::Database, ORG).await.unwrap();
    by.newest_versions(&[ORG]).await.unwrap().versions[0].1
}

/// The edition of a node, if Postgres and Redis agree on it.
async fn shown(node: &Store) -> Option<(Version, Vec<u8>)> {
    let (postgres, redis) = (node.edition(ORG).await.unwrap(), in_redis(node, ORG).await.unwrap());
    let (Held::Edition(postgres), Held::Edition(redis)) = (postgres, redis) else {
        assert!(matches!(node.head(ORG).await.unwrap(), Head::NotBuilt));
        return None;
    };
    assert_eq!(node.head(ORG).await.unwrap(), Head::At(postgres.version));
    assert_eq!(postgres.version, redis.version);
    for (one, other) in postgres.blobs().iter().zip(redis.blobs()) {
        assert_eq!((one.format, one.digest), (node.format, other.digest), "{}", one.model);
    }
    Some((postgres.version, postgres.blob(Model::Dashboard).unpack().unwrap()))
}

#[tokio::test]
async fn a_version_has_a_blob_in_every_format_that_is_read() {
    let (database, redis) = (Database::create().await.unwrap(), servers::redis().await.unwrap());
    let older = open(&database, Some(redis.url()));
    let newer = open_in(&database, Some(redis.url()), NEWER);
    let insert = format!("insert into public.organizations (id, name) values ('{}', 'one')", ORG.0);
    sqlx::query(AssertSqlSafe(insert)).execute(older.sessions()).await.unwrap();

    // Before the upgrade: one release, whose blobs another format cannot read.
    let reader = Node { name: "reader".to_owned(), works: false };
    older.record_node(&reader).await.unwrap();
    let version = change_and_rebuild(&older).await;
    assert_eq!(shown(&older).await.unwrap().0, version);
    assert!(newer.edition(ORG).await.is_ok_and(|held| matches!(held, Held::Nothing)));
    assert_eq!(newer.head(ORG).await.unwrap(), Head::NotBuilt);

    // Side by side: the newer release writes both formats at one version, with the same data.
    for _ in 0..2 {
        let version = change_and_rebuild(&newer).await;
        assert_eq!(shown(&newer).await.unwrap().0, version);
        assert_eq!(shown(&older).await, shown(&newer).await);
    }

    // After the upgrade: the older format has no readers, and leftover blobs of it are ignored.
    older.remove_node(&reader).await.unwrap();
    let version = change_and_rebuild(&newer).await;
    assert_eq!(shown(&newer).await.unwrap().0, version);
    assert!(matches!(older.edition(ORG).await.unwrap(), Held::Nothing));
    assert_eq!(older.head(ORG).await.unwrap(), Head::NotBuilt);

    // After a rollback.
    let version = change_and_rebuild(&older).await;
    assert_eq!(shown(&older).await.unwrap().0, version);
    assert!(matches!(newer.edition(ORG).await.unwrap(), Held::Nothing));
    for store in [older, newer] {
        store.close().await;
    }
    database.close().await.unwrap();
}
