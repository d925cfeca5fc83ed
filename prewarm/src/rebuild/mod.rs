//! `prewarm rebuild`: recomputes read models from the source, beside running workers and readers.

mod all;
pub(crate) mod one;
mod progress;

use anyhow::{Context as _, bail};
use clap::Args;
use materialize::Outcome;
use readmodel::{ids::OrgId, model::Model};
use store::{Sessions, Store, reach, roles::Duty};
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::settings::Settings;
use one::{Builder, RebuildEnd};

const APPLICATION: &str = "prewarm-rebuild";

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    orgs: Orgs,
    /// Orgs to rebuild at once; each keeps a core of Postgres busy
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=16))]
    concurrency: u16,
    /// Start a new run, although the last one has not finished
    #[arg(long, conflicts_with = "org")]
    restart: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Orgs {
    /// Org to rebuild; may be given several times
    #[arg(long, value_name = "UUID")]
    org: Vec<Uuid>,
    /// Rebuild every org, or resume the run that was stopped
    #[arg(long)]
    all: bool,
}

impl Arguments {
    pub(crate) async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        // Losing a lease or a position repeats a little work.
        let store = settings.open_store(APPLICATION, Sessions::Working, Duty::Worker).await?;
        if let Some(redis) = settings.redis()?
            && let Err(error) = reach::redis(&redis).await
        {
            progress::print_line(&format!("prewarm: {error}; the api's nodes read rebuilt blobs from Postgres"));
        }
        let shutdown = crate::process::shutdown_on_signal()?;
        let builder = Builder::new(store, shutdown);
        match self.orgs.all {
            true => {
                settings.reach_direct().await?;
                all::run(builder, usize::from(self.concurrency), self.restart).await
            }
            false => some(&builder, &self.orgs.org).await,
        }
    }
}

/// Rebuilds orgs one after the other, in the given order.
async fn some(builder: &Builder, orgs: &[Uuid]) -> anyhow::Result<()> {
    let room = Semaphore::new(1);
    for org in orgs.iter().copied().map(OrgId) {
        ensure_known(&builder.store, org).await?;
        tell_drift(&builder.store, org).await;
        let (ended, took) = progress::timed(builder.rebuild(org, &room)).await;
        match ended {
            RebuildEnd::Rebuilt(outcome) => show(org, &outcome, took),
            RebuildEnd::Failed(reason) => bail!("org {org}: {reason}"),
            RebuildEnd::Unreachable(error) => return Err(error).with_context(|| format!("org {org}")),
            RebuildEnd::Stopped => bail!("stopped before org {org}"),
        }
    }
    Ok(())
}

/// Says what the rebuild mends. A comparison that fails is left out, because the rebuild says why.
#[expect(clippy::print_stdout, reason = "the command's output")]
async fn tell_drift(store: &Store, org: OrgId) {
    let drifted = store.drift_of(org).await.ok().flatten().unwrap_or_default();
    if !drifted.is_empty() {
        println!("{org}  differed from the source: {}", drifted.join(", "));
    }
}

async fn ensure_known(store: &Store, org: OrgId) -> anyhow::Result<()> {
    match store.head(org).await? {
        store::versions::Head::Unknown => bail!("there is no org {org}"),
        _ => Ok(()),
    }
}

#[expect(clippy::print_stdout, reason = "the command's output")]
fn show(org: OrgId, outcome: &Outcome, took: std::time::Duration) {
    match outcome {
        Outcome::Changed(published) | Outcome::Unchanged(published) => {
            let names: Vec<_> = published.changed.iter().copied().map(Model::name).collect();
            let changed = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
            println!("{org}  version {}  changed: {changed}  {} ms", published.version, took.as_millis());
        }
        Outcome::Gone | Outcome::Superseded => println!("{org}  gone  {} ms", took.as_millis()),
    }
}
