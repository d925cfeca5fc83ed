//! The first start on an existing database.

use std::time::Duration;

use e2e::{Org, Stack, poll};
use readmodel::ids::OrgId;
use uuid::Uuid;

const ORGS: i64 = 600;
/// The time limit of six hundred rebuilds on a busy machine.
const ALL: Duration = Duration::from_secs(120);
/// The orgs that may be built between a change and its version. A change that waited for the backfill would see more.
const IN_BETWEEN: i64 = 200;
const CHANGES: usize = 3;

/// The state after migrating an existing database: orgs without marks, and a walk that has not started. That triggers were off
/// is not to be noticed.
const BEFORE_PREWARM: &str = "
    alter table organizations disable trigger user;
    alter table calls disable trigger user;
    insert into organizations (id, name) select gen_random_uuid(), 'org' from generate_series(1, 600);
    insert into calls (org_id, phone_number) select id, '+1' from organizations where name = 'org';
    call prewarm.put_triggers();
    call prewarm.note_tables();
    update prewarm.backfill set next_org = '00000000-0000-0000-0000-000000000000'";

async fn unbuilt(stack: &Stack) -> i64 {
    let without = "select count(*) from organizations o where not exists
                     (select from prewarm.blobs b where b.org_id = o.id and b.model = 'leads')";
    stack.count(without).await
}

/// Changes an org, waits until it is not owed, and returns how many others were built meanwhile.
async fn built_before(stack: &Stack, org: OrgId) -> i64 {
    let changed = format!(
        "with changed as (insert into calls (org_id) values ('{org}') returning id)
         select (extract(epoch from statement_timestamp()) * 1000000)::bigint from changed"
    );
    let changed_at = stack.count(&changed).await;
    let owed = format!("select count(*) from prewarm.marks where org_id = '{org}'");
    poll(ALL, async || (stack.count(&owed).await == 0).then_some(())).await.unwrap();
    stack
        .count(&format!(
            "select count(*) from prewarm.versions other, prewarm.versions own
              where own.org_id = '{org}' and other.org_id <> own.org_id and other.as_of < own.as_of
                and other.as_of > timestamptz 'epoch' + {changed_at} * interval '1 microsecond'"
        ))
        .await
}

#[tokio::test]
async fn existing_orgs_are_built_without_delaying_changes() {
    let mut stack = Stack::start().await;
    let live = Org::of(OrgId(Uuid::from_u128(u128::MAX)));
    stack.sql(&format!("insert into organizations (id, name) values ('{}', 'live')", live.id)).await;
    stack.follows(&live).await;
    // A lease that outlives its worker would delay the org.
    stack.settled().await;
    stack.worker.stop().await;
    stack.sql(BEFORE_PREWARM).await;
    assert_eq!((unbuilt(&stack).await, stack.count("select count(*) from prewarm.marks").await), (ORGS, 0));

    stack.worker.restart();
    poll(ALL, async || (unbuilt(&stack).await < ORGS).then_some(())).await.unwrap();
    for _ in 0..CHANGES {
        let between = built_before(&stack, live.id).await;
        assert!(between < IN_BETWEEN, "{between} orgs were built before a change");
    }
    poll(ALL, async || (unbuilt(&stack).await == 0).then_some(())).await.unwrap();
    stack.follows(&live).await;
    stack.close().await;
}
