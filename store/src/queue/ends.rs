//! Ends of work, recorded where it was claimed. Work that counts as lost meanwhile stays as it is.

use uuid::Uuid;

use crate::{
    Error, Store,
    queue::{Claimed, End, Job, JobId, Verdict},
};

/// Work that has ended.
#[derive(Clone, Debug)]
pub struct Ended {
    id: JobId,
    job: Job,
    worker: String,
    starts: i32,
    verdict: Verdict,
}

impl Ended {
    /// The end of what a worker had claimed. `chance` is between 0 and 1, and decides the pause before another attempt.
    pub fn new(claimed: Claimed, worker: &str, end: End, chance: f64) -> Self {
        let Claimed { id, job, attempts, .. } = claimed;
        Self { id, job, worker: worker.to_owned(), starts: attempts.starts, verdict: attempts.judge(end, chance) }
    }

    /// The id of what was claimed.
    pub const fn id(&self) -> JobId {
        self.id
    }
}

/// Ends as parallel arrays.
struct Columns<'a> {
    ids: Vec<i64>,
    workers: Vec<String>,
    errors: Vec<Option<&'a str>>,
    pauses: Vec<f64>,
    are_dead: Vec<bool>,
}

impl<'a> Columns<'a> {
    fn of(ended: &[&'a Ended]) -> Self {
        let verdicts = || ended.iter().map(|ended| &ended.verdict);
        Self {
            ids: ended.iter().map(|ended| ended.id.0).collect(),
            workers: ended.iter().map(|ended| ended.worker.clone()).collect(),
            errors: verdicts().map(Verdict::error).collect(),
            pauses: verdicts().map(|verdict| verdict.pause().as_secs_f64()).collect(),
            are_dead: verdicts().map(|verdict| matches!(verdict, Verdict::Dead { .. })).collect(),
        }
    }
}

impl Store {
    /// Records how work ended, with one statement for each sort of work among it.
    pub async fn finish(&self, ended: &[Ended]) -> Result<(), Error> {
        let (mut rebuilds, mut agents, mut test_calls, mut jobs) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        // In one order, because several workers may end the same lost work.
        let mut in_order: Vec<&Ended> = ended.iter().collect();
        in_order.sort_by_key(|ended| ended.id);
        for ended in in_order {
            match ended.job {
                Job::Rebuild(_) => rebuilds.push(ended),
                Job::SyncAssistant(_) => agents.push(ended),
                Job::TestCall(_) => test_calls.push(ended),
                Job::Maintenance(_) => jobs.push(ended),
            }
        }
        self.finish_rebuilds(&rebuilds).await?;
        self.finish_agents(&agents).await?;
        self.finish_test_calls(&test_calls).await?;
        self.finish_jobs(&jobs).await
    }

    async fn finish_rebuilds(&self, ended: &[&Ended]) -> Result<(), Error> {
        if ended.is_empty() {
            return Ok(());
        }
        let Columns { ids, workers, errors, pauses, are_dead } = Columns::of(ended);
        let errors = &errors as &[Option<&str>];
        sqlx::query_file!("queries/queue/finish_rebuilds.sql", &ids, &workers, errors as _, &pauses, &are_dead)
            .fetch_all(&self.queue)
            .await?;
        Ok(())
    }

    async fn finish_agents(&self, ended: &[&Ended]) -> Result<(), Error> {
        if ended.is_empty() {
            return Ok(());
        }
        let Columns { ids, workers, errors, pauses, are_dead } = Columns::of(ended);
        let errors = &errors as &[Option<&str>];
        let agents: Vec<Uuid> = ended.iter().filter_map(|ended| ended.job.subject()).collect();
        let starts: Vec<i32> = ended.iter().map(|ended| ended.starts).collect();
        sqlx::query_file!(
            "queries/queue/finish_agents.sql",
            &ids,
            &workers,
            &agents,
            &starts,
            errors as _,
            &pauses,
            &are_dead
        )
        .fetch_all(&self.queue)
        .await?;
        Ok(())
    }

    async fn finish_test_calls(&self, ended: &[&Ended]) -> Result<(), Error> {
        if ended.is_empty() {
            return Ok(());
        }
        let Columns { ids, workers, errors, pauses, are_dead } = Columns::of(ended);
        let errors = &errors as &[Option<&str>];
        sqlx::query_file!("queries/queue/finish_test_calls.sql", &ids, &workers, errors as _, &pauses, &are_dead)
            .fetch_all(&self.queue)
            .await?;
        Ok(())
    }

    async fn finish_jobs(&self, ended: &[&Ended]) -> Result<(), Error> {
        if ended.is_empty() {
            return Ok(());
        }
        let Columns { ids, workers, errors, pauses, are_dead } = Columns::of(ended);
        let errors = &errors as &[Option<&str>];
        sqlx::query_file!("queries/queue/finish_jobs.sql", &ids, &workers, errors as _, &pauses, &are_dead)
            .fetch_all(&self.queue)
            .await?;
        Ok(())
    }
}
