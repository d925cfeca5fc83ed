//! A run over every org, in the order of their ids. It may be killed at any instruction: how far it has come stands in
//! Postgres, and an org that is rebuilt twice is as right as one that is rebuilt once.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use readmodel::ids::OrgId;
use store::rebuild_runs::{Failure, Run};
use tokio::{sync::Semaphore, task::JoinSet};
use uuid::Uuid;

use super::{
    one::{Builder, Ended},
    progress::Progress,
};

/// Orgs that are begun or wait for somebody else's lease. One that waits keeps no other from being rebuilt.
const WINDOW: usize = 64;
/// Orgs that are read at a time.
const CHUNK: u32 = 500;
/// What a kill may cost at most is done anew.
const RECORD_EVERY: Duration = Duration::from_millis(250);

const GO_ON: &str = "`prewarm rebuild --all` goes on from here";

pub(super) async fn run(builder: Builder, concurrency: usize, restart: bool) -> anyhow::Result<()> {
    let store = &builder.store;
    let turn = store.take_rebuild_turn().await?;
    ensure!(turn.is_some(), "another `prewarm rebuild --all` is running");
    if restart {
        store.abandon_rebuild_run().await?;
    }
    let run = store.open_rebuild_run().await?;
    let progress = Progress::start(&run)?;
    let mut rebuilding = Rebuilding::new(builder, concurrency, run, progress);
    let ended = rebuilding.work().await;
    rebuilding.progress.finish();
    rebuilding.close(ended).await
}

/// A run at work.
struct Rebuilding {
    builder: Builder,
    /// Of the orgs that are begun so many run at once.
    room: Arc<Semaphore>,
    run: Run,
    progress: Progress,
    tasks: JoinSet<(OrgId, Ended)>,
    begun: BTreeSet<OrgId>,
    /// Read and not begun.
    waiting: VecDeque<OrgId>,
    /// Every org below has been read.
    read_to: Option<OrgId>,
}

impl Rebuilding {
    fn new(builder: Builder, concurrency: usize, run: Run, progress: Progress) -> Self {
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

    /// Until every org is done, or none can be. What has begun ends before this does.
    async fn work(&mut self) -> anyhow::Result<()> {
        let mut ended = Ok(());
        let mut record = tokio::time::interval(RECORD_EVERY);
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

    /// Fills the window.
    async fn begin(&mut self) -> anyhow::Result<()> {
        while self.tasks.len() < WINDOW {
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
        let orgs = self.builder.store.orgs_from(from, CHUNK).await?;
        self.read_to = orgs.last().and_then(after);
        self.waiting.extend(orgs);
        Ok(())
    }

    /// Takes in how an org ended. One that was not rebuilt for no fault of its own stays to be done.
    async fn note(&mut self, org: OrgId, ended: Ended) -> anyhow::Result<()> {
        match ended {
            Ended::Stopped => return Ok(()),
            Ended::Unreachable(error) => return Err(error),
            Ended::Failed(reason) => {
                self.builder.store.record_rebuild_failure(&self.run, &Failure { org, reason }).await?;
            }
            Ended::Rebuilt(_) => {}
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

    /// Says how it went.
    async fn close(self, ended: anyhow::Result<()>) -> anyhow::Result<()> {
        let Run { rebuilt, total, .. } = self.run;
        if let Err(error) = ended {
            // Of no use where the database is away; a little is done anew then.
            let _ = self.record().await;
            return Err(error).with_context(|| format!("stopped after {rebuilt} of {total} orgs; {GO_ON}"));
        }
        if !self.begun.is_empty() || !self.waiting.is_empty() || self.builder.shutdown.is_cancelled() {
            self.record().await?;
            bail!("stopped after {rebuilt} of {total} orgs; {GO_ON}");
        }
        self.builder.store.finish_rebuild_run(&self.run).await?;
        let failures = self.builder.store.rebuild_failures(&self.run).await?;
        self.progress.report(rebuilt, &failures);
        ensure!(failures.is_empty(), "{} of {rebuilt} orgs could not be rebuilt", failures.len());
        Ok(())
    }
}

/// The least id that is greater, if there is one.
fn after(org: &OrgId) -> Option<OrgId> {
    org.0.as_u128().checked_add(1).map(|next| OrgId(Uuid::from_u128(next)))
}
