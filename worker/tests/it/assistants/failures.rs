//! Vapi fails, in each way: no second assistant, nothing lost, and no more requests than need be.

use jobs::Maintenance;
use store::assistants::AssistantStage;
use vapi_standin::{Fault, Operation};

use crate::{assistants::town::Town, harness::eventually};

fn faults() -> Vec<(Fault, bool)> {
    // And whether the work is done before it shows.
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
async fn no_failure_of_a_first_save_makes_two_assistants() {
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
async fn a_lost_answer_is_looked_for_even_if_another_configuration_was_saved_meanwhile() {
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
async fn nothing_is_made_while_nobody_knows_what_there_is() {
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
async fn no_failure_of_a_later_save_makes_a_second_assistant() {
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
async fn a_change_whose_answer_was_lost_is_not_taken_back_for_nothing() {
    for fault in [Fault::ResetAfter, Fault::StatusAfter(502), Fault::HangAfter] {
        let town = Town::new().await;
        let agent = town.synced().await;
        town.save(agent.org, "second").await;
        town.standin.fail_next(Operation::UpdateAssistant, fault.clone());
        town.pass(agent.id).await.unwrap();
        assert_eq!(town.agent(&agent).await.config_hash, None, "{fault:?}: nobody knows what Vapi holds");
        town.save(agent.org, "first").await;
        town.passes(agent.id).await;
        town.assert_exact(&agent).await;
        assert_eq!(town.counts(), [0, 2, 0, 0], "{fault:?}");
        town.close().await;
    }
}

#[tokio::test]
async fn a_404_of_somebody_in_between_makes_no_second_one() {
    let town = Town::new().await;
    let agent = town.synced().await;
    town.save(agent.org, "second").await;
    // The list says otherwise, however often the other one says it.
    for _ in 0..2 {
        town.standin.fail_next(Operation::UpdateAssistant, Fault::status(404));
    }
    town.passes(agent.id).await;
    town.assert_exact(&agent).await;
    assert_eq!(town.agent(&agent).await.assistant_id, agent.assistant_id);
    assert_eq!(town.counts(), [0, 3, 2, 0]);
    // And when it says so of everything.
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
async fn only_a_404_makes_it_again_and_once() {
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
async fn a_404_and_then_a_lost_answer_make_one() {
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
async fn vapi_is_left_alone_for_as_long_as_it_asks() {
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
    // Which lets it be tried when it starts, and then no more: its gate is told the same.
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
async fn an_outage_is_no_dead_letter_however_many_attempts_it_outlasts() {
    let town = Town::new().await;
    let agent = town.synced().await;
    town.standin.fail_always(Operation::UpdateAssistant, Fault::status(503));
    town.save(agent.org, "second").await;
    let worker = town.start();
    let starts = "select coalesce(max(attempts), 0)::int8 from prewarm.assistants";
    eventually("ten starts", async || (town.db.count(starts).await >= 10).then_some(())).await;
    assert_eq!(town.db.count("select count(*) from apalis.jobs where status = 'Killed'").await, 0);
    assert_eq!(town.db.count("select count(*) from prewarm.agent_marks").await, 1);
    town.standin.heal();
    town.settled().await;
    town.assert_exact(&agent).await;
    assert_eq!(town.db.count(starts).await, 0);
    worker.stop().await;
    town.close().await;
}

#[tokio::test]
async fn agents_that_wait_are_tried_when_a_worker_starts() {
    let town = Town::new().await;
    let agent = town.synced().await;
    town.save(agent.org, "second").await;
    town.db.run("update prewarm.assistants set not_before = now() + interval '1 hour'").await;
    town.run(Maintenance::AuditAssistants).await;
    assert_eq!(town.db.count("select prewarm.fold_agents()::int8").await, 0);
    town.run(Maintenance::TakeUpAssistants).await;
    assert_eq!(town.db.count("select prewarm.fold_agents()::int8").await, 1);
    town.close().await;
}

#[tokio::test]
async fn h21_the_first_success_wakes_all_who_were_put_off() {
    let town = Town::new().await;
    let context = town.patient();
    let mut agents = Vec::new();
    town.standin.fail_always(Operation::CreateAssistant, Fault::status(503));
    for _ in 0..3 {
        let agent = town.fresh().await;
        jobs::Job::SyncAssistant(agent.id).run(&context).await.unwrap();
        agents.push(agent);
    }
    let put_off = "select count(*) from prewarm.assistants where not_before > now() + interval '10 minutes'";
    assert_eq!(town.db.count(put_off).await, 3);
    town.standin.heal();
    let another = town.fresh().await;
    jobs::Job::SyncAssistant(another.id).run(&context).await.unwrap();
    town.assert_exact(&another).await;
    assert_eq!(town.db.count(put_off).await, 0);
    town.close().await;
}

#[tokio::test]
async fn h21_a_wait_that_vapi_asks_for_counts_as_no_bad_end() {
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
async fn h12_an_assistant_that_two_orgs_name_is_changed_by_neither() {
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
