//! Failures of Vapi cause no second assistant, no loss, and no needless requests.

use jobs::Maintenance;
use store::{assistants::AssistantStage, queue::Job};
use vapi_standin::{Fault, Operation};

use crate::{assistants::town::Town, harness::eventually};

fn faults() -> Vec<(Fault, bool)> {
    // Failures before and after the work.
    let busy = Fault::Status { code: 429, retry_after: Some("0".to_owned()) };
    vec![
        (busy, false),
        (Fault::status(429), false),
        (Fault::status(500), false),
        (Fault::status(408), false),
        (Fault::ResetBefore, false),
        (Fault::Hang, false),
        (Fault::StatusAfter(502), true),
        (Fault::ResetAfter, true),
        (Fault::Truncated, true),
        (Fault::Garbage, true),
        (Fault::HangAfter, true),
    ]
}

#[tokio::test]
async fn no_failure_of_a_first_save_creates_two_assistants() {
    for (fault, done) in faults() {
        let town = Town::new().await;
        let agent = town.fresh().await;
        town.standin.fail_next(Operation::CreateAssistant, fault.clone());
        town.pass(agent.id).await.unwrap();
        let progress = town.progress(&agent).await;
        assert_eq!((progress.stage, progress.assistant_id), (AssistantStage::Pending, None), "{fault:?}");
        assert!(progress.reason.is_some_and(|reason| reason.contains("Vapi")), "{fault:?}");
        assert_eq!(town.assistants_of(agent.id).len(), usize::from(done), "{fault:?}");
        town.passes(agent.id).await;
        town.assert_exact(&agent).await;
        assert_eq!(town.standin.count(Operation::CreateAssistant), if done { 1 } else { 2 }, "{fault:?}");
        town.close().await;
    }
}

#[tokio::test]
async fn a_lost_answer_is_looked_up_even_after_another_save() {
    let town = Town::new().await;
    let agent = town.fresh().await;
    town.standin.fail_next(Operation::CreateAssistant, Fault::ResetAfter);
    town.pass(agent.id).await.unwrap();
    town.save(agent.org, "second").await;
    town.passes(agent.id).await;
    town.assert_exact(&agent).await;
    assert_eq!(town.counts(), [1, 1, 1, 0]);
    town.close().await;
}

#[tokio::test]
async fn no_assistant_is_created_while_the_list_fails() {
    let town = Town::new().await;
    let agent = town.fresh().await;
    town.standin.fail_next(Operation::CreateAssistant, Fault::ResetAfter);
    town.standin.fail_always(Operation::ListAssistants, Fault::status(503));
    for _ in 0..4 {
        town.pass(agent.id).await.unwrap();
    }
    assert_eq!(town.standin.count(Operation::CreateAssistant), 1);
    town.standin.heal();
    town.passes(agent.id).await;
    town.assert_exact(&agent).await;
    assert_eq!(town.standin.count(Operation::CreateAssistant), 1);
    town.close().await;
}

#[tokio::test]
async fn no_failure_of_a_later_save_creates_a_second_assistant() {
    for (fault, _) in faults() {
        let town = Town::new().await;
        let agent = town.synced().await;
        town.save(agent.org, "second").await;
        town.standin.fail_next(Operation::UpdateAssistant, fault.clone());
        town.pass(agent.id).await.unwrap();
        town.passes(agent.id).await;
        town.assert_exact(&agent).await;
        assert_eq!(town.counts(), [0, 2, 0, 0], "{fault:?}");
        town.close().await;
    }
}

#[tokio::test]
async fn an_update_whose_answer_was_lost_is_not_sent_again_needlessly() {
    for fault in [Fault::ResetAfter, Fault::StatusAfter(502), Fault::HangAfter] {
        let town = Town::new().await;
        let agent = town.synced().await;
        town.save(agent.org, "second").await;
        town.standin.fail_next(Operation::UpdateAssistant, fault.clone());
        town.pass(agent.id).await.unwrap();
        assert_eq!(town.agent(&agent).await.config_hash, None, "{fault:?}: the outcome at Vapi is unknown");
        town.save(agent.org, "first").await;
        town.passes(agent.id).await;
        town.assert_exact(&agent).await;
        assert_eq!(town.counts(), [0, 2, 0, 0], "{fault:?}");
        town.close().await;
    }
}

#[tokio::test]
async fn a_404_from_a_gateway_creates_no_second_assistant() {
    let town = Town::new().await;
    let agent = town.synced().await;
    town.save(agent.org, "second").await;
    // The list contradicts the repeated 404.
    for _ in 0..2 {
        town.standin.fail_next(Operation::UpdateAssistant, Fault::status(404));
    }
    town.passes(agent.id).await;
    town.assert_exact(&agent).await;
    assert_eq!(town.agent(&agent).await.assistant_id, agent.assistant_id);
    assert_eq!(town.counts(), [0, 3, 2, 0]);
    // The same with 404 for every path.
    town.save(agent.org, "third").await;
    for operation in [Operation::UpdateAssistant, Operation::ListAssistants] {
        town.standin.fail_always(operation, Fault::status(404));
    }
    town.pass(agent.id).await.unwrap();
    town.standin.heal();
    town.passes(agent.id).await;
    town.assert_exact(&agent).await;
    assert_eq!(town.standin.count(Operation::CreateAssistant), 0);
    town.close().await;
}

#[tokio::test]
async fn only_a_404_recreates_the_assistant_and_only_once() {
    let town = Town::new().await;
    let agent = town.synced().await;
    let old = agent.assistant_id.clone().unwrap();
    assert!(town.standin.delete_assistant(&old));
    town.save(agent.org, "second").await;
    town.pass(agent.id).await.unwrap();
    town.assert_exact(&agent).await;
    assert_ne!(town.agent(&agent).await.assistant_id, Some(old));
    assert_eq!(town.counts(), [1, 1, 1, 0]);
    town.close().await;
}

#[tokio::test]
async fn a_404_and_a_lost_answer_still_leave_one_assistant() {
    let town = Town::new().await;
    let agent = town.synced().await;
    assert!(town.standin.delete_assistant(agent.assistant_id.as_deref().unwrap()));
    town.save(agent.org, "second").await;
    town.standin.fail_next(Operation::CreateAssistant, Fault::Truncated);
    town.passes(agent.id).await;
    town.assert_exact(&agent).await;
    assert_eq!(town.standin.count(Operation::CreateAssistant), 1);
    town.close().await;
}

#[tokio::test]
async fn no_request_is_sent_before_retry_after_has_passed() {
    let town = Town::new().await;
    let agent = town.synced().await;
    town.save(agent.org, "second").await;
    let busy = Fault::Status { code: 429, retry_after: Some("1800".to_owned()) };
    town.standin.fail_next(Operation::UpdateAssistant, busy);
    town.pass(agent.id).await.unwrap();
    let waits = "select count(*) from prewarm.assistants
                  where not_before between now() + interval '29 minutes' and now() + interval '1 hour'";
    assert_eq!(town.db.count(waits).await, 1);
    let worker = town.start();
    // A started worker retries once; then its own gate is closed too.
    town.standin
        .fail_next(Operation::UpdateAssistant, Fault::Status { code: 429, retry_after: Some("1800".to_owned()) });
    town.standin.asked(Operation::UpdateAssistant, 2).await;
    town.db.until(waits, 1).await;
    let other = town.fresh().await;
    let put_off =
        "select count(*) from prewarm.assistants where stage = 'pending' and reason like '%no more requests%'";
    town.db.until(put_off, 2).await;
    assert_eq!(town.standin.count(Operation::CreateAssistant), 0, "{}", other.id);
    assert_eq!(town.db.store().dead_letters(10).await.unwrap().len(), 0);
    worker.stop().await;
    town.close().await;
}

#[tokio::test]
async fn an_outage_never_becomes_a_dead_letter() {
    let town = Town::new().await;
    let agent = town.synced().await;
    town.standin.fail_always(Operation::UpdateAssistant, Fault::status(503));
    town.save(agent.org, "second").await;
    let worker = town.start();
    let starts = "select coalesce(max(attempts), 0)::int8 from prewarm.assistants";
    eventually("ten starts", async || (town.db.count(starts).await >= 10).then_some(())).await;
    assert_eq!(town.db.count("select count(*) from prewarm.dead_letters").await, 0);
    assert_eq!(town.db.count("select count(*) from prewarm.agent_marks").await, 1);
    town.standin.heal();
    town.settled().await;
    town.assert_exact(&agent).await;
    assert_eq!(town.db.count(starts).await, 0);
    worker.stop().await;
    town.close().await;
}

#[tokio::test]
async fn deferred_agents_are_retried_when_a_worker_starts() {
    const NEXT: &str = "select count(agent_id) from prewarm.next_agent('00000000-0000-0000-0000-000000000000')";
    let town = Town::new().await;
    let agent = town.synced().await;
    town.save(agent.org, "second").await;
    town.db.run("update prewarm.assistants set not_before = now() + interval '1 hour'").await;
    town.run(Maintenance::AuditAssistants).await;
    assert_eq!(town.db.count(NEXT).await, 0);
    town.run(Maintenance::TakeUpAssistants).await;
    assert_eq!(town.db.count(NEXT).await, 1);
    town.close().await;
}

#[tokio::test]
async fn the_first_success_wakes_all_deferred_agents() {
    let town = Town::new().await;
    let context = town.patient();
    let mut agents = Vec::new();
    town.standin.fail_always(Operation::CreateAssistant, Fault::status(503));
    for _ in 0..3 {
        let agent = town.fresh().await;
        jobs::run(&context, &Job::SyncAssistant(agent.id)).await.unwrap();
        agents.push(agent);
    }
    let put_off = "select count(*) from prewarm.assistants where not_before > now() + interval '10 minutes'";
    assert_eq!(town.db.count(put_off).await, 3);
    town.standin.heal();
    let another = town.fresh().await;
    jobs::run(&context, &Job::SyncAssistant(another.id)).await.unwrap();
    town.assert_exact(&another).await;
    assert_eq!(town.db.count(put_off).await, 0);
    town.close().await;
}

#[tokio::test]
async fn retry_after_does_not_count_as_a_failure() {
    let town = Town::new().await;
    let agent = town.fresh().await;
    for code in [429, 503, 429, 503] {
        let fault = Fault::Status { code, retry_after: Some("0".to_owned()) };
        town.standin.fail_next(Operation::CreateAssistant, fault);
        town.pass(agent.id).await.unwrap();
    }
    assert_eq!(town.db.count("select coalesce(sum(attempts), 0)::bigint from prewarm.assistants").await, 0);
    town.passes(agent.id).await;
    town.assert_exact(&agent).await;
    town.close().await;
}

#[tokio::test]
async fn an_assistant_that_two_orgs_name_is_left_unchanged() {
    let town = Town::new().await;
    let owner = town.synced().await;
    let thief = town.fresh().await;
    let assistant = owner.assistant_id.clone().unwrap();
    let steal = format!("update agents set vapi_assistant_id = '{assistant}' where id = '{}'", thief.id);
    town.db.run(&steal).await;
    town.save(owner.org, "second").await;
    let requests = town.standin.requests().len();
    for agent in [&owner, &thief] {
        town.pass(agent.id).await.unwrap();
        let progress = town.progress(agent).await;
        assert_eq!(progress.stage, AssistantStage::Failed);
        assert!(progress.reason.unwrap().contains("another organisation"), "told to people");
    }
    assert_eq!(town.standin.requests().len(), requests);
    let let_go = "update agents set vapi_assistant_id = null where id = ";
    town.db.run(&format!("{let_go} '{}'; update prewarm.assistants set not_before = null", thief.id)).await;
    for agent in [&owner, &thief] {
        town.passes(agent.id).await;
        town.assert_exact(agent).await;
    }
    town.close().await;
}
