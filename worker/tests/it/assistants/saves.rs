//! Vapi has one assistant per saved agent, with its newest configuration.

use std::time::Duration;

use jobs::Maintenance;
use store::{assistants::AssistantStage, queue::Job};
use testkit::sqlx;
use vapi_standin::{Fault, Operation};

use crate::{
    assistants::town::{Town, payload, wanted},
    harness::eventually,
};

#[tokio::test]
async fn the_first_save_creates_an_assistant_and_the_next_updates_it() {
    let town = Town::new().await;
    let agent = town.fresh().await;
    assert_eq!(town.progress(&agent).await.stage, AssistantStage::Pending);
    town.pass(agent.id).await.unwrap();
    town.assert_exact(&agent).await;
    let id = town.agent(&agent).await.assistant_id;
    assert!(id.is_some());

    town.save(agent.org, "second").await;
    assert_eq!(town.progress(&agent).await.stage, AssistantStage::Pending);
    town.pass(agent.id).await.unwrap();
    town.assert_exact(&agent).await;
    assert_eq!(town.agent(&agent).await.assistant_id, id);
    assert_eq!(town.counts(), [1, 1, 0, 0]);
    town.close().await;
}

#[tokio::test]
async fn an_unchanged_save_costs_no_request() {
    let town = Town::new().await;
    let agent = town.synced().await;
    town.save(agent.org, "first").await;
    town.db.run("update agents set name = name, created_at = created_at").await;
    town.db.run("update agents set vapi_assistant_id = vapi_assistant_id, config_hash = config_hash").await;
    assert_eq!(town.db.count("select count(*) from prewarm.agent_marks").await, 0);
    // A change that is reverted.
    town.save(agent.org, "second").await;
    town.save(agent.org, "first").await;
    town.pass(agent.id).await.unwrap();
    town.run(Maintenance::AuditAssistants).await;
    assert_eq!(town.standin.requests(), []);
    assert_eq!(town.db.count("select count(*) from prewarm.agent_marks").await, 0);
    town.assert_exact(&agent).await;
    town.close().await;
}

#[tokio::test]
async fn saves_before_the_first_pass_are_one_request() {
    let town = Town::new().await;
    let agent = town.synced().await;
    for n in 0..10 {
        town.save(agent.org, &format!("prompt {n}")).await;
    }
    let workers = [town.start(), town.start()];
    town.settled().await;
    assert_eq!(town.standin.count(Operation::UpdateAssistant), 1);
    town.assert_exact(&agent).await;
    for worker in workers {
        worker.stop().await;
    }
    town.close().await;
}

#[tokio::test]
async fn saves_during_a_request_are_one_more_request_with_the_last_of_them() {
    let town = Town::new().await;
    let agent = town.synced().await;
    let workers = [town.start(), town.start(), town.start()];
    // Less than the limit of a request, and longer than three saves take on a busy machine.
    town.standin.fail_next(Operation::UpdateAssistant, Fault::Slow(Duration::from_millis(800)));
    town.save(agent.org, "begins it").await;
    town.standin.asked(Operation::UpdateAssistant, 1).await;
    assert_eq!(town.progress(&agent).await.stage, AssistantStage::Updating);
    for n in 0..3 {
        town.save(agent.org, &format!("prompt {n}")).await;
    }
    town.settled().await;
    assert_eq!(town.standin.count(Operation::UpdateAssistant), 2);
    assert_eq!(town.agent(&agent).await.settings.system_prompt.as_deref(), Some("prompt 2"));
    town.assert_exact(&agent).await;
    for worker in workers {
        worker.stop().await;
    }
    town.close().await;
}

#[tokio::test]
async fn each_stage_is_announced() {
    let town = Town::new().await;
    let mut listener = sqlx::postgres::PgListener::connect_with(&town.db.pg).await.unwrap();
    listener.listen("prewarm_console").await.unwrap();
    let agent = town.fresh().await;
    town.standin.fail_next(Operation::CreateAssistant, Fault::Slow(Duration::from_millis(800)));
    let (pass, ()) = tokio::join!(town.pass(agent.id), async {
        assert_eq!(listener.recv().await.unwrap().payload(), format!("agent {}", agent.id));
        let progress = town.progress(&agent).await;
        assert_eq!((progress.assistant_id, progress.config_hash), (None, None));
        // The save is in progress.
        let stage = "select count(*) from prewarm.assistants where stage = 'creating'";
        assert_eq!(town.db.count(stage).await, 1);
    });
    pass.unwrap();
    assert_eq!(listener.recv().await.unwrap().payload(), format!("agent {}", agent.id));
    let progress = town.progress(&agent).await;
    assert_eq!((progress.stage, progress.reason), (AssistantStage::Synced, None));
    assert!(progress.synced_at.is_some() && progress.verified_at.is_some());
    assert_eq!(progress.assistant_id, town.agent(&agent).await.assistant_id);
    drop(listener);
    town.close().await;
}

#[tokio::test]
async fn a_new_public_address_reaches_every_assistant_without_a_save() {
    const ELSEWHERE: &str = "https://elsewhere.example";
    let town = Town::new().await;
    let agents = [town.synced().await, town.synced().await];
    let moved = town.context_at(ELSEWHERE);
    Maintenance::TakeUpAssistants.run(&moved).await.unwrap();
    for agent in &agents {
        jobs::run(&moved, &Job::SyncAssistant(agent.id)).await.unwrap();
        let held = town.assistants_of(agent.id);
        assert_eq!(held.len(), 1);
        assert_eq!(held[0]["server"]["url"], format!("{ELSEWHERE}/webhooks/vapi"));
        assert_eq!(town.agent(agent).await.config_hash, Some(payload(agent, ELSEWHERE).hash().to_string()));
    }
    assert_eq!(town.db.count("select count(*) from prewarm.agent_marks").await, 0);
    town.close().await;
}

#[tokio::test]
async fn the_audit_finds_changes_without_a_mark() {
    let town = Town::new().await;
    let agents = [town.synced().await, town.synced().await, town.synced().await];
    let [hashless, unmarked, idle] = &agents;
    town.db.run(&format!("update agents set config_hash = null where id = '{}'", hashless.id)).await;
    town.save(unmarked.org, "second").await;
    town.db.run("truncate prewarm.agent_marks").await;
    town.run(Maintenance::AuditAssistants).await;
    for agent in &agents {
        town.pass(agent.id).await.unwrap();
        town.assert_exact(agent).await;
    }
    assert_eq!(town.counts(), [0, 2, 0, 0], "{}", idle.id);
    town.close().await;
}

#[tokio::test]
async fn two_agents_of_an_org_do_not_share_an_assistant() {
    let town = Town::new().await;
    let first = town.synced().await;
    // The row is copied with all its columns.
    town.db
        .run(&format!(
            "insert into agents (org_id, call_direction, name, system_prompt, first_message, voice, model, vapi_assistant_id)
             select org_id, 'outbound', name, system_prompt, first_message, voice, model, vapi_assistant_id
               from agents where id = '{}'",
            first.id
        ))
        .await;
    let second = town.store.agent(first.org, "outbound").await.unwrap().unwrap();
    let agents = [first, second];
    town.run(Maintenance::AuditAssistants).await;
    for agent in &agents {
        town.passes(agent.id).await;
    }
    // The agent with the lesser id keeps the assistant; in the end each has its own.
    town.run(Maintenance::VerifyAssistants).await;
    for agent in &agents {
        town.passes(agent.id).await;
    }
    for agent in &agents {
        town.assert_exact(agent).await;
    }
    town.close().await;
}

#[tokio::test]
async fn an_agent_of_a_worker_without_vapi_waits_for_one_that_has_it() {
    let town = Town::new().await;
    let agent = town.fresh().await;
    let shutdown = tokio_util::sync::CancellationToken::new();
    let health = monitoring::health::Health::default();
    let run = worker::run(crate::harness::quick(), town.store.clone(), None, health, shutdown.clone());
    let without = tokio::spawn(async move { run.await.unwrap() });
    // The worker runs and leaves the agent alone.
    town.db.until("select count(*) from prewarm.marks", 0).await;
    assert_eq!(town.db.count("select count(*) from prewarm.assistants where until is not null").await, 0);
    let with = town.start();
    eventually("it is made", async || (town.progress(&agent).await.stage == AssistantStage::Synced).then_some(()))
        .await;
    with.stop().await;
    shutdown.cancel();
    without.await.unwrap();
    town.close().await;
}

#[tokio::test]
async fn an_agent_causes_no_rebuild_of_its_org() {
    let town = Town::new().await;
    let agent = town.fresh().await;
    town.db.run("delete from prewarm.marks").await;
    town.save(agent.org, "second").await;
    town.db
        .run(&format!("insert into phone_numbers (org_id, agent_id) values ('{}', '{}')", agent.org, agent.id))
        .await;
    town.db.run("update phone_numbers set agent_id = null").await;
    town.db.run("delete from phone_numbers; delete from agents; truncate agents cascade").await;
    assert_eq!(town.db.count("select count(*) from prewarm.marks").await, 0);
    assert!(town.db.count("select count(*) from prewarm.agent_marks").await >= 5);
    town.close().await;
}

#[tokio::test]
async fn a_save_that_changes_nothing_returns_the_row_all_the_same() {
    let town = Town::new().await;
    let agent = town.synced().await;
    let same = town.store.save_agent(agent.org, "inbound", &wanted("first")).await.unwrap();
    assert_eq!(same, agent);
    assert_eq!(town.store.agent(agent.org, "outbound").await.unwrap(), None);
    town.close().await;
}
