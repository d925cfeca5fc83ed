//! The worker of an agent dies at each of its await points.

use std::{pin::pin, task::Poll};

use jobs::Context;
use store::{
    agents::Agent,
    queue::{Job, Queue},
};
use vapi_standin::{Fault, Operation};

use crate::assistants::town::Town;

/// Polls a pass until it has waited `point` times, then drops it. Returns true if the pass completed before.
async fn dies_at(point: usize, context: &Context, agent: &Agent) -> bool {
    let job = Job::SyncAssistant(agent.id);
    let mut pass = pin!(jobs::run(context, &job));
    let mut waits = 0;
    std::future::poll_fn(|cx| match pass.as_mut().poll(cx) {
        Poll::Ready(ended) => Poll::Ready(ended.is_ok()),
        Poll::Pending if waits == point => Poll::Ready(false),
        Poll::Pending => {
            waits += 1;
            Poll::Pending
        }
    })
    .await
}

/// More await points than any pass has, however its packets arrive.
const POINTS: usize = 40;

#[tokio::test]
async fn a_crash_at_any_point_of_a_first_save_leaves_one_assistant() {
    let town = Town::new().await;
    let context = town.context();
    let mut agents = Vec::new();
    for _ in 0..POINTS {
        agents.push(town.fresh().await);
    }
    let mut ended = 0;
    for (point, agent) in agents.iter().enumerate() {
        ended += usize::from(dies_at(point, &context, agent).await);
    }
    // The number of waits depends on the speed of answers: on a busy machine many have already arrived.
    assert!((1..=POINTS - 3).contains(&ended), "{ended} of {POINTS} came to their end");
    // The dead workers' leases end.
    town.db.run("update prewarm.assistants set until = now() - interval '1 second' where until is not null").await;
    for agent in &agents {
        town.passes(agent.id).await;
        town.assert_exact(agent).await;
    }
    assert_eq!(town.standin.count(Operation::CreateAssistant), POINTS);
    assert_eq!(town.standin.count(Operation::DeleteAssistant), 0);
    town.close().await;
}

#[tokio::test]
async fn a_crash_at_any_point_of_adopting_an_assistant_leaves_one() {
    let town = Town::new().await;
    let context = town.context();
    let mut agents = Vec::new();
    for _ in 0..POINTS {
        let agent = town.fresh().await;
        town.standin.fail_next(Operation::CreateAssistant, Fault::StatusAfter(502));
        town.pass(agent.id).await.unwrap();
        town.save(agent.org, "second").await;
        agents.push(agent);
    }
    for (point, agent) in agents.iter().enumerate() {
        dies_at(point, &context, agent).await;
    }
    town.db.run("update prewarm.assistants set until = now() - interval '1 second' where until is not null").await;
    for agent in &agents {
        town.passes(agent.id).await;
        town.assert_exact(agent).await;
    }
    assert_eq!(town.standin.count(Operation::CreateAssistant), POINTS);
    assert_eq!(town.standin.count(Operation::DeleteAssistant), 0);
    town.close().await;
}

#[tokio::test]
async fn results_of_a_worker_that_lost_its_agent_are_ignored() {
    let town = Town::new().await;
    let agent = town.synced().await;
    town.save(agent.org, "second").await;
    let lease = std::time::Duration::from_millis(1);
    let dead = town.store.take_agent(agent.id, lease).await.unwrap().unwrap();
    tokio::time::sleep(lease * 20).await;
    town.pass(agent.id).await.unwrap();
    let before = town.agent(&agent).await;
    // The old worker resumes.
    assert!(town.store.read_leased(&dead).await.unwrap().is_none());
    assert!(!town.store.begin_create(&dead).await.unwrap());
    assert!(!town.store.renew_agent(&dead).await.unwrap());
    town.store.record_assistant(&dead, "another", Some("v1-0"), &[]).await.unwrap();
    town.store.note_missing(&dead, before.assistant_id.as_deref().unwrap()).await.unwrap();
    assert_eq!(town.agent(&agent).await, before);
    town.assert_exact(&agent).await;
    town.close().await;
}

#[tokio::test]
async fn an_agent_has_one_holder_at_a_time() {
    let town = Town::new().await;
    let agent = town.fresh().await;
    let passes = (0..20).map(|_| town.pass(agent.id));
    for pass in futures_util::future::join_all(passes).await {
        pass.unwrap();
    }
    town.passes(agent.id).await;
    town.assert_exact(&agent).await;
    assert_eq!(town.counts(), [1, 0, 0, 0]);
    town.close().await;
}

#[tokio::test]
async fn an_agent_that_kills_its_worker_becomes_a_dead_letter() {
    let town = Town::new().await;
    let agent = town.fresh().await;
    for start in 1..=4 {
        assert_eq!(town.db.store().dead_letters(9).await.unwrap().len(), 0, "start {start}");
        let claimed = town.db.claim("killed", Queue::Prewarm).await.unwrap();
        assert_eq!(claimed.attempts.starts, start);
        town.db.run("update prewarm.assistants set until = now()").await;
    }
    let letter = town.db.store().dead_letters(9).await.unwrap().remove(0);
    assert_eq!((letter.job, letter.attempts), (Job::SyncAssistant(agent.id), 3));
    // It is owed all the same, and a good end removes the letter.
    let worker = town.start();
    town.settled().await;
    town.db.until("select count(*) from prewarm.dead_letters", 0).await;
    town.assert_exact(&agent).await;
    worker.stop().await;
    town.close().await;
}
