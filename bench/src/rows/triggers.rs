//! The cost of our triggers to other programs' statements: the same table with them, without them, and with them again.

use std::{cell::Cell, convert::Infallible, time::Duration};

use sqlx::{AssertSqlSafe, PgConnection};
use tokio::sync::Mutex;

use super::Bench;
use crate::{
    latency::median,
    pgbench::{self, Outcome},
    proc,
    progress::say,
    stack::Stack,
    table::{Goal, Line, Value},
};

const CONTACTS: u32 = 600;
const CALLS: i32 = 6;
const CLIENTS: [usize; 2] = [1, 8];
/// A statement, its script, and how often it runs in a transaction. Each run takes a subtransaction of its own, whose
/// faults cost the writer nothing; Postgres keeps 64 of them at hand.
const STATEMENTS: [(&str, &str, usize); 3] = [
    ("INSERT", include_str!("../../peers/insert.pgbench"), 1),
    ("UPDATE", include_str!("../../peers/update.pgbench"), 1),
    ("1,000 INSERTs in a transaction", include_str!("../../peers/insert.pgbench"), 1_000),
];
const LOOK: Duration = Duration::from_millis(10);

/// The result of one run, or the median of several.
#[derive(Clone, Copy)]
struct Sample {
    per_second: f64,
    cpu_us: f64,
    waits: f64,
}

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<Vec<Line>> {
    let org = bench.stack.seed(CONTACTS, CALLS).await?;
    bench.stack.build().await?;
    let mut lines = Vec::new();
    let watcher = Watcher::start(&bench.stack).await?;
    for (name, script, times) in STATEMENTS {
        for clients in CLIENTS {
            let script = in_transaction(&script.replace("ORG", &org.id.to_string()), times);
            let runs = Runs { stack: &bench.stack, watcher: &watcher, script, clients };
            let (with, without) = runs.alternate(bench.rounds, bench.run).await?;
            lines.extend(compare(name, clients, with, without));
        }
    }
    bench.stack.build().await?;
    Ok(lines)
}

/// The runs of a statement on a number of connections.
struct Runs<'a> {
    stack: &'a Stack,
    watcher: &'a Watcher,
    script: String,
    clients: usize,
}

impl Runs<'_> {
    /// Measures with, without, and with triggers; returns the medians of each.
    async fn alternate(&self, rounds: u32, time: Duration) -> anyhow::Result<(Sample, Sample)> {
        let (mut with, mut without) = (Vec::new(), Vec::new());
        self.run(Duration::from_secs(1)).await?;
        for _ in 0..rounds {
            with.push(self.run(time).await?);
            switch(self.stack, "disable").await?;
            let bare = self.run(time).await;
            switch(self.stack, "enable always").await?;
            without.push(bare?);
            with.push(self.run(time).await?);
        }
        Ok((Sample::median(&with), Sample::median(&without)))
    }

    async fn run(&self, time: Duration) -> anyhow::Result<Sample> {
        let (before, waits) = (self.cpu()?, Cell::new(0));
        let Outcome { transactions, per_second, .. } = tokio::select! {
            outcome = pgbench::run(self.stack, &self.script, self.clients, time) => outcome?,
            failed = self.watcher.watch(&waits) => failed.map(|never| match never {})?,
        };
        self.watcher.alone().await?;
        let cpu_us = self.cpu()?.saturating_sub(before).as_secs_f64() * 1e6 / transactions as f64;
        say(format_args!("  {} clients: {per_second:.0}/s, {cpu_us:.1} µs, {} waits", self.clients, waits.get()));
        Ok(Sample { per_second, cpu_us, waits: waits.get() as f64 })
    }

    /// The processor time of Postgres without the watcher's session.
    fn cpu(&self) -> anyhow::Result<Duration> {
        Ok(self.stack.cpu()?.postgres.saturating_sub(proc::cpu(self.watcher.pid)?))
    }
}

/// A session that observes the others.
struct Watcher {
    session: Mutex<PgConnection>,
    pid: u32,
}

impl Watcher {
    async fn start(stack: &Stack) -> anyhow::Result<Self> {
        let mut session = stack.session().await?;
        let pid: i32 = sqlx::query_scalar("select pg_backend_pid()").fetch_one(&mut session).await?;
        Ok(Self { session: Mutex::new(session), pid: pid.cast_unsigned() })
    }

    /// Counts sessions that wait for each other, at each look, until it is dropped.
    async fn watch(&self, waits: &Cell<i64>) -> anyhow::Result<Infallible> {
        loop {
            waits.set(waits.get() + self.count(include_str!("../../queries/waits.sql")).await?);
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits until pgbench's sessions have ended, so that their time counts in this run and not in the next.
    async fn alone(&self) -> anyhow::Result<()> {
        while self.count("select count(*) from pg_stat_activity where application_name = 'pgbench'").await? > 0 {
            tokio::time::sleep(LOOK).await;
        }
        tokio::time::sleep(LOOK * 20).await;
        Ok(())
    }

    async fn count(&self, sql: &'static str) -> anyhow::Result<i64> {
        Ok(sqlx::query_scalar(sql).fetch_one(&mut *self.session.lock().await).await?)
    }
}

impl Sample {
    fn median(of: &[Self]) -> Self {
        let each = |part: fn(&Self) -> f64| median(of.iter().map(part));
        // A single wait in any run counts.
        let waits = of.iter().map(|it| it.waits).sum();
        Self { per_second: each(|it| it.per_second), cpu_us: each(|it| it.cpu_us), waits }
    }
}

/// The script with its statements repeated in a transaction; what sets its variables comes first, once.
fn in_transaction(script: &str, times: usize) -> String {
    if times == 1 {
        return script.to_owned();
    }
    let (sets, statements): (Vec<&str>, Vec<&str>) = script.lines().partition(|line| line.starts_with('\\'));
    format!("{}\nbegin;\n{}\ncommit;\n", sets.join("\n"), vec![statements.join("\n"); times].join("\n"))
}

async fn switch(stack: &Stack, how: &str) -> anyhow::Result<()> {
    let sql = include_str!("../../queries/triggers.sql").replace("SWITCH", how);
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(stack.store.sessions()).await?;
    Ok(())
}

fn compare(statement: &str, clients: usize, with: Sample, without: Sample) -> Vec<Line> {
    let plural = if clients == 1 { "" } else { "s" };
    let line = |what: &str, value: fn(&Sample) -> f64| {
        Line::new(format!("{statement}, {clients} client{plural}: {what}"), Value::Number(value(&with)))
            .beside("without", Value::Number(value(&without)))
    };
    vec![
        // A quarter more time each means four fifths of the rate.
        line("a second", |it| it.per_second).goal(Goal::RatioAtLeast(0.8)),
        line("CPU of Postgres, µs", |it| it.cpu_us).goal(Goal::RatioAtMost(1.25)),
        line("waits for one another", |it| it.waits).goal(Goal::Exactly(0.0)),
    ]
}
