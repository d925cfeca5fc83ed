//! Makes a test call: waits until Vapi holds the agent as it was saved last, then has Vapi make a call for the browser. The
//! person who clicked watches, so that this job tries again by itself, and within a person's patience.

use std::time::Duration;

use readmodel::{
    ids::{AgentId, OrgId},
    time::Timestamp,
};
use serde_json::json;
use store::{
    Store, assistants,
    test_calls::{Stage, Step, TestCall},
};
use tokio::time::{sleep, timeout};
use uuid::Uuid;
use vapi::client::{Call, Client, Error, WebCall};

use crate::{Context, JobError, prewarm};

/// A call that is not ready by then is given up. Postgres closes calls that no worker has taken a little later.
const PATIENCE: Duration = Duration::from_secs(25);
/// Between looks at the assistant.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Calls of which Vapi's answer was lost and that it does not list, at most. Each may take a line for some seconds.
const MAX_LOST: usize = 2;
/// By so much Vapi's clock may be behind the database's.
const CLOCKS_APART: Duration = Duration::from_mins(5);
/// Newest first, so that a call that was just made is on the first page.
const PAGE: usize = 50;
/// Before Vapi is asked again.
const PAUSE: Duration = Duration::from_millis(500);

/// Why there will be no call, in words for the person who waits.
struct Trouble(String);

pub(crate) async fn run(context: &Context, id: Uuid) -> Result<(), JobError> {
    let store = &context.store;
    let call = store.test_call(id).await.map_err(JobError::retry)?;
    let Some(call) = call.filter(|call| !call.stage.is_last()) else { return Ok(()) };
    let made = match &context.prewarm {
        Some(prewarm) => timeout(PATIENCE, Maker::new(context, &prewarm.client, id, call).make()).await,
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

/// Makes one test call.
struct Maker<'a> {
    context: &'a Context,
    client: &'a Client,
    id: Uuid,
    call: TestCall,
    /// How often Vapi was asked for it, and nobody knows what became of that.
    lost: usize,
}

impl<'a> Maker<'a> {
    /// One that was begun may have been made by a worker that has died since.
    fn new(context: &'a Context, client: &'a Client, id: Uuid, call: TestCall) -> Self {
        let lost = usize::from(call.stage == Stage::Connecting);
        Self { context, client, id, call, lost }
    }

    /// Until it is made, or closed by somebody else.
    async fn make(mut self) -> Result<(), Ended> {
        let store = &self.context.store;
        loop {
            // Here and now, whoever else would come to it: a person waits. What becomes of it is written in its row.
            let _ = prewarm::run(self.context, self.call.agent).await;
            let assistant_id = synced(store, self.call.org, self.call.agent).await?;
            if !store.advance_test_call(self.id, Step::Connecting { assistant_id: &assistant_id }).await? {
                return Ok(());
            }
            match self.web_call(&assistant_id).await {
                Ok(Some(WebCall { id: vapi_call_id, url })) => {
                    let step = Step::Ready { vapi_call_id: &vapi_call_id, web_call_url: url.as_str() };
                    store.advance_test_call(self.id, step).await?;
                    return Ok(());
                }
                Ok(None) => {
                    return Err(Trouble("Vapi's answers were lost. Please try again later.".to_owned()).into());
                }
                Err(Error::Missing) => {
                    store.note_vanished(self.call.agent, &assistant_id, "Vapi does not have it").await?;
                    sleep(PAUSE).await;
                }
                Err(Error::Rejected { status, words }) => return Err(refusal(status, &words).into()),
                Err(error) => sleep(error.retry_after().unwrap_or(PAUSE)).await,
            }
        }
    }

    /// The call that Vapi makes, or has made unheard: it recognises no repetition, and each takes a line. None: no more.
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
        let since = self.call.created_at.as_micros() - i64::try_from(CLOCKS_APART.as_micros()).unwrap_or_default();
        let page = self.client.calls_changed_since(Timestamp::from_micros(since), None, PAGE).await?;
        let id = self.id.to_string();
        let ours = page.calls.iter().find(|call| call.body["assistantOverrides"]["metadata"]["test_call_id"] == id);
        Ok(ours.and_then(Call::to_join))
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
