//! Makes a test call: waits until Vapi holds the agent as it was saved last, then has Vapi make a call for the browser. The
//! person who clicked watches, so that this job tries again by itself, and within a person's patience.

use std::time::Duration;

use readmodel::ids::{AgentId, OrgId};
use serde_json::json;
use store::{
    Store, assistants,
    test_calls::{Step, TestCall},
};
use tokio::time::{sleep, timeout};
use uuid::Uuid;
use vapi::client::{Client, Error, WebCall};

use crate::{Context, JobError, prewarm};

/// What is not ready by then is given up. Postgres gives up a little later what no worker has taken.
const PATIENCE: Duration = Duration::from_secs(25);
/// Between looks at the assistant.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Before Vapi is asked again.
const PAUSE: Duration = Duration::from_millis(500);

/// Why there will be no call, in words for the person who waits.
struct Trouble(String);

pub(crate) async fn run(context: &Context, id: Uuid) -> Result<(), JobError> {
    let store = &context.store;
    let call = store.test_call(id).await.map_err(JobError::retry)?;
    let Some(call) = call.filter(|call| !call.stage.is_last()) else { return Ok(()) };
    let made = match &context.prewarm {
        Some(prewarm) => timeout(PATIENCE, make(context, &prewarm.client, id, &call)).await,
        None => Ok(Err(Trouble("Vapi is not connected: no VAPI_API_KEY is set.".to_owned()).into())),
    };
    let trouble = match made {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(Ended::Trouble(trouble))) => trouble,
        Ok(Err(Ended::Store(error))) => return Err(JobError::retry(error)),
        Err(_) => Trouble("Vapi did not make the call in time. Please try again.".to_owned()),
    };
    store.advance_test_call(id, Step::Failed { reason: &trouble.0 }).await.map_err(JobError::retry)?;
    Ok(())
}

enum Ended {
    Trouble(Trouble),
    Store(store::Error),
}

impl From<Trouble> for Ended {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl From<store::Error> for Ended {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

async fn make(context: &Context, client: &Client, id: Uuid, call: &TestCall) -> Result<(), Ended> {
    let store = &context.store;
    loop {
        // Here and now, whoever else would come to it: a person waits. What becomes of it is written in its row.
        let _ = prewarm::run(context, call.agent).await;
        let assistant_id = synced(store, call.org, call.agent).await?;
        store.advance_test_call(id, Step::Connecting { assistant_id: &assistant_id }).await?;
        let overrides = json!({ "metadata": { "is_test_call": true, "test_call_id": id } });
        match client.web_call(&assistant_id, Some(&overrides)).await {
            Ok(WebCall { id: vapi_call_id, url }) => {
                let step = Step::Ready { vapi_call_id: &vapi_call_id, web_call_url: url.as_str() };
                store.advance_test_call(id, step).await?;
                return Ok(());
            }
            Err(Error::Missing) => {
                store.note_vanished(call.agent, &assistant_id, "Vapi does not have it").await?;
                sleep(PAUSE).await;
            }
            Err(Error::Rejected { status, words }) => return Err(refusal(status, &words).into()),
            // Should the call have been made after all, nobody joins it, and Vapi ends it.
            Err(error) => sleep(error.retry_after().unwrap_or(PAUSE)).await,
        }
    }
}

/// Waits until Vapi holds the agent as it was saved last.
async fn synced(store: &Store, org: OrgId, agent: AgentId) -> Result<String, Ended> {
    loop {
        let Some(progress) = store.assistant_progress(org, agent).await? else {
            return Err(Trouble("The agent is gone.".to_owned()).into());
        };
        match (progress.stage, progress.assistant_id) {
            (assistants::Stage::Synced, Some(assistant_id)) => return Ok(assistant_id),
            (assistants::Stage::Failed, _) => {
                let reason = progress.reason.unwrap_or_else(|| "Vapi does not take it.".to_owned());
                return Err(Trouble(format!("The assistant is not ready: {reason}")).into());
            }
            _ => sleep(LOOK_EVERY).await,
        }
    }
}

fn refusal(status: u16, words: &[String]) -> Trouble {
    let words = words.join(" ");
    Trouble(match status {
        401 | 403 => format!("Vapi does not accept our key. Whoever runs this installation has to mend it. {words}"),
        402 => format!("Vapi refuses for the sake of the bill. {words}"),
        _ => words,
    })
}
