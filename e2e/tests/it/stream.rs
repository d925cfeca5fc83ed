//! The stream of versions: its events, its completeness, and its end.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use e2e::{Answer, Events, Next, Org, PANELS, Stack, report, token_for};
use reqwest::StatusCode;

const QUIET: Duration = Duration::from_millis(500);

#[tokio::test]
async fn every_version_is_announced_with_the_etags_of_its_panels() {
    let stack = Stack::start().await;
    let org = stack.org().await;
    stack.settled().await;
    let before = stack.follows(&org).await;
    let mut events = Events::open(stack.stream(&stack.api, &org)).await;
    let first = events.next().await;
    assert_eq!(first.version(), before.version());
    assert_eq!(first.data["as_of"], before.header("prewarm-as-of").unwrap());

    assert_eq!(stack.post(&report(&org, "call-1", "+15550100001")).await.status, StatusCode::OK);
    let second = events.next().await;
    assert!(second.version() > first.version());
    for panel in PANELS {
        let model = panel.model.name();
        let answer = stack.read(&org, panel.path).await;
        if answer.version() == second.version() {
            assert_eq!(second.data["models"][model], answer.etag(), "{model}");
        }
        assert_eq!(first.data["models"][model] == second.data["models"][model], model == "calls_outbound", "{model}");
    }

    // A client that has the last version gets no event until the next one.
    stack.settled().await;
    let last = stack.follows(&org).await.version();
    let resumed = stack.stream(&stack.api, &org).header("last-event-id", last.to_string());
    let mut resumed = Events::open(resumed).await;
    assert_eq!(resumed.within(QUIET).await, Next::Silence);
    stack.post(&report(&org, "call-2", "+15550100002")).await;
    assert!(resumed.next().await.version() > last);
    let mut late = Events::open(stack.stream(&stack.api, &org).header("last-event-id", "1-1")).await;
    assert!(late.next().await.version() > last);

    let metrics = stack.metrics(&stack.api).await;
    assert_eq!(metrics.sum("prewarm_stream_clients", &[]), 3.0);
    drop((events, resumed, late));
    stack.close().await;
}

#[tokio::test]
async fn no_version_is_lost_between_the_snapshot_and_the_feed() {
    const STREAMS: usize = 40;
    let stack = Arc::new(Stack::start().await);
    let other = Arc::new(stack.another_api().await);
    let org = stack.org().await;
    stack.follows(&org).await;
    // Streams are opened at random times between changes, on both nodes, and each gets the last change.
    let streams: Vec<_> = (0..STREAMS)
        .map(|i| {
            let (stack, other, org) = (stack.clone(), other.clone(), org.clone());
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(37 * i as u64)).await;
                let node = if i % 2 == 0 { &stack.api } else { &*other };
                let mut events = Events::open(stack.stream(node, &org)).await;
                let mut versions = vec![events.next().await.version()];
                while let Next::Event(event) = events.within(Duration::from_secs(6)).await {
                    versions.push(event.version());
                }
                versions
            })
        })
        .collect();
    for i in 0..60 {
        stack.sql(&format!("insert into calls (org_id, phone_number) values ('{}', '{i}')", org.id)).await;
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    stack.settled().await;
    let newest = stack.follows(&org).await.version();
    for stream in streams {
        let versions = stream.await.unwrap();
        assert!(versions.is_sorted_by(|a, b| a < b), "{versions:?}");
        assert_eq!(versions.last(), Some(&newest));
    }
    let (mut stack, mut other) = (Arc::into_inner(stack).unwrap(), Arc::into_inner(other).unwrap());
    other.stop().await;
    stack.redis.kill().await.unwrap();

    // Without Redis, Postgres is the feed.
    let mut events = Events::open(stack.stream(&stack.api, &org)).await;
    events.next().await;
    stack.sql(&format!("insert into calls (org_id) values ('{}')", org.id)).await;
    assert!(events.next().await.version() > newest);
    stack.close().await;
}

#[tokio::test]
async fn a_stream_ends_with_its_token_its_org_or_its_server() {
    let mut stack = Stack::start().await;
    let (org, gone, unknown) = (stack.org().await, stack.org().await, Org::unknown());
    stack.follows(&org).await;
    stack.follows(&gone).await;

    let refused = Answer::to(stack.client.get(stack.api.http("/api/analytics/stream"))).await.unwrap();
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);

    let minted_at = Instant::now();
    let short = Org { id: org.id, token: token_for(org.id, Duration::from_secs(3)) };
    let mut expiring = Events::open(stack.stream(&stack.api, &short)).await;
    expiring.next().await;
    assert!(expiring.ends_within(Duration::from_secs(20)).await);
    // Tokens count in whole seconds.
    assert!(minted_at.elapsed() > Duration::from_secs(1), "it ended after {:?}", minted_at.elapsed());

    let mut orphaned = Events::open(stack.stream(&stack.api, &gone)).await;
    orphaned.next().await;
    stack.sql(&format!("delete from organizations where id = '{}'", gone.id)).await;
    assert!(orphaned.ends_within(Duration::from_secs(20)).await);

    // A stream of an unknown org starts with the empty models, and later announces the first version.
    let mut early = Events::open(stack.stream(&stack.api, &unknown)).await;
    assert_eq!(early.next().await.id.as_deref(), Some("0-0"));
    stack.sql(&format!("insert into organizations (id, name) values ('{}', 'late')", unknown.id)).await;
    assert_eq!(early.next().await.version().n, 1);

    let mut open = Vec::new();
    for _ in 0..20 {
        let mut events = Events::open(stack.stream(&stack.api, &org)).await;
        events.next().await;
        open.push(events);
    }
    stack.api.stop().await;
    let mut returns = BTreeSet::new();
    for mut events in open {
        assert!(events.ends_within(Duration::from_secs(1)).await);
        returns.insert(events.retry_ms.unwrap());
    }
    assert!(returns.len() > 10 && *returns.last().unwrap() < 5_000, "they come back spread: {returns:?}");
    stack.api.restart();
    stack.api.ready(&stack.client).await;
    stack.close().await;
}
