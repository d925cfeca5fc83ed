//! The fleet's totals for operators.

use materialize::rebuild;
use readmodel::{ids::OrgId, time::Clock};
use testkit::{
    Database,
    sqlx::{self, AssertSqlSafe},
};
use uuid::Uuid;

use crate::harness::open;

/// The totals of each org and of all orgs, computed from the source.
const TOTALS: &str = "
    with of_orgs as (
      select o.id as org_id,
             (select count(*) from public.contacts c where c.org_id = o.id) as contacts,
             (select count(*) from public.view_actionable_leads l where l.org_id = o.id) as actionable_leads,
             k.*
        from public.organizations o
       cross join lateral (
         select count(*) as total_calls,
                count(*) filter (where call_direction = 'inbound') as inbound_calls,
                coalesce(sum(duration_seconds), 0) as talk_seconds,
                max(created_at) as last_call_at
           from public.calls
          where org_id = o.id
            and not is_test_call
       ) k
    )
    select * from of_orgs
    union all
    select null, sum(contacts), sum(actionable_leads), sum(total_calls), sum(inbound_calls), sum(talk_seconds), max(last_call_at)
      from of_orgs";

#[tokio::test]
async fn the_fleets_totals_equal_the_source_once_every_org_is_built() {
    let database = Database::create().await.unwrap();
    let store = open(&database, None);
    for (number, contacts) in [(1, 40), (2, 7), (3, 0)] {
        let org = OrgId(Uuid::from_u128(number));
        store.seed_organization(org, "an org", "UTC").await.unwrap();
        store.seed_contacts(org, 1, contacts, 5).await.unwrap();
        sqlx::query("update public.calls set is_test_call = true where org_id = $1 and sentiment_label = 'neutral'")
            .bind(org.0)
            .execute(store.sessions())
            .await
            .unwrap();
        rebuild(&store, Clock::Database, org).await.unwrap();
    }
    assert!(store.refresh_fleet_pulse().await.unwrap());
    let wrong = format!(
        "with source as ({TOTALS})
         select count(*)
           from ((table prewarm.fleet_pulse except all table source) union all
                 (table source except all table prewarm.fleet_pulse)) wrong"
    );
    let rows: i64 =
        sqlx::query_scalar("select count(*) from prewarm.fleet_pulse").fetch_one(store.sessions()).await.unwrap();
    let wrong: i64 = sqlx::query_scalar(AssertSqlSafe(wrong)).fetch_one(store.sessions()).await.unwrap();
    assert_eq!((rows, wrong), (4, 0));
    let calls = "select total_calls from prewarm.fleet_pulse where org_id is null";
    assert!(sqlx::query_scalar::<_, i64>(calls).fetch_one(store.sessions()).await.unwrap() > 100);
    store.close().await;
    database.close().await.unwrap();
}
