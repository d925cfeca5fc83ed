//! A run over every org, in the order of their ids. It may be killed at any instruction: its progress is in Postgres,
//! and rebuilding an org twice does no harm.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use readmodel::ids::OrgId;
use store::rebuild_runs::{RebuildFailure, RebuildRun};
use tokio::{sync::Semaphore, task::JoinSet};
use uuid::Uuid;

use super::{
    one::{Builder, RebuildEnd},
    progress::RunProgress,
};

/// Orgs in work, including those that wait for another process's lease and so do not hold up the others.
const MAX_IN_WORK: usize = 64;
/// Orgs read at a time.
const ORGS_PER_READ: u32 = 500;
/// Interval of recording the progress: a kill repeats at most this much work.
const RECORD_INTERVAL: Duration = Duration::from_millis(250);

const RESUME_ADVICE: &str = "run `prewarm rebuild --all` again to resume";

pub(super) async fn run(builder: Builder, concurrency: usize, restart: bool) -> anyhow::Result<()> {
    let store = &builder.store;
    let lock = store.lock_rebuild_runs().await?;
    ensure!(lock.is_some(), "another `prewarm rebuild --all` is running; wait for it or stop it");
    if restart {
        store.abandon_rebuild_run().await?;
    }
    let run = store.open_rebuild_run().await?;
    let progress = RunProgress::start(&run)?;
    let mut rebuilding = Rebuilding::new(builder, concurrency, run, progress);
    let ended = rebuilding.work().await;
    rebuilding.progress.finish();
    rebuilding.close(ended).await
}

/// A run and the orgs in work.
struct Rebuilding {
    builder: Builder,
    /// Limits the rebuilds that run at once.
    room: Arc<Semaphore>,
    run: RebuildRun,
    progress: RunProgress,
    tasks: JoinSet<(OrgId, RebuildEnd)>,
    begun: BTreeSet<OrgId>,
    /// Orgs that are read but not begun.
    waiting: VecDeque<OrgId>,
    /// The next org to read; every org below has been read.
    read_to: Option<OrgId>,
}

impl Rebuilding {
    fn new(builder: Builder, concurrency: usize, run: RebuildRun, progress: RunProgress) -> Self {
        Self {
            builder,
            room: Arc::new(Semaphore::new(concurrency)),
            run,
            progress,
            tasks: JoinSet::new(),
            begun: BTreeSet::new(),
            waiting: VecDeque::new(),
            read_to: Some(run.next),
        }
    }

    /// Works until every org is done, or none can be. Rebuilds that have begun are awaited.
    async fn work(&mut self) -> anyhow::Result<()> {
        let mut ended = Ok(());
        let mut record = tokio::time::interval(RECORD_INTERVAL);
        loop {
            if ended.is_ok() && !self.builder.shutdown.is_cancelled() {
                ended = self.begin().await;
            }
            let noted = tokio::select! {
                task = self.tasks.join_next() => match task {
                    Some(task) => {
                        let (org, result) = task.context("a rebuild panicked")?;
                        self.note(org, result).await
                    }
                    None => return ended,
                },
                _ = record.tick() => self.record().await,
            };
            if noted.is_err() {
                self.builder.shutdown.cancel();
            }
            ended = ended.and(noted);
        }
    }

    /// Begins rebuilds until the window is full.
    async fn begin(&mut self) -> anyhow::Result<()> {
        while self.tasks.len() < MAX_IN_WORK {
            if self.waiting.is_empty() {
                self.read().await?;
            }
            let Some(org) = self.waiting.pop_front() else { return Ok(()) };
            self.begun.insert(org);
            let (builder, room) = (self.builder.clone(), Arc::clone(&self.room));
            self.tasks.spawn(async move { (org, builder.rebuild(org, &room).await) });
        }
        Ok(())
    }

    async fn read(&mut self) -> anyhow::Result<()> {
        let Some(from) = self.read_to else { return Ok(()) };
        let orgs = self.builder.store.orgs_from(from, ORGS_PER_READ).await?;
        self.read_to = orgs.last().and_then(after);
        self.waiting.extend(orgs);
        Ok(())
    }

    /// Records the result of an org. One that was stopped, or failed for another reason than its own, remains to be
    /// done.
    async fn note(&mut self, org: OrgId, ended: RebuildEnd) -> anyhow::Result<()> {
        match ended {
            RebuildEnd::Stopped => return Ok(()),
            RebuildEnd::Unreachable(error) => return Err(error),
            RebuildEnd::Failed(reason) => {
                self.builder.store.record_rebuild_failure(&self.run, &RebuildFailure { org, reason }).await?;
            }
            RebuildEnd::Rebuilt(_) => {}
        }
        self.begun.remove(&org);
        self.run.rebuilt += 1;
        let next = self.begun.first().or(self.waiting.front()).copied().or(self.read_to);
        self.run.next = next.unwrap_or(self.run.next);
        self.progress.at(self.run.rebuilt);
        Ok(())
    }

    async fn record(&self) -> anyhow::Result<()> {
        Ok(self.builder.store.record_rebuild_run(&self.run).await?)
    }

    /// Ends the run and reports its result.
    async fn close(self, ended: anyhow::Result<()>) -> anyhow::Result<()> {
        let RebuildRun { rebuilt, total, .. } = self.run;
        if let Err(error) = ended {
            // Fails if the database is down; then a little work is repeated.
            let _ = self.record().await;
            return Err(error).with_context(|| format!("stopped after {rebuilt} of {total} orgs; {RESUME_ADVICE}"));
        }
        if !self.begun.is_empty() || !self.waiting.is_empty() || self.builder.shutdown.is_cancelled() {
            self.record().await?;
            bail!("stopped after {rebuilt} of {total} orgs; {RESUME_ADVICE}");
        }
        self.builder.store.finish_rebuild_run(&self.run).await?;
        let failures = self.builder.store.rebuild_failures(&self.run).await?;
        self.progress.report(rebuilt, &failures);
        ensure!(failures.is_empty(), "{} of {rebuilt} orgs could not be rebuilt", failures.len());
        Ok(())
    }
}

/// The next greater id, if there is one.
fn after(org: &OrgId) -> Option<OrgId> {
    org.0.as_u128().checked_add(1).map(|next| OrgId(Uuid::from_u128(next)))
}
