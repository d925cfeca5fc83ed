//! Test calls: the api opens one, a worker makes it at Vapi, and the page follows its stages.

use readmodel::{
    ids::{AgentId, OrgId},
    time::Timestamp,
};
use uuid::Uuid;

use crate::{Error, Store, instant::PgTime};

/// The result of opening a test call.
#[derive(Clone, Debug)]
pub struct OpenedTestCall {
    /// The given id, or the id of the call that was already open.
    pub id: Uuid,
    /// Vapi's id of the assistant, if the agent has one yet.
    pub assistant_id: Option<String>,
}

/// The stage of a test call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestCallStage {
    /// The assistant is being brought up to date.
    Preparing,
    /// Vapi has been asked for the call.
    Connecting,
    /// The call can be joined.
    Ready,
    /// The call could not be made.
    Failed,
    /// The call was joined, or nobody joined it in time.
    Ended,
}

impl TestCallStage {
    /// All stages.
    pub const ALL: [Self; 5] = [Self::Preparing, Self::Connecting, Self::Ready, Self::Failed, Self::Ended];

    /// The name in the database and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Preparing => "preparing",
            Self::Connecting => "connecting",
            Self::Ready => "ready",
            Self::Failed => "failed",
            Self::Ended => "ended",
        }
    }

    /// Whether a page that waits for the call has no later stage to wait for.
    pub const fn is_last(self) -> bool {
        matches!(self, Self::Ready | Self::Failed | Self::Ended)
    }
}

/// A test call.
#[derive(Clone, PartialEq, Eq)]
pub struct TestCall {
    /// The org.
    pub org: OrgId,
    /// The agent under test.
    pub agent: AgentId,
    /// The stage.
    pub stage: TestCallStage,
    /// Vapi's id of the assistant.
    pub assistant_id: Option<String>,
    /// Where to join it; a secret, since it is all that a caller needs.
    pub web_call_url: Option<String>,
    /// Why it failed, for the person who waits.
    pub reason: Option<String>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// Whether the conversation has ended.
    pub is_over: bool,
}

impl std::fmt::Debug for TestCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestCall").field("agent", &self.agent).field("stage", &self.stage).finish_non_exhaustive()
    }
}

/// The next stage, with the data that comes with it.
#[derive(Clone, Copy, Debug)]
pub enum TestCallStep<'a> {
    /// Vapi has been asked for the call.
    Connecting {
        /// Vapi's id of the assistant.
        assistant_id: &'a str,
    },
    /// Vapi has made the call.
    Ready {
        /// Vapi's id of the call.
        vapi_call_id: &'a str,
        /// Where to join it.
        web_call_url: &'a str,
    },
    /// The call could not be made.
    Failed {
        /// Why, for the person who waits.
        reason: &'a str,
    },
}

impl Store {
    /// Opens a test call with the org's agent of a direction (`inbound` or `outbound`), or returns the open one; `None`
    /// if there is no such agent.
    pub async fn open_test_call(
        &self,
        id: Uuid,
        org: OrgId,
        call_direction: &str,
    ) -> Result<Option<OpenedTestCall>, Error> {
        let opened = sqlx::query_file_as!(OpenedTestCall, "queries/test_calls/open.sql", id, org.0, call_direction);
        Ok(opened.fetch_optional(&self.warm).await?)
    }

    /// The state of a test call.
    pub async fn test_call(&self, id: Uuid) -> Result<Option<TestCall>, Error> {
        let row = sqlx::query_file!("queries/test_calls/read.sql", id).fetch_optional(&self.pg).await?;
        Ok(row.and_then(|row| {
            Some(TestCall {
                org: OrgId(row.org_id),
                agent: AgentId(row.agent_id),
                stage: TestCallStage::ALL.into_iter().find(|stage| stage.as_str() == row.stage)?,
                assistant_id: row.assistant_id,
                web_call_url: row.web_call_url,
                reason: row.reason,
                created_at: row.created_at.0,
                is_over: row.is_over,
            })
        }))
    }

    /// Records the next stage; false if the call has ended.
    pub async fn advance_test_call(&self, id: Uuid, step: TestCallStep<'_>) -> Result<bool, Error> {
        let (stage, assistant_id, vapi_call_id, web_call_url, reason) = match step {
            TestCallStep::Connecting { assistant_id } => {
                (TestCallStage::Connecting, Some(assistant_id), None, None, None)
            }
            TestCallStep::Ready { vapi_call_id, web_call_url } => {
                (TestCallStage::Ready, None, Some(vapi_call_id), Some(web_call_url), None)
            }
            TestCallStep::Failed { reason } => (TestCallStage::Failed, None, None, None, Some(reason)),
        };
        let told = sqlx::query_file!(
            "queries/test_calls/advance.sql",
            id,
            stage.as_str(),
            assistant_id,
            vapi_call_id,
            web_call_url,
            reason
        );
        Ok(told.fetch_optional(&self.pg).await?.is_some())
    }

    /// Ends the test calls that nobody will make or join any more; returns how many.
    pub async fn close_test_calls(&self) -> Result<i64, Error> {
        Ok(sqlx::query_file_scalar!("queries/test_calls/close.sql").fetch_one(&self.pg).await?)
    }
}
