//! Refused configurations are not sent again, and are reported in Vapi's words.

use serde_json::json;
use store::{
    agents::{Agent, AgentSettings},
    assistants::AssistantStage,
    queue::{Job, dead_letters::DeadLetter},
};
use vapi_standin::{Fault, Operation};

use crate::{
    assistants::town::{Town, wanted},
    harness::eventually,
};

/// A configuration that we accept and Vapi refuses.
fn refused() -> AgentSettings {
    AgentSettings { model: Some(json!({"provider": "openai", "model": "gpt-4o", "bogus": 1})), ..wanted("second") }
}

async fn letters(town: &Town) -> Vec<DeadLetter> {
    town.db.store().dead_letters(10).await.unwrap()
}

async fn until_failed(town: &Town, agent: &Agent) -> String {
    eventually("it failed", async || {
        let progress = town.progress(agent).await;
        (progress.stage == AssistantStage::Failed).then_some(progress.reason.unwrap_or_default())
    })
    .await
}

#[tokio::test]
async fn a_refused_configuration_is_sent_once_and_becomes_a_dead_letter() {
    let town = Town::new().await;
    let agent = town.synced().await;
    let worker = town.start();
    town.store.save_agent(agent.org, "inbound", &refused()).await.unwrap();
    let reason = until_failed(&town, &agent).await;
    assert!(reason.contains("bogus should not exist"), "{reason}");
    town.settled().await;
    town.db.until("select count(*) from prewarm.dead_letters", 1).await;
    let letter = letters(&town).await.remove(0);
    assert_eq!((letter.queue.as_str(), letter.job), ("prewarm", Job::SyncAssistant(agent.id)));
    assert!(letter.error.unwrap().contains("bogus should not exist"));

    // Other triggers of a pass do not send it again, and it stays a dead letter.
    let last_end =
        "select (extract(epoch from max(died_at)) * 1000000)::int8 from prewarm.dead_letters where kind = 'prewarm'";
    let before = town.db.count(last_end).await;
    town.mark(agent.id).await;
    eventually("it was looked at again", async || (town.db.count(last_end).await > before).then_some(())).await;
    town.settled().await;
    assert_eq!(town.standin.count(Operation::UpdateAssistant), 1);
    town.db.until("select count(*) from prewarm.dead_letters", 1).await;
    assert_eq!(town.progress(&agent).await.stage, AssistantStage::Failed);

    // A manual retry sends it again, once.
    let letter = letters(&town).await.remove(0);
    assert!(town.db.store().retry_dead_letter(letter.id).await.unwrap());
    town.standin.asked(Operation::UpdateAssistant, 2).await;
    town.db.until("select count(*) from prewarm.dead_letters", 1).await;
    town.settled().await;
    assert_eq!(town.standin.count(Operation::UpdateAssistant), 2);

    town.save(agent.org, "third").await;
    town.settled().await;
    town.assert_exact(&agent).await;
    town.db.until("select count(*) from prewarm.dead_letters", 0).await;
    worker.stop().await;
    town.close().await;
}

#[tokio::test]
async fn a_refused_first_configuration_leaves_nothing_behind() {
    let town = Town::new().await;
    let org = town.db.org().await;
    let agent = town.store.save_agent(org, "inbound", &refused()).await.unwrap();
    assert!(town.pass(agent.id).await.is_err());
    assert!(town.pass(agent.id).await.is_err(), "still refused");
    town.save(org, "second").await;
    town.pass(agent.id).await.unwrap();
    town.assert_exact(&agent).await;
    assert_eq!(town.counts(), [2, 0, 0, 0], "nothing to look for");
    town.close().await;
}

#[tokio::test]
async fn an_invalid_configuration_never_reaches_vapi() {
    let town = Town::new().await;
    let agent = town.synced().await;
    let long = AgentSettings { name: "n".repeat(41), ..wanted("second") };
    town.store.save_agent(agent.org, "inbound", &long).await.unwrap();
    let error = town.pass(agent.id).await.unwrap_err();
    assert!(error.message().contains("name must be at most 40 characters"), "{}", error.message());
    let progress = town.progress(&agent).await;
    assert_eq!(progress.reason.as_deref(), Some("name must be at most 40 characters"));
    assert_eq!((progress.stage, town.standin.requests().len()), (AssistantStage::Failed, 0));
    town.close().await;
}

#[tokio::test]
async fn a_refusal_of_the_account_keeps_the_agent_owed() {
    for status in [401, 402, 403] {
        let town = Town::new().await;
        let agent = town.synced().await;
        town.standin.fail_always(Operation::UpdateAssistant, Fault::status(status));
        let worker = town.start();
        town.save(agent.org, "second").await;
        let reason = until_failed(&town, &agent).await;
        assert!(!reason.is_empty());
        town.standin.asked(Operation::UpdateAssistant, 4).await;
        assert_eq!(letters(&town).await.len(), 0);
        assert_eq!(town.db.count("select count(*) from prewarm.agent_marks").await, 1);
        town.standin.heal();
        town.settled().await;
        town.assert_exact(&agent).await;
        worker.stop().await;
        town.close().await;
    }
}
