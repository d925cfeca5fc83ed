//! A release with another blob format takes over while the previous one still serves.

use std::time::Duration;

use e2e::{Environment, Events, Next, Process, Stack, eventually};
use readmodel::blob::Format;

const LEADS: &str = "/api/analytics/leads";
const QUIET: Duration = Duration::from_secs(2);

/// Starts a process of a release with the next format.
async fn newer(stack: &Stack, part: &'static str) -> Process {
    let mut environment: Environment = stack.environment.clone();
    environment.insert("PREWARM_BLOB_FORMAT", (Format::CURRENT.0 + 1).to_string());
    let process = Process::start(&[part], &environment);
    process.ready(&stack.client).await;
    process
}

#[tokio::test]
async fn two_releases_serve_side_by_side_without_rebuilding_each_others_blobs() {
    let stack = Stack::start().await;
    let org = stack.org().await;
    stack.follows(&org).await;
    let before = stack.read(&org, LEADS).await;

    // The api of the newer release starts first. No other process writes its blobs, so it builds them and leaves the older ones.
    let mut api = newer(&stack, "api").await;
    let built = stack.read_from(&api, &org, LEADS).await;
    assert_eq!((built.status, built.etag()), (before.status, before.etag()));
    stack.settled().await;
    let versions = "select n from prewarm.versions";
    let mut here = Events::open(stack.stream(&stack.api, &org)).await;
    let mut there = Events::open(stack.stream(&api, &org)).await;
    let (shown_here, shown_there) = (here.next().await.version(), there.next().await.version());
    assert_eq!(shown_here, shown_there);

    // The newer worker starts, and the older one stands by.
    let mut worker = newer(&stack, "worker").await;
    eventually("the newer worker is known", async || {
        let known = "select count(*) from prewarm.live_nodes where works and format > 1";
        (stack.count(known).await == 1).then_some(())
    })
    .await;
    tokio::time::sleep(QUIET).await;
    let (calm, jobs) = (stack.count(versions).await, "select count(*) from prewarm.jobs where kind = 'rebuild'");
    let had = stack.count(jobs).await;
    assert_eq!(here.within(QUIET).await, Next::Silence);
    assert_eq!((stack.count(versions).await, stack.count(jobs).await), (calm, had), "rebuilds without a change");
    for _ in 0..3 {
        stack.sql(&format!("insert into calls (org_id) values ('{}')", org.id)).await;
        let announced = here.next().await.version();
        assert_eq!(there.next().await.version(), announced);
        let (one, other) = (stack.follows(&org).await, stack.read_from(&api, &org, LEADS).await);
        assert_eq!(other.version(), one.version());
        assert_eq!(other.etag(), stack.read(&org, LEADS).await.etag());
    }
    let by_newer = "select count(*) from prewarm.versions where oldest = 1 and format = 2";
    assert_eq!(stack.count(by_newer).await, 1);

    // The newer worker fails, and the older one resumes. The newer api cannot read its blobs, and builds its own.
    worker.kill_9();
    stack.sql(&format!("insert into calls (org_id) values ('{}')", org.id)).await;
    stack.follows_within(Duration::from_secs(40), &org).await;
    let (one, other) = (stack.read(&org, LEADS).await, stack.read_from(&api, &org, LEADS).await);
    assert_eq!(other.etag(), one.etag());
    drop((here, there));
    api.stop().await;
    stack.close().await;
}
