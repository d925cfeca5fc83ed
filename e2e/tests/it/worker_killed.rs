//! The worker is killed at random times.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use e2e::{Answer, Org, Stack};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use readmodel::version::Version;
use testkit::{
    history::{self, Case, Keys, Op},
    sqlx::{Connection, PgConnection},
};

const KILLS: usize = 10;
const OPS_BETWEEN_KILLS: usize = 12;
/// The lease of a killed rebuild ends after 20 s; the rest is slack for a busy machine.
const LEASE: Duration = Duration::from_secs(45);

/// A random history of three orgs without deletions, since a recreated org starts from its first version.
fn history(as_of: i64, case: Case) -> Vec<Op> {
    let drawn =
        history::ops(as_of, KILLS * OPS_BETWEEN_KILLS * 2).new_tree(&mut TestRunner::default()).unwrap().current();
    let deletes_orgs = |op: &Op| matches!(op, Op::Delete(Keys::Organizations(_)));
    let kept: Vec<Op> = drawn.into_iter().filter(|op| !deletes_orgs(op)).collect();
    history::settle(&kept, case)
}

/// Reads continuously until stopped, and fails if a version goes back. Returns the number of versions.
pub(crate) async fn watch(client: reqwest::Client, url: String, org: Org, stop: Arc<AtomicBool>) -> usize {
    let (mut newest, mut seen) = (Version::NONE, 0);
    while !stop.load(Ordering::Relaxed) {
        let answer = Answer::to(client.get(&url).bearer_auth(&org.token)).await.unwrap();
        assert_eq!(answer.status, 200);
        let version = answer.version();
        assert!(version >= newest, "{version} after {newest}");
        seen += usize::from(version > newest);
        newest = version;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    seen
}

#[tokio::test]
async fn killed_workers_delay_work_and_lose_none() {
    let mut stack = Stack::start().await;
    let case = Case::fresh();
    let orgs: Vec<Org> = case.organizations().into_iter().map(Org::of).collect();
    let ops = history(stack.now().await.as_micros(), case);
    assert!(ops.len() > KILLS * OPS_BETWEEN_KILLS);
    let stop = Arc::new(AtomicBool::new(false));
    let watchers: Vec<_> = orgs
        .iter()
        .map(|org| {
            let url = stack.api.http("/api/analytics/dashboard");
            tokio::spawn(watch(stack.client.clone(), url, org.clone(), stop.clone()))
        })
        .collect();

    let mut writer = PgConnection::connect(&stack.environment["DATABASE_URL"]).await.unwrap();
    for ops in ops.chunks(ops.len().div_ceil(KILLS)) {
        for op in ops {
            op.execute(&mut writer).await.unwrap();
            // Some changes share a rebuild, others do not.
            tokio::time::sleep(Duration::from_millis(rand::random_range(0..30))).await;
        }
        stack.worker.kill_9();
        stack.worker.restart();
    }
    stack.worker.ready(&stack.client).await;
    for org in &orgs {
        stack.follows_within(LEASE, org).await;
    }
    stop.store(true, Ordering::Relaxed);
    for watcher in watchers {
        assert!(watcher.await.unwrap() > 1, "the watcher saw versions come");
    }
    stack.close().await;
}
