//! The cost of one call event in orgs of different sizes, beside other ways to keep the same numbers up to date.
//!
//! An event is one row inserted into `calls`. The next one follows as soon as the work of the last is done, as with the
//! peers, so that each event has its own rebuild and the processor's caches are warm. In a second variant it follows after a
//! pause, so that they are cold; the idle load, measured just before and after, is then subtracted.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use readmodel::ids::OrgId;
use sqlx::{AssertSqlSafe, PgConnection};

use super::Bench;
use crate::{
    announcements::Announcements,
    call::Reporter,
    cpu::Cpu,
    generator,
    http::Connection,
    latency::median,
    peers::Ivm,
    progress::say,
    stack::{Org, Stack, phone},
    table::{Goal, Line, Value},
};

const CONTACTS: [u32; 4] = [500, 5_000, 20_000, 100_000];
/// Removes the gap between rebuilds, so that consecutive events do not wait for it.
const NO_GAP: &str = include_str!("../../queries/no_gap.sql");
/// Longer than the time from the announcement of a version to the close of its lease. An event in between would share a rebuild.
const ENDS: Duration = Duration::from_millis(2);
/// The pause after which an event finds cold caches.
const BETWEEN: Duration = Duration::from_millis(120);
const WARM_UP: u32 = 8;
/// Events before the first measurement: a worker has twenty sessions, and each plans its statements once.
const FIRST_WARM_UP: u32 = 100;
/// How long a peer's events last in one round. There is at least one.
const PEER_TIME: Duration = Duration::from_secs(3);

const CALL: &str = include_str!("../../queries/call.sql");
const RING: &str = include_str!("../../queries/ring.sql");
const FLOOR: &str = include_str!("../../peers/floor.sql");
const REFRESH: &str = include_str!("../../peers/refresh.sql");
const VIEW: &str = include_str!("../../peers/node/view.sql");

/// An org under measurement.
struct Subject {
    contacts: u32,
    org: Org,
    ivm: Ivm,
    ours: Vec<Cost>,
    rested: Vec<Cost>,
    by_webhook: Vec<Cost>,
    idle: Vec<Cost>,
    refresh: Vec<f64>,
    view: Vec<f64>,
    immv: Vec<f64>,
    floor: Vec<f64>,
    rebuilds: Vec<f64>,
    /// The number of the next event. Consecutive events have different contacts.
    next: Cell<u32>,
}

/// Milliseconds of processor time, per event or per second.
#[derive(Clone, Copy)]
struct Cost {
    postgres: f64,
    worker: f64,
    nodes: f64,
}

impl Cost {
    fn each(cpu: Cpu, events: f64) -> Self {
        let each = |time: Duration| time.as_secs_f64() * 1e3 / events;
        Self { postgres: each(cpu.postgres), worker: each(cpu.worker), nodes: each(cpu.nodes) }
    }

    /// The cost minus the idle load of the same duration.
    fn beyond(self, idle_a_second: Self, seconds: f64) -> Self {
        Self {
            postgres: self.postgres - idle_a_second.postgres * seconds,
            worker: self.worker - idle_a_second.worker * seconds,
            nodes: self.nodes - idle_a_second.nodes * seconds,
        }
    }

    fn ours(&self) -> f64 {
        self.postgres + self.worker
    }
}

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<Vec<Line>> {
    sqlx::raw_sql(VIEW).execute(bench.stack.store.sessions()).await?;
    bench.stack.execute(NO_GAP).await?;
    let mut subjects = Vec::new();
    for contacts in CONTACTS {
        subjects.push(Subject::new(&mut bench.stack, contacts).await?);
    }
    for round in 1..=bench.rounds {
        say(format_args!(" round {round} of {}", bench.rounds));
        for subject in &mut subjects {
            subject.measure_peers(&bench.stack).await?;
        }
        bench.stack.start_worker().await?;
        bench.stack.settled().await?;
        if let Some(first) = subjects.first() {
            drop(first.call(&bench.stack, FIRST_WARM_UP).await?);
        }
        for subject in &mut subjects {
            subject.measure(&bench.stack, bench.run).await?;
        }
        bench.stack.stop_worker().await?;
    }
    Ok(lines(&subjects))
}

impl Subject {
    async fn new(stack: &mut Stack, contacts: u32) -> anyhow::Result<Self> {
        let org = stack.org(contacts).await?;
        for (peer, name) in [(REFRESH, "refreshed"), (FLOOR, "floor")] {
            let peer = peer.replace("SCHEMA", &schema_of(name, contacts)).replace("ORG", &org.id.to_string());
            sqlx::raw_sql(AssertSqlSafe(peer)).execute(stack.store.sessions()).await?;
        }
        let ivm = Ivm::start(stack, &org).await?;
        let (ours, rested, by_webhook, idle) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (refresh, view, immv, floor, rebuilds) = (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let next = Cell::new(0);
        Ok(Self { contacts, org, ivm, ours, rested, by_webhook, idle, refresh, view, immv, floor, rebuilds, next })
    }

    /// The phone number of the next caller.
    fn caller(&self) -> String {
        let next = self.next.get();
        self.next.set(next + 1);
        caller(next, self.contacts)
    }

    async fn measure(&mut self, stack: &Stack, time: Duration) -> anyhow::Result<()> {
        let (rested, idle) = self.rested(stack, time).await?;
        let ours = self.steadily(stack, time, Writer::Foreign(stack.session().await?)).await?;
        let reporter = stack.reporter();
        let connection = Connection::open(reporter.addr).await?;
        let by_webhook = self.steadily(stack, time, Writer::Vapi(reporter, connection)).await?;
        say(format_args!(
            "  {}: Postgres {:.2} + worker {:.2} ms an event, rested {:.2} + {:.2}, idle {:.1} + {:.1} ms a second",
            self.contacts, ours.postgres, ours.worker, rested.postgres, rested.worker, idle.postgres, idle.worker
        ));
        self.ours.push(ours);
        self.rested.push(rested);
        self.by_webhook.push(by_webhook);
        self.idle.push(idle);
        Ok(())
    }

    /// The cost of events with cold caches, and the idle load per second.
    async fn rested(&self, stack: &Stack, time: Duration) -> anyhow::Result<(Cost, Cost)> {
        let events = (time.as_secs_f64() / BETWEEN.as_secs_f64()).ceil() as u32;
        drop(self.call(stack, WARM_UP).await?);
        tokio::time::sleep(BETWEEN).await;
        let before = idle(stack, time / 2).await?;
        let cpu = stack.cpu()?;
        // The session stays open during the measurement, since the time of an ending session is briefly in no counter.
        let _session = self.call(stack, events).await?;
        let called = Cost::each(stack.cpu()? - cpu, f64::from(events));
        let after = idle(stack, time / 2).await?;
        let idle = Cost {
            postgres: f64::midpoint(before.postgres, after.postgres),
            worker: f64::midpoint(before.worker, after.worker),
            nodes: f64::midpoint(before.nodes, after.nodes),
        };
        Ok((called.beyond(idle, BETWEEN.as_secs_f64()), idle))
    }

    /// The cost of consecutive events; nothing is subtracted.
    async fn steadily(&mut self, stack: &Stack, time: Duration, mut writer: Writer) -> anyhow::Result<Cost> {
        let redis = redis::Client::open(stack.redis.url())?;
        let (org, contacts, first) = (self.org.id, self.contacts, self.next.get());
        let (cpu, version) = (stack.cpu()?, newest(stack, org).await?);
        let (_writer, events) = generator::run(move || async move {
            let mut announced = Announcements::open(&redis).await?;
            let (started, mut events) = (Instant::now(), 0);
            while started.elapsed() < time {
                announced.forget();
                writer.write(org, &caller(first + events, contacts)).await?;
                announced.of(org).await?;
                tokio::time::sleep(ENDS).await;
                events += 1;
            }
            Ok((writer, events))
        })
        .await?;
        self.next.set(first + events);
        self.rebuilds.push((newest(stack, org).await? - version) as f64 / f64::from(events));
        Ok(Cost::each(stack.cpu()? - cpu, f64::from(events)))
    }

    /// Inserts calls by plain SQL, as another program would.
    async fn call(&self, stack: &Stack, events: u32) -> anyhow::Result<PgConnection> {
        let (org, phones) = (self.org.id, (0..events).map(|_| self.caller()).collect::<Vec<_>>());
        let mut session = stack.session().await?;
        generator::run(move || async move {
            let mut due = Instant::now();
            for phone in phones {
                insert(&mut session, org, &phone).await?;
                due += BETWEEN;
                tokio::time::sleep_until(due.into()).await;
            }
            Ok(session)
        })
        .await
    }

    async fn measure_peers(&mut self, stack: &Stack) -> anyhow::Result<()> {
        let schema = schema_of("refreshed", self.contacts);
        let refresh = format!(
            "refresh materialized view concurrently {schema}.leads; refresh materialized view concurrently {schema}.hours"
        );
        self.refresh.push(self.postgres_after_each(stack, &refresh).await?);
        let view = format!(
            "select * from plan.view_actionable_leads where org_id = '{}' order by lead_score desc limit 50",
            self.org.id
        );
        self.view.push(self.postgres_after_each(stack, &view).await?);
        let floor = format!("select {}.rebuild('{}')", schema_of("floor", self.contacts), self.org.id);
        self.floor.push(self.postgres_after_each(stack, &floor).await?);
        self.immv.push(self.ivm.milliseconds_a_call(|| self.caller(), PEER_TIME).await?);
        Ok(())
    }

    /// Milliseconds of Postgres per call, including `sql` after each.
    async fn postgres_after_each(&self, stack: &Stack, sql: &str) -> anyhow::Result<f64> {
        let mut session = stack.session().await?;
        let (started, before, mut events) = (Instant::now(), stack.cpu()?, 0);
        while events == 0 || started.elapsed() < PEER_TIME {
            insert(&mut session, self.org.id, &self.caller()).await?;
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut session).await?;
            events += 1;
        }
        Ok(Cost::each(stack.cpu()? - before, f64::from(events)).postgres)
    }
}

/// The phone numbers of the contacts in turn.
fn caller(next: u32, contacts: u32) -> String {
    // Coprime to every number of contacts, so that all have their turn, far from the previous one.
    phone(1 + next.wrapping_mul(3_457) % contacts)
}

/// The source of the events.
enum Writer {
    /// Another program, with plain SQL and a hint.
    Foreign(PgConnection),
    /// Vapi.
    Vapi(Reporter, Connection),
}

impl Writer {
    async fn write(&mut self, org: OrgId, phone: &str) -> anyhow::Result<()> {
        match self {
            Self::Foreign(session) => {
                insert(session, org, phone).await?;
                sqlx::query(RING).execute(session).await?;
            }
            Self::Vapi(reporter, connection) => {
                let status = connection.outline(&reporter.request(org, phone)).await?.status;
                ensure!(status == 200, "a webhook was answered with {status}");
            }
        }
        Ok(())
    }
}

async fn insert(session: &mut PgConnection, org: OrgId, phone: &str) -> anyhow::Result<()> {
    let called = sqlx::query(CALL).bind(org.0).bind(phone).fetch_optional(session).await?;
    called.map(|_| ()).context("no contact has the number that called")
}

/// The idle load of the servers per second.
async fn idle(stack: &Stack, time: Duration) -> anyhow::Result<Cost> {
    let before = stack.cpu()?;
    tokio::time::sleep(time).await;
    Ok(Cost::each(stack.cpu()? - before, time.as_secs_f64()))
}

async fn newest(stack: &Stack, org: OrgId) -> anyhow::Result<i64> {
    let newest = stack.store.newest_versions(&[org]).await?.versions;
    Ok(newest.first().context("the org has no version")?.1.n)
}

fn schema_of(peer: &str, contacts: u32) -> String {
    format!("{peer}_{contacts}")
}

fn lines(subjects: &[Subject]) -> Vec<Line> {
    let mut lines: Vec<Line> = subjects.iter().flat_map(Subject::lines).collect();
    if let [smallest, .., largest] = subjects {
        lines.push(
            Line::new(format!("{} contacts: CPU, ms", grouped(largest.contacts)), Value::Number(largest.total()))
                .beside(format!("{} contacts", grouped(smallest.contacts)), Value::Number(smallest.total()))
                .goal(Goal::RatioAtMost(1.3)),
        );
    }
    lines
}

impl Subject {
    fn total(&self) -> f64 {
        median(self.ours.iter().map(Cost::ours))
    }

    fn lines(&self) -> Vec<Line> {
        let of = |costs: &[Cost], part: fn(&Cost) -> f64| median(costs.iter().map(part));
        let split = |costs: &[Cost]| vec![of(costs, |it| it.postgres), of(costs, |it| it.worker)];
        let name = |what: &str| format!("{} contacts: {what}", grouped(self.contacts));
        let beside = |peer: &str, theirs: &[f64]| {
            let theirs = Value::Number(median(theirs.iter().copied()));
            Line::new(name("CPU, ms"), Value::Number(self.total())).beside(peer, theirs)
        };
        let by_webhook = [split(&self.by_webhook), vec![of(&self.by_webhook, |it| it.nodes)]].concat();
        vec![
            Line::new(name("Postgres / worker, ms"), Value::Several(split(&self.ours))),
            Line::new(name("120 ms apart: Postgres / worker, ms"), Value::Several(split(&self.rested))),
            beside("REFRESH", &self.refresh).goal(Goal::AtMost(2.0)),
            beside("pg_ivm", &self.immv).goal(Goal::RatioAtMost(1.3)),
            beside("the floor", &self.floor).goal(Goal::RatioAtMost(2.2)),
            beside("a plain view", &self.view),
            Line::new(name("by webhook: Postgres / worker / nodes, ms"), Value::Several(by_webhook)),
            Line::new(name("rebuilds an event"), Value::Number(median(self.rebuilds.iter().copied()))),
            Line::new(name("idle: Postgres / worker, ms a second"), Value::Several(split(&self.idle))),
        ]
    }
}

fn grouped(contacts: u32) -> String {
    Value::Number(f64::from(contacts)).to_string()
}
