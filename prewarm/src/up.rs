//! `prewarm up`: everything in one process, with its own servers if none are configured.

use std::path::Path;

use anyhow::{Context as _, ensure};
use embedded::{DataDir, Durability, Postgres, Redis};
use jobs::Maintenance;
use monitoring::logging;
use store::Source;
use tokio_util::sync::CancellationToken;
use vapi_standin::Standin;

use crate::{
    demo, process,
    process::{Parts, Process},
    seed,
    settings::Settings,
};

/// Runs until shutdown, then stops the servers that it started.
pub(crate) async fn run(mut settings: Settings, demo: bool) -> anyhow::Result<()> {
    logging::init(settings.get("PREWARM_LOG"));
    if demo {
        // It seeds the database and prints tokens for it.
        ensure!(
            settings.get("DATABASE_URL").is_none(),
            "DATABASE_URL is set, but `up --demo` seeds only a Postgres of its own: unset it, or run `prewarm up`"
        );
        demo::Secrets::read_or_make(&settings.data_dir)?.fill_in(&mut settings);
    }
    let shutdown = process::shutdown_on_signal()?;
    let standin = if demo { demo::stand_in_for_vapi(&mut settings).await? } else { None };
    // Locked before any port is bound: a second start on one directory must say so, not that a port is in use.
    let data_dir = match settings.get("DATABASE_URL") {
        Some(_) => None,
        None => Some(DataDir::open(Path::new(&settings.data_dir)).context("PREWARM_DATA_DIR")?),
    };
    // A Postgres of our own has no other tables than those that we make.
    let source = if data_dir.is_some() { Source::Standalone } else { Source::Untouched };
    let process = Process::bind(&settings, Parts::BOTH).await?;
    let servers = Servers::start(data_dir, &mut settings).await?;
    let ended = if demo {
        serve_demo(process, &settings, standin, shutdown).await
    } else {
        serve(process, &settings, source, shutdown).await
    };
    servers.stop().await?;
    ended
}

async fn serve(
    process: Process,
    settings: &Settings,
    source: Source,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    store::migrate(settings.reach_direct().await?, source).await.context("cannot migrate")?;
    process.run(settings, shutdown).await
}

async fn serve_demo(
    process: Process,
    settings: &Settings,
    standin: Option<Standin>,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    store::migrate(settings.reach_direct().await?, Source::Standalone).await.context("cannot migrate")?;
    let seeding =
        async { seed::run(&settings.store("prewarm-seed")?, &seed::DEMO_CONTACTS, seed::CALLS_PER_CONTACT).await };
    tokio::select! {
        seeded = seeding => seeded?,
        () = shutdown.cancelled() => return Ok(()),
    }
    if standin.is_some() {
        // The objects of an earlier demo's stand-in are gone; agents must find out now, not at the next call.
        settings.store("prewarm-seed")?.push_job(&Maintenance::VerifyAssistants.to_new()).await?;
    }
    let addr = process.http_addr().context("the api has no address")?;
    let stream = demo::Stream::to(addr, settings)?;
    demo::welcome(addr, settings, standin.as_ref())?;
    tokio::select! {
        ended = process.run(settings, shutdown) => ended,
        () = stream.run() => Ok(()),
    }
}

/// The servers that this process started.
struct Servers {
    postgres: Option<Postgres>,
    redis: Option<Redis>,
}

impl Servers {
    /// Starts the servers that are not configured: Postgres without `DATABASE_URL`, and Redis if `REDIS_URL` is unset
    /// too. Without a data directory there is nothing to start.
    async fn start(data_dir: Option<DataDir>, settings: &mut Settings) -> anyhow::Result<Self> {
        let Some(data_dir) = data_dir else { return Ok(Self { postgres: None, redis: None }) };
        let postgres = Postgres::start(&data_dir, Durability::Durable).await?;
        settings.set_default("DATABASE_URL", postgres.url("postgres"));
        let redis = match settings.get("REDIS_URL") {
            Some(_) => None,
            None => Some(Redis::start(&data_dir).await?),
        };
        if let Some(redis) = &redis {
            settings.set_default("REDIS_URL", redis.url());
        }
        Ok(Self { postgres: Some(postgres), redis })
    }

    async fn stop(self) -> anyhow::Result<()> {
        if let Some(redis) = self.redis {
            redis.stop().await?;
        }
        if let Some(postgres) = self.postgres {
            postgres.stop().await?;
        }
        Ok(())
    }
}
