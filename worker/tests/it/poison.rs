//! Jobs of a kind that no worker of this release knows become dead letters, and neither they nor unstorable error texts
//! block anything.

use std::time::Duration;

use jobs::{Context, JobError, Memo};
use monitoring::health::Health;
use readmodel::time::Clock;
use tokio_util::sync::CancellationToken;
use worker::{DEFAULT_EVENT_RETENTION, run_handler};

use crate::harness::{Db, Nope, Probe, Running, quick, store_of};

#[tokio::test]
async fn a_job_of_an_unknown_kind_is_a_dead_letter_and_the_next_one_runs() {
    let db = Db::create().await;
    assert!(db.push("of tomorrow", 2).await && db.push("prune", 3).await);
    let context = Context {
        store: store_of(&db.pg),
        memo: Memo::new(0, Duration::ZERO),
        clock: Clock::Database,
        assistants: None,
        event_retention: DEFAULT_EVENT_RETENTION,
    };
    let shutdown = CancellationToken::new();
    let run = run_handler(quick(), store_of(&db.pg), &[], Health::default(), shutdown.clone(), context);
    let run = tokio::spawn(run);

    db.until("select count(*) from prewarm.jobs where kind = 'prune' and state = 'done'", 1).await;
    db.until("select count(*) from prewarm.dead_letters", 1).await;
    let letter = db.store().dead_letters(10).await.unwrap().remove(0);
    // A newer worker might know the kind.
    assert_eq!((letter.job.kind(), letter.attempts), ("of tomorrow", 2));
    assert_eq!(letter.error.as_deref(), Some("unknown kind of job"));

    shutdown.cancel();
    run.await.unwrap().unwrap();
    db.close().await;
}

#[derive(Debug, thiserror::Error)]
#[error("a \0 that Postgres' text cannot hold")]
struct Nul;

#[tokio::test]
async fn an_error_text_that_postgres_cannot_hold_is_still_recorded() {
    let db = Db::create().await;
    let probe = Probe::new(async |_| Err(JobError::fail(Nul)));
    let running = Running::start(quick(), &db.pg, &probe);
    db.push("job", 1).await;
    db.until("select count(*) from prewarm.dead_letters", 1).await;
    running.stop().await;
    db.close().await;
}

#[tokio::test]
async fn a_second_job_of_a_subject_waits_once() {
    const DEAD: &str = "select count(*) from prewarm.dead_letters";
    let db = Db::create().await;
    assert!(db.push("job", 2).await);
    assert!(!db.push("job", 2).await);
    let probe = Probe::new(async |_| Err(JobError::retry(Nope)));
    let running = Running::start(quick(), &db.pg, &probe);
    probe.until_started(1).await;
    db.until("select count(*) from prewarm.jobs where state = 'waiting' and attempts = 1 and error is not null", 1)
        .await;
    // The job waits for its second attempt, which covers the newer one.
    assert!(!db.push("job", 2).await);
    db.until(DEAD, 1).await;
    let first = db.store().dead_letters(9).await.unwrap().remove(0);
    assert!(db.push("job", 1).await);
    probe.until_started(3).await;
    // Only the newest dead letter of a subject is kept.
    db.until(&format!("{DEAD} where id > {}", first.id), 1).await;
    assert_eq!(db.count(DEAD).await, 1);
    db.until("select count(*) from prewarm.jobs", 0).await;
    running.stop().await;
    db.close().await;
}

#[tokio::test]
async fn a_failed_or_lost_job_is_replaced_by_the_one_that_waits() {
    let db = Db::create().await;
    let gate = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    let inside = gate.clone();
    let probe = Probe::new(move |_| {
        let gate = inside.clone();
        async move {
            // The first one fails once it is let go, and the second one does well.
            if gate.is_closed() {
                return Ok(());
            }
            let _ = gate.acquire().await;
            Err(JobError::retry(Nope))
        }
    });
    db.push("job", 5).await;
    let mut config = quick();
    config.maintenance.concurrency = 1;
    config.maintenance.timeout = Duration::from_secs(60);
    let running = Running::start(config, &db.pg, &probe);
    probe.until_started(1).await;
    assert!(db.push("job", 7).await);
    gate.close();
    db.until("select count(*) from prewarm.jobs where state = 'done' and max_attempts = 7", 1).await;
    assert_eq!(db.count("select count(*) from prewarm.jobs").await, 1, "the one that failed waits again");
    assert_eq!(probe.starts().len(), 2);
    running.stop().await;
    db.close().await;
}
