//! Vapi knows whose assistant answers which number.

use jobs::Maintenance;
use serde_json::Value;
use store::{agents::Agent, assistants::AssistantStage};
use vapi_standin::{Fault, Operation};

use crate::assistants::town::Town;

const NUMBER: &str = "+15550100001";

impl Town {
    /// Another number of an agent; Vapi's id of it.
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

    /// Who answers, at Vapi.
    fn answers(&self, number: &str) -> Option<String> {
        self.standin.phone_number(number).unwrap()["assistantId"].as_str().map(str::to_owned)
    }

    async fn outbound(&self, agent: &Agent) -> Agent {
        self.store.save_agent(agent.org, "outbound", &agent.settings).await.unwrap()
    }
}

#[tokio::test]
async fn a_number_is_answered_by_its_agents_assistant_wherever_it_moves() {
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
    assert_eq!(town.standin.count(Operation::UpdatePhoneNumber), 1, "told once");

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
async fn a_number_that_vapi_does_not_have_holds_nobody_up() {
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
    assert_eq!(town.standin.count(Operation::UpdatePhoneNumber), 1, "it is told once");
    town.close().await;
}

#[tokio::test]
async fn a_failure_about_a_number_keeps_the_agent_owed_and_its_assistant_as_it_is() {
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
async fn a_number_that_somebody_else_has_changed_is_changed_back() {
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
async fn of_two_who_tell_vapi_at_once_the_owner_has_the_last_word() {
    let town = Town::new().await;
    let one = town.synced().await;
    let other = town.outbound(&one).await;
    town.passes(other.id).await;
    let other = town.agent(&other).await;
    let number = town.number(&one).await;
    town.passes(one.id).await;
    // The number moves; the old agent's word, read before, reaches Vapi after the new agent's.
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
async fn a_deleted_agents_number_asks_us_again() {
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
