//! The freshness of small orgs beside a large one that has half of all traffic, or an import of a million rows. The peer is
//! the same load written to a table without triggers.

use std::{
    pin::pin,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use readmodel::ids::OrgId;
use sqlx::{Connection as _, PgConnection};
use tokio::time::{MissedTickBehavior, interval};

use super::Bench;
use crate::{
    announcements::Announcements,
    generator,
    latency::{Latencies, Percentiles},
    progress::say,
    table::{Goal, Line, Value},
};

/// Enough orgs that one has settled before its next turn.
const SMALL: usize = 20;
const SMALL_CONTACTS: u32 = 60;
const LARGE_CONTACTS: u32 = 2_000;
/// The pause between two measured changes.
const BETWEEN: Duration = Duration::from_millis(50);
/// The pause between two changes of the background traffic.
const TRAFFIC: Duration = Duration::from_millis(10);
const IMPORT_ROWS: usize = 1_000_000;
const IMPORT_CHUNK: usize = 500;
const IMPORT_TAKES: Duration = Duration::from_secs(300);
const LOOK: Duration = Duration::from_millis(100);
const CALL: &str = include_str!("../../queries/fairness/call.sql");
const UNWATCHED_CALL: &str = include_str!("../../queries/fairness/unwatched_call.sql");
const WATCHED: &str = "calls";
const UNWATCHED: &str = "unwatched_calls";

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<Vec<Line>> {
    say(format_args!("seeding {} orgs", 2 * SMALL + 1));
    let (mut measured, mut others) = (Vec::new(), Vec::new());
    for _ in 0..SMALL {
        measured.push(bench.stack.seed(SMALL_CONTACTS, 6).await?.id);
        others.push(bench.stack.seed(SMALL_CONTACTS, 6).await?.id);
    }
    let large = bench.stack.seed(LARGE_CONTACTS, 6).await?.id;
    sqlx::raw_sql(include_str!("../../queries/fairness/unwatched.sql")).execute(bench.stack.store.sessions()).await?;
    bench.stack.build().await?;
    bench.stack.start_worker().await?;
    let town = Town {
        postgres: bench.stack.database_url(),
        redis: redis::Client::open(bench.stack.redis.url())?,
        measured,
        others,
        large,
        run: bench.run * bench.rounds,
    };
    let lines = generator::run(|| town.measure()).await?;
    bench.stack.stop_worker().await?;
    Ok(lines)
}

/// The small orgs and the large one.
struct Town {
    postgres: String,
    redis: redis::Client,
    measured: Vec<OrgId>,
    others: Vec<OrgId>,
    large: OrgId,
    run: Duration,
}

impl Town {
    async fn measure(self) -> anyhow::Result<Vec<Line>> {
        let mut watch = Watch::open(&self).await?;
        let quiet = async {
            tokio::time::sleep(self.run).await;
            Ok(())
        };
        let alone = watch.beside(quiet).await?;
        let unwatched_traffic = watch.beside(self.traffic(UNWATCHED_CALL)).await?;
        let traffic = watch.beside(self.traffic(CALL)).await?;
        let unwatched_import = watch.beside(self.import(UNWATCHED)).await?;
        let import = watch
            .beside(async {
                self.import(WATCHED).await?;
                self.taken_up().await
            })
            .await?;
        let beside = |what: &str, ours, unwatched| {
            Line::new(format!("{what}: p50 / p99 / p99.9, ms"), Value::Percentiles(ours))
                .beside("the same rows, unwatched", Value::Percentiles(unwatched))
                .goal(Goal::RatioAtMost(1.2))
        };
        Ok(vec![
            Line::new("a small org's change to its version, alone: p50 / p99 / p99.9, ms", Value::Percentiles(alone)),
            beside("beside an org with half of 200 changes a second", traffic, unwatched_traffic),
            beside("beside an import of 1,000,000 rows", import, unwatched_import),
        ])
    }

    /// Traffic: changes of the large org by `of_large`, and as many of small ones, which are watched either way.
    async fn traffic(&self, of_large: &'static str) -> anyhow::Result<()> {
        let mut session = PgConnection::connect(&self.postgres).await?;
        let (started, mut pace) = (Instant::now(), interval(TRAFFIC));
        for other in self.others.iter().cycle() {
            pace.tick().await;
            sqlx::query(of_large).bind(self.large.0).execute(&mut session).await?;
            sqlx::query(CALL).bind(other.0).execute(&mut session).await?;
            if started.elapsed() >= self.run {
                break;
            }
        }
        Ok(())
    }

    /// Copies the rows into a table in one transaction.
    async fn import(&self, table: &'static str) -> anyhow::Result<()> {
        say(format_args!("copying {IMPORT_ROWS} rows into {table}"));
        let mut session = PgConnection::connect(&self.postgres).await?;
        let copy = format!("copy {table} (org_id, phone_number, duration_seconds, created_at) from stdin");
        let mut copy = session.copy_in_raw(&copy).await?;
        for first in (0..IMPORT_ROWS).step_by(IMPORT_CHUNK) {
            let rows = (first..first + IMPORT_CHUNK).map(|row| {
                let (phone, day, hour) = (1 + row % LARGE_CONTACTS as usize, 1 + row % 28, row / 28 % 24);
                format!("{}\t+1555{phone:07}\t{}\t2026-01-{day:02} {hour:02}:00Z\n", self.large, row % 300)
            });
            copy.send(rows.collect::<String>().into_bytes()).await?;
        }
        copy.finish().await?;
        Ok(())
    }

    /// Waits until the large org's blobs hold everything.
    async fn taken_up(&self) -> anyhow::Result<()> {
        let mut session = PgConnection::connect(&self.postgres).await?;
        let started = Instant::now();
        let taken_up = include_str!("../../queries/fairness/taken_up.sql");
        while !sqlx::query_scalar(taken_up).bind(self.large.0).fetch_one(&mut session).await? {
            anyhow::ensure!(started.elapsed() < IMPORT_TAKES, "the import is not taken up");
            tokio::time::sleep(LOOK).await;
        }
        say(format_args!("taken up after {:.1} s", started.elapsed().as_secs_f64()));
        Ok(())
    }
}

/// Changes small orgs in turn and receives their versions.
struct Watch {
    session: PgConnection,
    announced: Announcements,
    orgs: std::iter::Cycle<std::vec::IntoIter<OrgId>>,
}

impl Watch {
    async fn open(town: &Town) -> anyhow::Result<Self> {
        let session = PgConnection::connect(&town.postgres).await?;
        let announced = Announcements::open(&town.redis).await?;
        Ok(Self { session, announced, orgs: town.measured.clone().into_iter().cycle() })
    }

    /// Latencies from commit to version while a load runs.
    async fn beside(&mut self, load: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<Percentiles> {
        let mut latencies = Latencies::default();
        let mut pace = interval(BETWEEN);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut load = pin!(load);
        let mut over = false;
        while !over {
            let mut freshness = pin!(async {
                pace.tick().await;
                self.freshness().await
            });
            // The change in flight is completed after the load has ended.
            let latency = loop {
                tokio::select! {
                    latency = &mut freshness => break latency?,
                    ended = &mut load, if !over => {
                        ended?;
                        over = true;
                    }
                }
            };
            latencies.record(latency);
        }
        Ok(latencies.percentiles())
    }

    async fn freshness(&mut self) -> anyhow::Result<Duration> {
        let org = self.orgs.next().context("there is no org")?;
        self.announced.forget();
        sqlx::query(CALL).bind(org.0).execute(&mut self.session).await?;
        let committed = Instant::now();
        Ok(self.announced.of(org).await?.saturating_duration_since(committed))
    }
}
