//! Calls that no webhook has reported.

use std::time::Duration;

use intake::{Message, Outcome};
use jobs::{Job, JobError, Maintenance};
use serde_json::{Value, json};
use store::agents::Agent;
use testkit::sqlx;
use vapi::Envelope;
use vapi_standin::{CallEnd, CallKind, Fault, NewCall, Operation};

use crate::assistants::town::Town;

impl Town {
    async fn reconcile(&self) -> Result<(), JobError> {
        Job::Maintenance(Maintenance::Reconcile).run(&self.context()).await
    }

    /// Adds an ended call of an agent.
    fn call(&self, agent: &Agent, summary: &str) -> String {
        let call = self.standin.begin_call(&NewCall {
            kind: CallKind::Inbound,
            assistant_id: agent.assistant_id.clone(),
            phone_number_id: None,
            customer_number: Some("+15550100001".to_owned()),
        });
        let end = CallEnd {
            reason: "customer-ended-call".to_owned(),
            duration: Duration::from_secs(60),
            summary: summary.to_owned(),
            cost: 0.25,
        };
        assert!(self.standin.end_call(&call, &end));
        call
    }

    async fn take(&self, body: Value) -> Outcome {
        let message = Message::from(Envelope::from_json(body).unwrap());
        intake::take(&self.store, &[message]).await.remove(0).unwrap()
    }

    /// The number of calls with this summary.
    async fn summed_up(&self, summary: &str) -> i64 {
        self.db.count(&format!("select count(*) from calls where summary = '{summary}'")).await
    }
}

const EVENTS: &str = "select count(*) from prewarm.events";

#[tokio::test]
async fn a_report_that_arrives_after_the_list_is_stored_too() {
    let town = Town::new().await;
    let agent = town.synced().await;
    let call = town.call(&agent, "as it is listed");
    town.reconcile().await.unwrap();
    assert_eq!(town.summed_up("as it is listed").await, 1);
    let created_at = town.standin.call(&call).unwrap()["createdAt"].as_str().unwrap().to_owned();
    let heard = format!("select count(*) from calls where created_at = '{created_at}'");
    assert_eq!(town.db.count(&heard).await, 1, "it was made when Vapi made it");

    let mut report = town.standin.webhooks(&call).pop().unwrap().body;
    report["message"]["analysis"] =
        json!({"summary": "as it is reported", "structuredData": {"sentiment": "positive"}});
    assert!(matches!(town.take(report).await, Outcome::Accepted(_)));
    let reported = "select count(*) from calls where summary = 'as it is reported' and sentiment_label = 'positive'";
    assert_eq!(town.db.count(reported).await, 1);
    town.close().await;
}

#[tokio::test]
async fn calls_known_from_webhooks_are_not_stored_again() {
    let town = Town::new().await;
    let agent = town.synced().await;
    let call = town.call(&agent, "told");
    for webhook in town.standin.webhooks(&call) {
        assert!(matches!(town.take(webhook.body).await, Outcome::Accepted(_)));
    }
    let told = town.db.count(EVENTS).await;
    town.reconcile().await.unwrap();
    assert_eq!(town.db.count(EVENTS).await, told);
    town.close().await;
}

#[tokio::test]
async fn transient_failures_are_retried_and_permanent_ones_skipped() {
    const PASSES: &str = "select count(*) from prewarm.reconciliation";
    let town = Town::new().await;
    let agent = town.synced().await;
    town.call(&agent, "waits");
    let mut holder = town.db.pg.begin().await.unwrap();
    sqlx::raw_sql("lock table calls in access exclusive mode").execute(&mut *holder).await.unwrap();
    assert!(town.reconcile().await.is_err());
    assert_eq!(town.db.count(PASSES).await, 0, "the next pass begins where this one did");
    holder.rollback().await.unwrap();
    town.db.run("alter table calls add check (summary <> 'refused')").await;
    town.call(&agent, "refused");
    town.reconcile().await.unwrap();
    assert_eq!((town.summed_up("waits").await, town.summed_up("refused").await), (1, 0));
    assert_eq!(town.db.count(PASSES).await, 1);
    town.close().await;
}

#[tokio::test]
async fn a_page_that_times_out_is_split_in_halves() {
    let town = Town::new().await;
    let agent = town.synced().await;
    for n in 0..60 {
        town.call(&agent, &format!("call {n}"));
        // Vapi's timestamps have milliseconds.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    // Failures as for pages that take too long: of a hundred, fifty and twenty-five calls.
    for fault in [Fault::Truncated, Fault::Garbage, Fault::ResetAfter] {
        town.standin.fail_next(Operation::ListCalls, fault);
    }
    town.reconcile().await.unwrap();
    assert_eq!(town.db.count("select count(*) from calls").await, 60);
    town.close().await;
}
