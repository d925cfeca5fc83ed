//! The cost of an event in orgs with skewed data, beside a plain one, and of a first import into an empty database, beside
//! one build of the same rows.

use std::time::{Duration, Instant};

use readmodel::ids::OrgId;
use testkit::shapes::Shape;

use super::Bench;
use crate::{
    announcements::Announcements,
    generator,
    latency::median,
    progress::say,
    stack::Stack,
    table::{Goal, Line, Value},
};

/// Removes the gap between rebuilds, so that consecutive events do not wait for it.
const NO_GAP: &str = include_str!("../../queries/no_gap.sql");
const RING: &str = include_str!("../../queries/ring.sql");
const CONTACTS: &str = include_str!("../../queries/import_contacts.sql");
const CALLS: &str = include_str!("../../queries/import_calls.sql");
const ONE_ORG: &str = include_str!("../../queries/one_org.sql");
const OWE_ALL: &str = include_str!("../../queries/owe_all.sql");
const FORGET: &str = include_str!("../../queries/forget.sql");
/// Longer than the time from the announcement of a version to the close of its lease.
const ENDS: Duration = Duration::from_millis(2);
/// Time before the first measurement: a worker has several sessions, and each plans its statements once.
const WARM_UP: Duration = Duration::from_secs(1);

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<Vec<Line>> {
    // The import comes first, while the database is empty.
    let (import, one_build) = import(&mut bench.stack).await?;
    bench.stack.execute(NO_GAP).await?;
    let mut orgs = Vec::new();
    for shape in Shape::ALL {
        say(format_args!("filling an org: {shape}"));
        let org = bench.stack.seed(0, 0).await?.id;
        shape.fill(&mut bench.stack.session().await?, org).await?;
        orgs.push((shape, org, Vec::new()));
    }
    bench.stack.build().await?;
    bench.stack.start_worker().await?;
    bench.stack.settled().await?;
    let mut next = 1;
    for round in 1..=bench.rounds {
        say(format_args!(" round {round} of {}", bench.rounds));
        for (shape, org, costs) in &mut orgs {
            (_, next) = events(&bench.stack, *shape, *org, next, WARM_UP).await?;
            let cost;
            (cost, next) = events(&bench.stack, *shape, *org, next, bench.run).await?;
            say(format_args!("  {shape}: Postgres {cost:.2} ms an event"));
            costs.push(cost);
        }
    }
    bench.stack.stop_worker().await?;
    let mut lines = vec![
        Line::new("first import into an empty database: Postgres CPU, s", Value::Number(import))
            .beside("one build", Value::Number(one_build))
            .goal(Goal::RatioAtMost(1.5)),
    ];
    let cost = |costs: &Vec<f64>| Value::Number(median(costs.iter().copied()));
    if let Some(((_, _, plain), others)) = orgs.split_first() {
        lines.extend(others.iter().map(|(shape, _, costs)| {
            Line::new(format!("{shape}: Postgres CPU an event, ms"), cost(costs))
                .beside("plain", cost(plain))
                .goal(Goal::RatioAtMost(1.3))
        }));
    }
    Ok(lines)
}

/// Milliseconds of Postgres per event, with each event as soon as the last is announced; and the number of the next event.
async fn events(stack: &Stack, shape: Shape, org: OrgId, first: u32, time: Duration) -> anyhow::Result<(f64, u32)> {
    let redis = redis::Client::open(stack.redis.url())?;
    let (mut session, before) = (stack.session().await?, stack.cpu()?);
    let (_session, events) = generator::run(move || async move {
        let mut announced = Announcements::open(&redis).await?;
        let (started, mut events) = (Instant::now(), 0);
        while started.elapsed() < time {
            announced.forget();
            // A prime step, so that consecutive contacts are far apart.
            shape.call(&mut session, org, 1 + (first + events) * 3_457 % 6_000).await?;
            sqlx::query(RING).execute(&mut session).await?;
            announced.of(org).await?;
            tokio::time::sleep(ENDS).await;
            events += 1;
        }
        Ok((session, events))
    })
    .await?;
    let used = stack.cpu()?.postgres.saturating_sub(before.postgres);
    Ok((used.as_secs_f64() * 1e3 / f64::from(events), first + events))
}

/// Seconds of Postgres for a worker's rebuilds after an import of contacts and then calls, one statement each, with plans
/// made for an empty database; and for one build of the same rows, with statistics.
async fn import(stack: &mut Stack) -> anyhow::Result<(f64, f64)> {
    say(format_args!("importing 20,000 contacts and 100,000 calls into an empty database"));
    let org = stack.seed(0, 0).await?.id;
    stack.start_worker().await?;
    stack.settled().await?;
    let watched = postgres(stack, async |stack| {
        write(stack, org).await?;
        stack.settled().await
    })
    .await?;
    stack.stop_worker().await?;
    // The same rows again, without a worker: the cost of writing them.
    let other = stack.seed(0, 0).await?.id;
    let written = postgres(stack, async |stack| write(stack, other).await).await?;
    stack.execute(ONE_ORG).await?;
    stack.build().await?;
    stack.execute(FORGET).await?;
    stack.start_worker().await?;
    let one_build = postgres(stack, async |stack| {
        stack.execute(OWE_ALL).await?;
        stack.settled().await
    })
    .await?;
    stack.stop_worker().await?;
    Ok((watched - written, one_build))
}

async fn write(stack: &Stack, org: OrgId) -> anyhow::Result<()> {
    let mut session = stack.session().await?;
    for statement in [CONTACTS, CALLS] {
        sqlx::query(statement).bind(org.0).execute(&mut session).await?;
    }
    Ok(())
}

/// The processor time of Postgres for `work`, in seconds.
async fn postgres(stack: &Stack, work: impl AsyncFnOnce(&Stack) -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let before = stack.cpu()?;
    work(stack).await?;
    // The time of an ending session is briefly in no counter.
    tokio::time::sleep(Duration::from_millis(300)).await;
    Ok(stack.cpu()?.postgres.saturating_sub(before.postgres).as_secs_f64())
}
