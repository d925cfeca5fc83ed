//! Makes a test call: waits until Vapi holds the agent as last saved, then has Vapi make a call for the browser. A
//! person is waiting, so this job retries by itself and gives up soon.

use std::time::Duration;

use readmodel::{
    ids::{AgentId, OrgId},
    time::Timestamp,
};
use serde_json::json;
use store::{
    Store,
    assistants::AssistantStage,
    test_calls::{TestCall, TestCallStage, TestCallStep},
};
use tokio::time::{sleep, timeout};
use uuid::Uuid;
use vapi::client::{Call, Client, Error, WebCall};

use crate::{Context, JobError, assistants};

/// The limit of the whole job. `prewarm.test_call_waits()` is the fallback for calls that no worker took.
const TIME_LIMIT: Duration = Duration::from_secs(25);
/// Delay between reads of the assistant's stage.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// Requests for a call that may go unanswered, without Vapi listing the call. Each may occupy a line for some seconds.
const MAX_LOST: usize = 2;
/// Tolerated clock skew between Vapi and our database.
const MAX_CLOCK_SKEW: Duration = Duration::from_mins(5);
/// Calls in a page of the search. The newest come first, so a call made just now is on it.
const PAGE_SIZE: usize = 50;
/// Delay before Vapi is asked again.
const RETRY_DELAY: Duration = Duration::from_millis(500);

/// The reason why there is no call, for the person who waits.
struct FailureReason(String);

pub(crate) async fn run(context: &Context, id: Uuid) -> Result<(), JobError> {
    let store = &context.store;
    let call = store.test_call(id).await.map_err(JobError::retry)?;
    let Some(call) = call.filter(|call| !call.stage.is_last()) else { return Ok(()) };
    let made = match &context.assistants {
        Some(assistants) => timeout(TIME_LIMIT, Maker::new(context, &assistants.client, id, call).make()).await,
        None => Ok(Err(FailureReason("Vapi is not connected: no VAPI_API_KEY is set.".to_owned()).into())),
    };
    let reason = match made {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(MakeError::Failed(reason))) => reason,
        Ok(Err(MakeError::Store(error))) => return Err(JobError::retry(error)),
        Err(_) => FailureReason("Vapi did not make the call in time. Please try again.".to_owned()),
    };
    store.advance_test_call(id, TestCallStep::Failed { reason: &reason.0 }).await.map_err(JobError::retry)?;
    Ok(())
}

enum MakeError {
    Failed(FailureReason),
    Store(store::Error),
}

impl From<FailureReason> for MakeError {
    fn from(reason: FailureReason) -> Self {
        Self::Failed(reason)
    }
}

impl From<store::Error> for MakeError {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

/// Makes one test call.
struct Maker<'a> {
    context: &'a Context,
    client: &'a Client,
    id: Uuid,
    call: TestCall,
    /// Requests whose answer was lost.
    lost: usize,
}

impl<'a> Maker<'a> {
    /// A call in stage connecting may have been made by a worker that died.
    fn new(context: &'a Context, client: &'a Client, id: Uuid, call: TestCall) -> Self {
        let lost = usize::from(call.stage == TestCallStage::Connecting);
        Self { context, client, id, call, lost }
    }

    /// Runs until the call is made, or closed by somebody else.
    async fn make(mut self) -> Result<(), MakeError> {
        let store = &self.context.store;
        loop {
            // Synced here rather than by another worker's claim: a person waits. The result is in the agent's row.
            let _ = assistants::run(self.context, self.call.agent).await;
            let assistant_id = synced(store, self.call.org, self.call.agent).await?;
            if !store.advance_test_call(self.id, TestCallStep::Connecting { assistant_id: &assistant_id }).await? {
                return Ok(());
            }
            match self.web_call(&assistant_id).await {
                Ok(Some(WebCall { id: vapi_call_id, url })) => {
                    let step = TestCallStep::Ready { vapi_call_id: &vapi_call_id, web_call_url: url.as_str() };
                    store.advance_test_call(self.id, step).await?;
                    return Ok(());
                }
                Ok(None) => {
                    return Err(FailureReason("Vapi's answers were lost. Please try again later.".to_owned()).into());
                }
                Err(Error::Missing) => {
                    store.note_vanished(self.call.agent, &assistant_id, "Vapi does not have it").await?;
                    sleep(RETRY_DELAY).await;
                }
                Err(Error::Rejected { status, words }) => return Err(refusal(status, &words).into()),
                Err(error) => sleep(error.retry_after().unwrap_or(RETRY_DELAY)).await,
            }
        }
    }

    /// Has Vapi make the call, or finds the one it made when its answer was lost: Vapi does not deduplicate, and each
    /// call takes a line. `None` after too many lost answers.
    async fn web_call(&mut self, assistant_id: &str) -> Result<Option<WebCall>, Error> {
        if self.lost > 0
            && let Some(made) = self.made().await?
        {
            return Ok(Some(made));
        }
        if self.lost >= MAX_LOST {
            return Ok(None);
        }
        let overrides = json!({ "metadata": { "is_test_call": true, "test_call_id": self.id } });
        let made = self.client.web_call(assistant_id, Some(&overrides)).await;
        self.lost += usize::from(matches!(made, Err(Error::Unclear { .. })));
        made.map(Some)
    }

    async fn made(&self) -> Result<Option<WebCall>, Error> {
        let since = self.call.created_at.as_micros() - i64::try_from(MAX_CLOCK_SKEW.as_micros()).unwrap_or_default();
        let page = self.client.calls_changed_since(Timestamp::from_micros(since), None, PAGE_SIZE).await?;
        let id = self.id.to_string();
        let ours = page.calls.iter().find(|call| call.body["assistantOverrides"]["metadata"]["test_call_id"] == id);
        Ok(ours.and_then(Call::to_join))
    }
}

/// Waits until Vapi holds the agent as last saved.
async fn synced(store: &Store, org: OrgId, agent: AgentId) -> Result<String, MakeError> {
    loop {
        let Some(progress) = store.assistant_progress(org, agent).await? else {
            return Err(FailureReason("The agent was deleted.".to_owned()).into());
        };
        match (progress.stage, progress.assistant_id) {
            (AssistantStage::Synced, Some(assistant_id)) => return Ok(assistant_id),
            (AssistantStage::Failed, _) => {
                let reason = progress.reason.unwrap_or_else(|| "Vapi rejects it.".to_owned());
                return Err(FailureReason(format!("The assistant is not ready: {reason}")).into());
            }
            _ => sleep(POLL_INTERVAL).await,
        }
    }
}

fn refusal(status: u16, words: &[String]) -> FailureReason {
    let words = words.join(" ");
    FailureReason(match status {
        401 | 403 => {
            format!("Vapi does not accept our key. The operator of this installation has to replace it. {words}")
        }
        402 => format!("Vapi refuses because of the bill. {words}"),
        _ => words,
    })
}
