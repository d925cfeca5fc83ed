//! Unreadable jobs become dead letters and block nothing.

use std::{collections::BTreeMap, time::Duration};

use jobs::{Context, JobError};
use monitoring::health::Health;
use readmodel::time::Clock;
use tokio_util::sync::CancellationToken;
use worker::{DEFAULT_EVENT_RETENTION, run_handler};

use crate::harness::{Db, Nope, Probe, Running, quick, store_of};

#[tokio::test]
async fn an_unreadable_job_is_a_dead_letter_and_the_next_one_runs() {
    let db = Db::create().await;
    // The ids are not ULIDs, unlike apalis's own.
    db.run(
        r#"insert into apalis.jobs (id, job_type, job, max_attempts, idempotency_key) values
             ('no ULID', 'maintenance', '\xff00fe', 3, null),
             ('1', 'maintenance', '', 3, null),
             ('2', 'maintenance', '"prune"', 3, null),
             ('3', 'maintenance', '{"kind": 7}', 3, null),
             ('4', 'rebuild', '{"kind": "rebuild", "org_id": "nobody"}', 3, 'rebuild:nobody'),
             ('5', 'rebuild', '{"kind": "rebuild"}', 3, 'nobody at all'),
             ('6', 'maintenance', '{"kind": "of tomorrow"}', 2, null),
             ('well', 'maintenance', '{"kind": "prune"}', 3, null)"#,
    )
    .await;
    let context = Context {
        store: store_of(&db.pg),
        clock: Clock::Database,
        assistants: None,
        event_retention: DEFAULT_EVENT_RETENTION,
    };
    let shutdown = CancellationToken::new();
    let run = run_handler(quick(), store_of(&db.pg), &[], Health::default(), shutdown.clone(), context);
    let run = tokio::spawn(run);

    db.until("select count(*) from apalis.jobs where id = 'well' and status = 'Done'", 1).await;
    db.until("select count(*) from apalis.jobs where status = 'Killed'", 7).await;
    let letters = db.store().dead_letters(10).await.unwrap();
    let ends: BTreeMap<_, _> = letters.iter().map(|letter| (letter.id.as_str(), letter)).collect();
    for id in ["no ULID", "1", "2", "3", "4", "5"] {
        assert_eq!((ends[id].attempts, ends[id].error.as_deref()), (1, Some("malformed job")), "{id}");
    }
    // A newer worker might know the kind.
    assert_eq!((ends["6"].attempts, ends["6"].error.as_deref()), (2, Some("unknown kind of job")));

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
    db.push("subject", "job", 1).await;
    db.until("select count(*) from apalis.jobs where status = 'Killed'", 1).await;
    running.stop().await;
    db.close().await;
}

#[tokio::test]
async fn a_second_job_of_a_subject_waits_once() {
    let db = Db::create().await;
    assert!(db.push("subject", "first", 2).await);
    assert!(!db.push("subject", "second", 2).await);
    let probe = Probe::new(async |_| Err(JobError::retry(Nope)));
    let running = Running::start(quick(), &db.pg, &probe);
    probe.until_started(1).await;
    db.until("select count(*) from apalis.jobs where status = 'Failed'", 1).await;
    // The job waits for its second attempt, which covers the newer one.
    assert!(!db.push("subject", "third", 2).await);
    db.until("select count(*) from apalis.jobs where status = 'Killed'", 1).await;
    assert!(db.push("subject", "fourth", 1).await);
    probe.until_started(3).await;
    assert_eq!(probe.starts_of("second") + probe.starts_of("third"), 0);
    // Only the newest dead letter of a subject is kept.
    db.until("select count(*) from apalis.jobs where status = 'Killed' and job = 'fourth'", 1).await;
    db.until("select count(*) from apalis.jobs", 1).await;
    running.stop().await;
    db.close().await;
}

#[tokio::test]
async fn a_failed_or_lost_job_is_replaced_by_the_one_that_waits() {
    let db = Db::create().await;
    let probe = Probe::new(async |args: Vec<u8>| match args.as_slice() {
        b"fails" => {
            tokio::time::sleep(Duration::from_millis(100)).await;
            Err(JobError::retry(Nope))
        }
        _ => Ok(()),
    });
    db.push("subject", "fails", 5).await;
    let mut config = quick();
    config.maintenance.concurrency = 1;
    let running = Running::start(config, &db.pg, &probe);
    probe.until_started(1).await;
    assert!(db.push("subject", "next", 5).await);
    db.until("select count(*) from apalis.jobs where status = 'Done' and job = 'next'", 1).await;
    assert_eq!(
        db.count("select count(*) from apalis.jobs where status = 'Failed' and attempts = max_attempts").await,
        1
    );
    assert_eq!(probe.starts_of("fails"), 1);
    running.stop().await;
    db.close().await;
}
