//! Bodies that are too large, and blobs that one process cannot read.

use materialize::rebuild;
use readmodel::{ids::OrgId, model::Model, time::Clock};
use store::{Store, blobs::Held};
use testkit::{
    Database,
    sqlx::{self, AssertSqlSafe},
};
use uuid::Uuid;

use crate::harness::{edition, open};

const ORG: OrgId = OrgId(Uuid::from_u128(1));

async fn run(store: &Store, statement: &str) {
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(store.sessions()).await.unwrap();
}

async fn org_with_lead(store: &Store) {
    store.seed_organization(ORG, "an org", "UTC").await.unwrap();
    let insert = "insert into public.contacts (org_id, name, lead_status) values ('00000000-0000-0000-0000-000000000001', 'n', 'new')";
    run(store, insert).await;
    rebuild(store, Clock::Database, ORG).await.unwrap();
}

#[tokio::test]
async fn an_org_whose_body_is_too_large_keeps_its_last_edition() {
    let database = Database::create().await.unwrap();
    let store = open(&database, None);
    org_with_lead(&store).await;
    let good = edition(&store, ORG).await.unwrap();
    // Each text is short, but there are very many.
    run(
        &store,
        "update public.contacts set service_interests = array(select repeat('x', 500) || i from generate_series(1, 17000) i)",
    )
    .await;
    let refused = rebuild(&store, Clock::Database, ORG).await.unwrap_err();
    assert_eq!(refused.oversized(), Some(Model::Leads));
    let told = std::error::Error::source(&refused).unwrap().to_string();
    assert!(told.starts_with(&format!("the leads of org {ORG} has ")), "{told}");
    let kept = edition(&store, ORG).await.unwrap();
    assert_eq!((kept.version, kept.as_of), (good.version, good.as_of));
    let owed =
        sqlx::query_scalar::<_, i64>("select count(*) from prewarm.marks").fetch_one(store.sessions()).await.unwrap();
    assert!(owed > 0, "the org is no longer owed");
    // A smaller body is published as usual.
    run(&store, "update public.contacts set service_interests = '{one}'").await;
    rebuild(&store, Clock::Database, ORG).await.unwrap();
    assert!(edition(&store, ORG).await.unwrap().version > good.version);
    store.close().await;
    database.close().await.unwrap();
}

#[tokio::test]
async fn an_unreadable_blob_is_rebuilt_and_left_for_other_processes() {
    let database = Database::create().await.unwrap();
    let store = open(&database, None);
    org_with_lead(&store).await;
    let good = edition(&store, ORG).await.unwrap();
    run(&store, "update prewarm.blobs set bytes = substr(bytes, 1, 80) where model = 'leads'").await;
    let Held::Unusable(unusable) = store.edition(ORG).await.unwrap() else { panic!("usable") };
    store.distrust(ORG, &unusable).await.unwrap();
    store.distrust(ORG, &unusable).await.unwrap();
    let count = async |of: &str| {
        sqlx::query_scalar::<_, i64>(AssertSqlSafe(format!("select count(*) from {of}")))
            .fetch_one(store.sessions())
            .await
            .unwrap()
    };
    assert_eq!(count("prewarm.blobs").await, Model::STORED.len() as i64);
    assert_eq!(count("prewarm.owed where reason = 'marks'").await, 1);
    assert_eq!(count("prewarm.marks").await, 1);

    rebuild(&store, Clock::Database, ORG).await.unwrap();
    let again = edition(&store, ORG).await.unwrap();
    assert!(again.version > good.version);
    assert_eq!(again.digest(Model::Leads), good.digest(Model::Leads));
    store.close().await;
    database.close().await.unwrap();
}
