//! A thousand saves under random failures: each agent ends with one assistant, in its newest form.

use std::time::Duration;

use jobs::Maintenance;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use store::agents::{Agent, AgentSettings};
use tokio::task::JoinSet;
use vapi_standin::{Chaos, Fault, Operation};

use crate::assistants::town::{Town, Worker, wanted};

const AGENTS: u64 = 20;
const SAVES: u64 = 50;
const WORKERS: usize = 3;
const CRASHES: usize = 5;
/// Deletions between two crashes.
const DELETIONS: usize = 10;
/// Failing requests in a hundred.
const FAILURES: u8 = 30;

fn faults() -> Vec<Fault> {
    let busy = |retry_after: Option<&str>| Fault::Status { code: 429, retry_after: retry_after.map(str::to_owned) };
    vec![
        busy(None),
        busy(Some("0")),
        Fault::status(500),
        Fault::status(503),
        Fault::status(401),
        Fault::Redirect,
        Fault::ResetBefore,
        Fault::StatusAfter(502),
        Fault::ResetAfter,
        Fault::Truncated,
        Fault::Garbage,
        Fault::Slow(Duration::from_millis(40)),
        Fault::HangAfter,
    ]
}

/// Edits an agent, sometimes at once, sometimes after a pause, now and then back to an earlier state.
async fn edit(store: store::Store, agent: Agent, seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    for save in 0..SAVES {
        let prompt = if random.random_range(0..10) == 0 { save.saturating_sub(2) } else { save };
        let voice = wanted("").voice.filter(|_| random.random_range(0..3) > 0);
        let wanted = AgentSettings { voice, ..wanted(&format!("prompt {prompt} of {seed}")) };
        store.save_agent(agent.org, "inbound", &wanted).await.unwrap();
        tokio::time::sleep(Duration::from_millis(random.random_range(0..200))).await;
    }
}

fn somebody_deletes_one(town: &Town, random: &mut StdRng) {
    let held = town.standin.assistants();
    if !held.is_empty() {
        let victim = held[random.random_range(0..held.len())]["id"].as_str().unwrap();
        town.standin.delete_assistant(victim);
    }
}

#[tokio::test]
async fn after_a_thousand_saves_each_agent_has_one_assistant_with_the_newest() {
    let seed = rand::random();
    // A failure can be replayed with the seed, apart from timing.
    eprintln!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let town = Town::new().await;
    town.standin.set_chaos(Chaos { seed, percent: FAILURES, faults: faults() });
    let mut agents = Vec::new();
    for _ in 0..AGENTS {
        agents.push(town.fresh().await);
    }
    let mut workers: Vec<Worker> = (0..WORKERS).map(|_| town.start()).collect();
    let mut people = JoinSet::new();
    for agent in &agents {
        people.spawn(edit(town.store.clone(), agent.clone(), random.random()));
    }
    for _ in 0..CRASHES {
        for _ in 0..DELETIONS {
            tokio::time::sleep(Duration::from_millis(random.random_range(0..200))).await;
            somebody_deletes_one(&town, &mut random);
        }
        workers.remove(random.random_range(0..WORKERS)).crash().await;
        workers.push(town.start());
    }
    people.join_all().await;
    town.settled().await;
    // No more failures from here on.
    town.standin.heal();
    // Recreates assistants that were deleted after the last save.
    town.run(Maintenance::VerifyAssistants).await;

    town.settled().await;
    let [created, updated, listed, deleted] = town.counts();
    eprintln!("{created} POST, {updated} PATCH, {listed} lists, {deleted} DELETE for {} saves", AGENTS * SAVES);
    for agent in &agents {
        town.assert_exact(agent).await;
    }
    assert_eq!(town.standin.assistants().len(), agents.len());
    assert_eq!(town.standin.count(Operation::DeleteAssistant), 0, "there was one too many at some time");
    for worker in workers {
        worker.stop().await;
    }
    town.close().await;
}
