//! Phone numbers at Vapi are assigned to their agents' assistants.

use jobs::Maintenance;
use serde_json::Value;
use store::{agents::Agent, assistants::AssistantStage};
use vapi_standin::{Fault, Operation};

use crate::assistants::town::Town;

const NUMBER: &str = "+15550100001";

impl Town {
    /// Adds a number to an agent and returns Vapi's id of it.
    async fn number(&self, agent: &Agent) -> String {
        let id = self.standin.add_phone_number(NUMBER);
        self.own(agent, &id).await;
        id
    }

    async fn own(&self, agent: &Agent, number: &str) {
        self.db
            .run(&format!(
                "insert into phone_numbers (org_id, phone_number, vapi_phone_number_id, agent_id)
                 values ('{}', '{NUMBER}', '{number}', '{}')",
                agent.org, agent.id
            ))
            .await;
    }

    /// The assistant that answers a number at Vapi.
    fn answers(&self, number: &str) -> Option<String> {
        self.standin.phone_number(number).unwrap()["assistantId"].as_str().map(str::to_owned)
    }

    async fn outbound(&self, agent: &Agent) -> Agent {
        self.store.save_agent(agent.org, "outbound", &agent.settings).await.unwrap()
    }
}

#[tokio::test]
async fn a_number_follows_its_agents_assistant() {
    let town = Town::new().await;
    let one = town.synced().await;
    let other = town.outbound(&one).await;
    town.passes(other.id).await;
    let other = town.agent(&other).await;
    let number = town.number(&one).await;
    town.passes(one.id).await;
    assert_eq!(town.answers(&number), one.assistant_id);
    town.mark(one.id).await;
    town.passes(one.id).await;
    assert_eq!(town.standin.count(Operation::UpdatePhoneNumber), 1, "one update");

    town.db.run(&format!("update phone_numbers set agent_id = '{}'", other.id)).await;
    for agent in [&one, &other] {
        town.passes(agent.id).await;
    }
    assert_eq!(town.answers(&number), other.assistant_id);
    assert_eq!(town.standin.count(Operation::UpdatePhoneNumber), 2);

    town.db.run("update phone_numbers set agent_id = null").await;
    town.passes(other.id).await;
    assert_eq!(town.answers(&number), None);
    town.db.run(&format!("update phone_numbers set agent_id = '{}'", one.id)).await;
    town.passes(one.id).await;
    assert_eq!(town.answers(&number), one.assistant_id);
    town.db.run("delete from phone_numbers").await;
    town.passes(one.id).await;
    assert_eq!(town.answers(&number), None);
    town.close().await;
}

#[tokio::test]
async fn a_new_assistant_takes_over_the_numbers_of_the_old_one() {
    let town = Town::new().await;
    let agent = town.synced().await;
    let number = town.number(&agent).await;
    town.passes(agent.id).await;
    town.standin.delete_assistant(agent.assistant_id.as_deref().unwrap());
    town.run(Maintenance::VerifyAssistants).await;
    town.passes(agent.id).await;
    let new = town.agent(&agent).await.assistant_id;
    assert_ne!(new, agent.assistant_id);
    assert_eq!(town.answers(&number), new);
    town.close().await;
}

#[tokio::test]
async fn a_number_that_vapi_lacks_blocks_no_other() {
    let town = Town::new().await;
    let agent = town.fresh().await;
    town.own(&agent, "7b7b7b7b-0000-4000-8000-000000000001").await;
    town.pass(agent.id).await.unwrap();
    town.assert_exact(&agent).await;
    let reason = town.progress(&agent).await.reason;
    let expected = "phone number 7b7b7b7b-0000-4000-8000-000000000001: Vapi does not have it";
    assert_eq!(reason.as_deref(), Some(expected));
    town.run(Maintenance::VerifyAssistants).await;
    town.passes(agent.id).await;
    assert_eq!(town.standin.count(Operation::UpdatePhoneNumber), 1, "one update");
    town.close().await;
}

#[tokio::test]
async fn a_failed_number_update_keeps_the_agent_owed_and_its_assistant() {
    let town = Town::new().await;
    let agent = town.synced().await;
    let number = town.number(&agent).await;
    town.standin.fail_next(Operation::UpdatePhoneNumber, Fault::status(503));
    town.pass(agent.id).await.unwrap();
    assert_eq!(town.answers(&number), None);
    assert_eq!(town.progress(&agent).await.stage, AssistantStage::Pending);
    town.passes(agent.id).await;
    assert_eq!(town.answers(&number), agent.assistant_id);
    assert_eq!(town.counts(), [0, 0, 0, 0]);
    town.close().await;
}

#[tokio::test]
async fn a_number_that_was_changed_at_vapi_is_changed_back() {
    let town = Town::new().await;
    let agent = town.synced().await;
    let number = town.number(&agent).await;
    town.passes(agent.id).await;
    let client = town.context().assistants.unwrap().client;
    client.update_phone_number(&number, &serde_json::json!({"assistantId": Value::Null})).await.unwrap();
    assert_eq!(town.answers(&number), None);
    town.run(Maintenance::VerifyAssistants).await;
    town.passes(agent.id).await;
    assert_eq!(town.answers(&number), agent.assistant_id);
    town.close().await;
}

#[tokio::test]
async fn of_two_concurrent_updates_of_a_number_the_owners_wins() {
    let town = Town::new().await;
    let one = town.synced().await;
    let other = town.outbound(&one).await;
    town.passes(other.id).await;
    let other = town.agent(&other).await;
    let number = town.number(&one).await;
    town.passes(one.id).await;
    // The number moves. The old agent's update, read before the move, reaches Vapi after the new agent's.
    let read = town.store.phone_mappings_owed(one.id, None).await.unwrap().remove(0);
    town.db.run(&format!("update phone_numbers set agent_id = '{}'", other.id)).await;
    town.passes(other.id).await;
    assert_eq!(town.answers(&number), other.assistant_id);
    let client = town.context().assistants.unwrap().client;
    client.update_phone_number(&number, &serde_json::json!({"assistantId": one.assistant_id})).await.unwrap();
    let late = store::phone_mappings::OwedMapping { assistant_id: one.assistant_id.clone(), ..read };
    town.store.record_phone_mapping(one.id, &late, None).await.unwrap();
    for agent in [&one, &other] {
        town.passes(agent.id).await;
    }
    assert_eq!(town.answers(&number), other.assistant_id);
    town.close().await;
}

#[tokio::test]
async fn a_deleted_agents_number_sends_assistant_requests_again() {
    let town = Town::new().await;
    let agent = town.synced().await;
    let number = town.number(&agent).await;
    town.passes(agent.id).await;
    town.db.run("delete from agents").await;
    town.passes(agent.id).await;
    assert_eq!(town.answers(&number), None);
    assert_eq!(town.db.count("select count(*) from prewarm.assistants").await, 0);
    town.close().await;
}
