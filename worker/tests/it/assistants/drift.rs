//! Changes by others at Vapi are found and reverted, and assistants of others are left alone.

use jobs::Maintenance;
use readmodel::ids::AgentId;
use serde_json::json;
use vapi_standin::Operation;

use crate::assistants::town::{Town, URL, payload};

impl Town {
    /// Runs the verification and then the passes that it causes.
    async fn verify(&self, agent: AgentId) {
        self.run(Maintenance::VerifyAssistants).await;
        self.passes(agent).await;
    }

    /// Creates an assistant behind our back.
    async fn make(&self, body: &serde_json::Value) -> String {
        let client = self.context().assistants.unwrap().client;
        client.create_assistant(body).await.unwrap().id
    }
}

#[tokio::test]
async fn an_assistant_without_drift_is_only_read() {
    let town = Town::new().await;
    let agent = town.synced().await;
    let verified = town.progress(&agent).await.verified_at;
    town.verify(agent.id).await;
    let requests: Vec<_> = town.standin.requests().into_iter().map(|request| request.method).collect();
    assert_eq!(requests, ["GET", "GET"]);
    assert!(town.progress(&agent).await.verified_at > verified);
    town.close().await;
}

#[tokio::test]
async fn an_assistant_that_was_changed_is_changed_back() {
    let town = Town::new().await;
    let agent = town.synced().await;
    let id = agent.assistant_id.as_deref().unwrap();
    assert!(town.standin.drift(id, json!({"model": {"provider": "openai", "model": "gpt-4o"}, "voice": null})));
    town.run(Maintenance::VerifyAssistants).await;
    let progress = town.progress(&agent).await;
    assert_eq!(progress.reason.as_deref(), Some("changed at Vapi by somebody else: model, voice"));
    town.passes(agent.id).await;
    town.assert_exact(&agent).await;
    assert_eq!(town.counts(), [0, 1, 1, 0]);
    // A field that we never send does not count as drift.
    assert!(town.standin.drift(id, json!({"endCallMessage": "Bye"})));
    town.verify(agent.id).await;
    assert_eq!(town.standin.count(Operation::UpdateAssistant), 1);
    town.close().await;
}

#[tokio::test]
async fn a_deleted_assistant_is_recreated_without_a_save() {
    let town = Town::new().await;
    let agent = town.synced().await;
    assert!(town.standin.delete_assistant(agent.assistant_id.as_deref().unwrap()));
    town.run(Maintenance::VerifyAssistants).await;
    assert_eq!(town.agent(&agent).await.config_hash, None, "the row does not claim that Vapi holds it");
    town.passes(agent.id).await;
    town.assert_exact(&agent).await;
    assert_eq!(town.counts(), [1, 0, 2, 0]);
    town.close().await;
}

#[tokio::test]
async fn a_surplus_assistant_is_deleted_and_the_agents_own_is_kept() {
    let town = Town::new().await;
    let agent = town.synced().await;
    town.make(&payload(&agent, URL).to_create()).await;
    assert_eq!(town.assistants_of(agent.id).len(), 2);
    town.verify(agent.id).await;
    town.assert_exact(&agent).await;
    assert_eq!(town.agent(&agent).await.assistant_id, agent.assistant_id);
    town.close().await;
}

/// After a restore of the database, the row may name an assistant that has been replaced since.
#[tokio::test]
async fn a_surplus_assistant_is_adopted_when_the_agents_own_is_gone() {
    let town = Town::new().await;
    let agent = town.synced().await;
    let newer = town.make(&payload(&agent, URL).to_create()).await;
    town.store.note_surplus(&[(agent.id, readmodel::time::Timestamp::from_micros(0))]).await.unwrap();
    assert!(town.standin.delete_assistant(agent.assistant_id.as_deref().unwrap()));
    town.passes(agent.id).await;
    town.assert_exact(&agent).await;
    assert_eq!(town.agent(&agent).await.assistant_id, Some(newer));
    assert_eq!(town.standin.count(Operation::DeleteAssistant), 0);
    town.close().await;
}

#[tokio::test]
async fn assistants_of_others_are_left_alone() {
    let town = Town::new().await;
    let agent = town.synced().await;
    let mut of_nobody = payload(&agent, URL).to_create();
    of_nobody["metadata"]["agentId"] = json!("00000000-0000-4000-8000-000000000009");
    // An assistant of a copy of this installation, with the same agents.
    let of_a_copy = payload(&agent, "https://staging.example").to_create();
    for body in [of_nobody, of_a_copy, json!({"name": "somebody else's"})] {
        town.make(&body).await;
    }
    town.verify(agent.id).await;
    assert_eq!(town.standin.assistants().len(), 4);
    assert_eq!(town.standin.count(Operation::DeleteAssistant), 0);
    // Nor is it adopted.
    town.db.run("update agents set vapi_assistant_id = null; update prewarm.assistants set look_since = now()").await;
    assert!(town.standin.delete_assistant(agent.assistant_id.as_deref().unwrap()));
    town.mark(agent.id).await;
    town.passes(agent.id).await;
    assert_eq!(town.standin.assistants().len(), 4);
    assert_eq!(town.standin.count(Operation::DeleteAssistant), 0);
    town.close().await;
}

#[tokio::test]
async fn the_assistant_of_a_deleted_agent_stays_and_our_rows_go() {
    let town = Town::new().await;
    let agent = town.synced().await;
    town.db.run("delete from agents").await;
    town.passes(agent.id).await;
    town.run(Maintenance::VerifyAssistants).await;
    assert_eq!(town.standin.assistants().len(), 1);
    assert_eq!(town.db.count("select count(*) from prewarm.assistants").await, 0);
    assert_eq!(town.db.count("select count(*) from prewarm.agent_marks").await, 0);
    town.close().await;
}

#[tokio::test]
async fn a_save_in_progress_is_not_drift() {
    let town = Town::new().await;
    let agent = town.synced().await;
    town.save(agent.org, "second").await;
    town.run(Maintenance::VerifyAssistants).await;
    assert_eq!(town.agent(&agent).await.config_hash, agent.config_hash);
    // Not even if its mark is lost.
    town.db.run("truncate prewarm.agent_marks").await;
    town.run(Maintenance::VerifyAssistants).await;
    assert_eq!(town.agent(&agent).await.config_hash, agent.config_hash);
    town.close().await;
}
