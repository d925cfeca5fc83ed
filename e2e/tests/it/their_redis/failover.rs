//! Sentinels replace a server that died, while versions are published.

use std::time::Duration;

use e2e::{Org, Stack, eventually, poll};
use testkit::busy::in_time;

use super::{
    add_lead, installation, key,
    node::Node,
    observers::{Seen, keep_changing, keep_reading, read_once},
    sentinels::Sentinels,
    stack_on, told,
};

/// After a failover, versions are published to the new server and heard from it within this time.
const FOLLOWED: Duration = in_time(Duration::from_secs(5));
const ORGS: usize = 4;

/// Whether a server that takes writes has the newest version of all orgs, and both nodes of the api listen to it.
async fn is_well(stack: &Stack, sentinels: &Sentinels, server: usize, orgs: &[Org]) -> Option<()> {
    let server = &sentinels.servers[server];
    let installation = installation(stack).await;
    server.try_ask::<String>("INFO replication").await?.contains("role:master").then_some(())?;
    for org in orgs {
        let newest = stack.count(&format!("select n from prewarm.versions where org_id = '{}'", org.id)).await;
        let held = server.try_ask::<i64>(&format!("HGET {} n", key(&installation, org))).await?;
        (held == newest).then_some(())?;
    }
    let (_, listening): (String, i64) =
        server.try_ask(&format!("PUBSUB NUMSUB prewarm:{installation}:versions")).await?;
    (listening == 2).then_some(())
}

async fn fail_over(stack: &Stack, sentinels: &mut Sentinels, orgs: &[Org]) {
    let n = async |sentinels: &Sentinels| {
        let key = key(&installation(stack).await, &orgs[0]);
        sentinels.servers[1].try_ask::<i64>(&format!("HGET {key} n")).await
    };
    eventually("the replica has the org", async || n(sentinels).await).await;
    sentinels.servers[0].kill_9();
    // A sentinel that makes a replica a master cuts its clients off.
    eventually("the replica takes over", async || {
        let info: String = sentinels.servers[1].try_ask("INFO replication").await?;
        info.contains("role:master").then_some(())
    })
    .await;
    let before = eventually("the new server answers", async || n(sentinels).await).await;
    let followed = poll(FOLLOWED, async || n(sentinels).await.filter(|n| *n > before)).await;
    assert!(followed.is_some(), "nothing is published to the new server within {FOLLOWED:?}");
    // The old one comes back as a replica. The sentinels need a while to tell it.
    sentinels.servers[0].restart().await;
    eventually("the old server becomes a replica", async || {
        let info: String = sentinels.servers[0].try_ask("INFO replication").await?;
        info.contains("role:slave").then_some(())
    })
    .await;
}

#[tokio::test]
async fn no_reader_notices_that_sentinels_replace_a_server() {
    let mut sentinels = Sentinels::start().await;
    let stack = stack_on(sentinels.url()).await;
    let mut other = stack.another_api().await;
    let mut orgs = Vec::new();
    for _ in 0..ORGS {
        let org = stack.org().await;
        add_lead(&stack, &org).await;
        orgs.push(org);
    }
    stack.settled().await;
    eventually("the first server is used", async || is_well(&stack, &sentinels, 0, &orgs).await).await;
    let (seen, api) = (Seen::default(), [&stack.api, &other]);
    tokio::select! {
        () = keep_changing(&stack, &orgs) => {}
        () = keep_reading(&stack, &api, &orgs, &seen) => {}
        () = fail_over(&stack, &mut sentinels, &orgs) => {}
    }
    stack.settled().await;
    let well = poll(FOLLOWED, async || is_well(&stack, &sentinels, 1, &orgs).await).await;
    assert!(well.is_some(), "the new server is not used within {FOLLOWED:?}");
    for org in &orgs {
        seen.check(0, org, &stack.follows(org).await);
    }
    let mut cold = stack.another_api().await;
    for org in &orgs {
        assert_eq!(read_once(&stack, &cold, org).await.header("prewarm-source"), Some("redis"));
    }
    told(&stack, &cold, "ok", "").await;
    cold.stop().await;
    other.stop().await;
    stack.close().await;
}

#[tokio::test]
async fn a_service_that_no_sentinel_knows_is_named() {
    let sentinel = Node::start_sentinel("").await;
    let stack = stack_on(format!("redis+sentinel://{},127.0.0.1:1/another", sentinel.address())).await;
    told(&stack, &stack.api, "degraded", "the sentinels know no server named another").await;
    stack.close().await;
}
