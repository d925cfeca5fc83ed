//! Failing jobs are retried after pauses and finally become dead letters.

use std::time::Duration;

use jobs::JobError;
use store::queue::Job;

use crate::harness::{Db, Nope, Probe, Running, quick};

/// Checks that a job that always fails is tried three times, with growing pauses, and becomes a dead letter.
async fn ends_as_a_dead_letter(probe: Probe, error: &str) {
    let db = Db::create().await;
    let running = Running::start(quick(), &db.pg, &probe);
    db.push("job", 3).await;
    db.until("select count(*) from prewarm.dead_letters where attempts = 3", 1).await;

    let starts = probe.starts();
    let ended: Vec<_> = starts.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(starts.len(), 3);
    // Half a second and a second, minus a quarter of jitter.
    assert!(ended[0] >= Duration::from_millis(375), "{ended:?}");
    assert!(ended[1] >= Duration::from_millis(750), "{ended:?}");
    let letters = db.store().dead_letters(10).await.unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].job, Job::Maintenance("job".to_owned()));
    assert!(letters[0].error.as_deref().unwrap().contains(error), "{letters:?}");
    running.stop().await;
    db.close().await;
}

#[tokio::test]
async fn a_failing_job_is_retried_and_becomes_a_dead_letter() {
    ends_as_a_dead_letter(Probe::new(async |_| Err(JobError::retry(Nope))), "nope").await;
}

#[tokio::test]
async fn a_job_that_times_out_is_retried_and_becomes_a_dead_letter() {
    ends_as_a_dead_letter(Probe::new(async |_| std::future::pending().await), "timed out").await;
}

#[tokio::test]
async fn a_panicking_job_becomes_a_dead_letter_without_its_message() {
    let probe = Probe::new(async |_| panic!("a name and a phone number"));
    ends_as_a_dead_letter(probe, "the job panicked").await;
}

#[tokio::test]
async fn a_permanent_failure_is_a_dead_letter_at_once() {
    let db = Db::create().await;
    let probe = Probe::new(async |_| Err(JobError::fail(Nope)));
    let running = Running::start(quick(), &db.pg, &probe);
    db.push("job", 3).await;
    db.until("select count(*) from prewarm.dead_letters where attempts = 1", 1).await;
    running.stop().await;
    db.close().await;
}

#[tokio::test]
async fn a_job_that_timed_out_stops_running() {
    let db = Db::create().await;
    let held = std::sync::Arc::new(());
    let inside = held.clone();
    let probe = Probe::new(move |_| {
        let inside = inside.clone();
        async move {
            let _inside = inside;
            std::future::pending().await
        }
    });
    let running = Running::start(quick(), &db.pg, &probe);
    db.push("job", 1).await;
    db.until("select count(*) from prewarm.dead_letters", 1).await;
    // The references of the test and of the probe.
    assert_eq!(std::sync::Arc::strong_count(&held), 2);
    running.stop().await;
    db.close().await;
}

#[tokio::test]
async fn other_jobs_continue_beside_failing_ones() {
    let db = Db::create().await;
    let probe = Probe::new(async |job: Job| match job.kind().split(' ').next() {
        Some("panic") => panic!("on purpose"),
        Some("hang") => std::future::pending().await,
        _ => Ok(()),
    });
    let running = Running::start(quick(), &db.pg, &probe);
    for n in 0..30 {
        let kind = ["panic", "hang", "well"][n % 3];
        db.push(&format!("{kind} {n}"), 1).await;
    }
    db.until("select count(*) from prewarm.jobs where state = 'done'", 10).await;
    db.until("select count(*) from prewarm.dead_letters", 20).await;
    running.stop().await;
    db.close().await;
}
