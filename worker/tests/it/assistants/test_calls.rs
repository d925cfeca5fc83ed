//! Test calls, for which a person waits in the browser.

use std::time::Duration;

use store::{
    agents::Agent,
    queue::{Job, Queue},
    test_calls::{TestCall, TestCallStage},
};
use uuid::Uuid;
use vapi_standin::{Fault, Operation};

use worker::Limits;

use crate::{
    assistants::town::Town,
    harness::{Probe, Running, eventually, patient},
};

const LEASE: Duration = Duration::from_secs(20);

impl Town {
    /// Starts a test call.
    async fn click(&self, agent: &Agent) -> Uuid {
        self.store.open_test_call(Uuid::new_v4(), agent.org, "inbound").await.unwrap().unwrap().id
    }

    async fn look(&self, id: Uuid) -> TestCall {
        self.store.test_call(id).await.unwrap().unwrap()
    }

    async fn connect(&self, id: Uuid) -> TestCall {
        jobs::run(&self.context(), &Job::TestCall(id)).await.unwrap();
        self.look(id).await
    }

    /// Registers a worker with access to Vapi.
    async fn lives(&self, worker: &str) {
        self.store.heartbeat(worker, Queue::Prewarm, LEASE, &[]).await.unwrap();
    }
}

/// A worker's starts, of test calls and of everything else that needs Vapi.
fn starts(probe: &Probe) -> (usize, usize) {
    (probe.starts_of("test_call"), probe.starts_of("prewarm") + probe.starts_of("take_up_assistants"))
}

#[tokio::test]
async fn neither_calls_nor_saves_take_every_place() {
    let town = Town::new().await;
    let mut agents = Vec::new();
    for _ in 0..6 {
        agents.push(town.fresh().await);
    }
    let mut config = patient();
    config.prewarm = Some(Limits { concurrency: 4, ..config.rebuild.clone() });
    config.shutdown = Duration::from_millis(1);
    let probe = Probe::new(async |_| std::future::pending().await);
    let running = Running::start(config.clone(), &town.db.pg, &probe);
    eventually("three places are taken", async || (starts(&probe) == (0, 3)).then_some(())).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(starts(&probe), (0, 3), "the last place is for a call");
    town.click(&agents[0]).await;
    eventually("the call is made", async || (starts(&probe) == (1, 3)).then_some(())).await;
    running.stop().await;

    // Calls go first, but do not take every place.
    for agent in &agents[1..5] {
        town.click(agent).await;
    }
    let probe = Probe::new(async |_| std::future::pending().await);
    let running = Running::start(config, &town.db.pg, &probe);
    eventually("four places are taken", async || (starts(&probe) == (3, 1)).then_some(())).await;
    running.stop().await;
    town.close().await;
}

/// The killed worker's claim would last for a minute.
#[tokio::test]
async fn a_lost_test_call_is_made_by_another_worker() {
    let town = Town::new().await;
    let agent = town.synced().await;
    let call = town.click(&agent).await;
    town.lives("killed").await;
    assert!(town.db.claim("killed", Queue::Prewarm).await.is_some());
    assert!(town.db.claim("next", Queue::Prewarm).await.is_none(), "it is claimed");
    town.db.run("update prewarm.test_calls set until = now()").await;
    let worker = town.start();
    eventually("it is ready", async || (town.look(call).await.stage == TestCallStage::Ready).then_some(())).await;
    worker.stop().await;
    town.close().await;
}

#[tokio::test]
async fn a_test_call_without_a_worker_fails_soon() {
    let town = Town::new().await;
    let agent = town.synced().await;
    let call = town.click(&agent).await;
    // A worker may be restarting.
    assert_eq!(town.store.close_test_calls().await.unwrap(), 0);
    town.db.run("update prewarm.test_calls set created_at = now() - interval '4 seconds'").await;
    assert_eq!(town.store.close_test_calls().await.unwrap(), 1);
    let call = town.look(call).await;
    assert_eq!(call.stage, TestCallStage::Failed);
    assert!(call.reason.unwrap().contains("VAPI_API_KEY"));
    town.lives("worker").await;
    town.click(&agent).await;
    town.db.run("update prewarm.test_calls set created_at = now() - interval '4 seconds'").await;
    assert_eq!(town.store.close_test_calls().await.unwrap(), 0);
    town.close().await;
}

#[tokio::test]
async fn a_call_whose_answer_was_lost_is_found_instead_of_created_again() {
    let town = Town::new().await;
    let agent = town.synced().await;
    town.lives("worker").await;
    for fault in [Fault::ResetAfter, Fault::Truncated, Fault::StatusAfter(502)] {
        town.standin.forget_requests();
        town.standin.fail_next(Operation::CreateWebCall, fault.clone());
        let call = town.connect(town.click(&agent).await).await;
        assert_eq!(call.stage, TestCallStage::Ready, "{fault:?}");
        assert!(call.web_call_url.is_some(), "{fault:?}");
        assert_eq!(town.standin.count(Operation::CreateWebCall), 1, "{fault:?}");
        town.db.run("update prewarm.test_calls set stage = 'ended'").await;
    }
    // The second call is found as well.
    town.standin.forget_requests();
    for fault in [Fault::ResetBefore, Fault::ResetAfter] {
        town.standin.fail_next(Operation::CreateWebCall, fault);
    }
    let call = town.connect(town.click(&agent).await).await;
    assert_eq!((call.stage, town.standin.count(Operation::CreateWebCall)), (TestCallStage::Ready, 2));
    town.db.run("update prewarm.test_calls set stage = 'ended'").await;
    // A call that cannot be found is created once more, and then not again.
    town.standin.forget_requests();
    town.standin.fail_always(Operation::CreateWebCall, Fault::ResetBefore);
    let call = town.connect(town.click(&agent).await).await;
    assert_eq!((call.stage, town.standin.count(Operation::CreateWebCall)), (TestCallStage::Failed, 2));
    town.close().await;
}

#[tokio::test]
async fn a_worker_that_takes_over_a_call_looks_for_it_first() {
    let town = Town::new().await;
    let agent = town.synced().await;
    town.lives("worker").await;
    let call = town.click(&agent).await;
    assert_eq!(town.connect(call).await.stage, TestCallStage::Ready);
    // The worker died before it recorded the result.
    town.db.run("update prewarm.test_calls set stage = 'connecting', web_call_url = null").await;
    assert_eq!(town.connect(call).await.stage, TestCallStage::Ready);
    assert_eq!(town.standin.count(Operation::CreateWebCall), 1);
    town.close().await;
}

#[tokio::test]
async fn a_call_that_was_closed_meanwhile_is_not_created() {
    let town = Town::new().await;
    let agent = town.synced().await;
    town.lives("worker").await;
    town.save(agent.org, "second").await;
    town.standin.fail_next(Operation::UpdateAssistant, Fault::Slow(Duration::from_millis(800)));
    let id = town.click(&agent).await;
    let (call, ()) = tokio::join!(town.connect(id), async {
        town.standin.asked(Operation::UpdateAssistant, 1).await;
        town.db.run("update prewarm.test_calls set stage = 'failed', reason = 'closed'").await;
    });
    assert_eq!((call.stage, call.reason.as_deref()), (TestCallStage::Failed, Some("closed")));
    assert_eq!(town.standin.count(Operation::CreateWebCall), 0);
    town.close().await;
}
