//! The response time of saves and test calls while Vapi takes half a second per request.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use serde_json::{Map, Value as Json};
use tokio::task::JoinSet;
use vapi_standin::{Config, Fault, Operation, Standin};

use super::Bench;
use crate::{
    generator,
    http::{self, Connection},
    latency::{Latencies, Percentiles},
    machine,
    process::Process,
    progress::say,
    stack::{Org, Stack, http_addr, read},
    table::{Goal, Line, Value},
};

/// The number of orgs; each has one save and one test call per round.
const ORGS: usize = 512;
/// Concurrent users, and the pause between two clicks of one.
const PEOPLE: usize = 8;
const BETWEEN: Duration = Duration::from_millis(160);
/// Both cores, so that a click does not wait for one that another call keeps busy.
const CORES: [usize; 2] = [machine::SERVERS, machine::GENERATOR];
/// The response time of Vapi.
const VAPI: Duration = Duration::from_millis(500);
/// Time limit for the creation of all assistants.
const SYNCS: Duration = Duration::from_secs(300);
const PAUSE: Duration = Duration::from_millis(100);
/// The acceptable p99 of a save in ms.
const SAVE_LIMIT: f64 = 5.0;
const CLICK_LIMIT: f64 = 10.0;

const AGENT: &str = "/api/founder-console/agent";
const TEST_AGENT: &str = "/api/founder-console/test-agent";
/// The fields of an agent that a save sends.
const SAVED: [&str; 6] = ["call_direction", "name", "systemPrompt", "firstMessage", "voice", "model"];

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<Vec<Line>> {
    // Calls that are not joined occupy a line for some seconds.
    let standin = Standin::start(Config { concurrency_limit: usize::MAX, ..Config::default() }).await?;
    standin.fail_always(Operation::CreateWebCall, Fault::Slow(VAPI));
    let (node, worker) = bench.stack.start_with_vapi(&standin).await?;
    bench.stack.allow(&CORES)?;
    for process in [&node, &worker] {
        machine::allow_family(process.pid(), &CORES)?;
    }
    let mut orgs = Vec::with_capacity(ORGS);
    for _ in 0..ORGS {
        orgs.push(bench.stack.seed(0, 0).await?);
    }
    synced(&bench.stack).await?;
    let (mut saves, mut clicks) = (Vec::new(), Vec::new());
    let saved = agents(&node, &orgs).await?;
    let clicked: Vec<_> = orgs.iter().map(|org| (org.clone(), TEST_AGENT, String::new())).collect();
    for round in 0..bench.rounds {
        say(format_args!(" round {} of {}", round + 1, bench.rounds));
        saves.push(ask(&node, saved.clone()).await?);
        bench.stack.execute("update prewarm.test_calls set stage = 'ended'").await?;
        clicks.push(ask(&node, clicked.clone()).await?);
    }
    let made = standin.count(Operation::CreateWebCall);
    ensure!(made > 0, "no worker has made a call");
    let (save, click) = (Percentiles::median(&saves), Percentiles::median(&clicks));
    Ok(vec![
        Line::new("unchanged save, p50 / p99 / p99.9, ms", Value::Percentiles(save)),
        Line::new("unchanged save, p99, ms", Value::Number(save.p99)).goal(Goal::Below(SAVE_LIMIT)),
        Line::new("test call, p50 / p99 / p99.9, ms", Value::Percentiles(click)),
        Line::new("test call, p99, ms", Value::Number(click.p99)).goal(Goal::Below(CLICK_LIMIT)),
    ])
}

/// Waits until Vapi holds every agent.
async fn synced(stack: &Stack) -> anyhow::Result<()> {
    say("making assistants");
    let started = Instant::now();
    let owed = "select exists (select from prewarm.agent_marks)
                    or exists (select from public.agents where vapi_assistant_id is null)";
    while sqlx::query_scalar::<_, bool>(owed).fetch_one(stack.store.sessions()).await? {
        ensure!(started.elapsed() < SYNCS, "not every agent is at Vapi after {SYNCS:?}");
        tokio::time::sleep(PAUSE).await;
    }
    stack.settled().await
}

type Asked = (Org, &'static str, String);

/// The requests of saves without changes.
async fn agents(node: &Process, orgs: &[Org]) -> anyhow::Result<Vec<Asked>> {
    let mut saves = Vec::with_capacity(orgs.len());
    for org in orgs {
        let agent: Map<String, Json> = serde_json::from_slice(&read(node, org, AGENT, &[]).await?.body)?;
        ensure!(agent["synced"] == true, "an agent is not synced");
        let saved: Map<String, Json> = agent.into_iter().filter(|(name, _)| SAVED.contains(&name.as_str())).collect();
        saves.push((org.clone(), AGENT, serde_json::to_string(&saved)?));
    }
    Ok(saves)
}

async fn ask(node: &Process, asked: Vec<Asked>) -> anyhow::Result<Percentiles> {
    let (addr, asked) = (http_addr(node), Arc::new(asked));
    let latencies = generator::run(move || async move {
        let mut people = JoinSet::new();
        for person in 0..PEOPLE {
            let asked = Arc::clone(&asked);
            people.spawn(async move {
                let mut connection = Connection::open(addr).await?;
                let mut latencies = Latencies::default();
                let mut due = Instant::now() + BETWEEN * person as u32 / PEOPLE as u32;
                for (org, path, body) in asked.iter().skip(person).step_by(PEOPLE) {
                    let headers = [("authorization", org.authorization.as_str()), ("content-type", "application/json")];
                    let request = http::post(addr, path, &headers, body);
                    tokio::time::sleep_until(due.into()).await;
                    let status = connection.outline(&request).await.context(*path)?.status;
                    ensure!(status == 200, "{path} answered {status}");
                    latencies.record(due.elapsed());
                    due += BETWEEN;
                }
                Ok(latencies)
            });
        }
        let mut merged = Latencies::default();
        while let Some(asked) = people.join_next().await {
            merged.add(asked??);
        }
        Ok(merged.percentiles())
    })
    .await?;
    say(format_args!("  p99 {:.2} ms", latencies.p99));
    Ok(latencies)
}
