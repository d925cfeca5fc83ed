//! Makes an agent's assistant at Vapi equal to the agent, which a claim has reserved.
//!
//! A pass reads the agent, decides on one step, takes it and reads again, until nothing is left to do. So it ends with
//! the newest configuration, whatever was saved in the meantime. A lease allows one pass at a time. Failures of Vapi
//! defer the agent, which stays owed however long an outage lasts; only a configuration that Vapi rejects ends as a
//! dead letter.

mod failure;
mod next;
mod pass;
mod phone_numbers;

use std::time::Duration;

use metrics::counter;
use monitoring::names::ASSISTANTS_TOTAL;
use readmodel::ids::AgentId;
use vapi::{Deployment, client::Client};

pub(crate) use self::next::{WantedAssistant, is_owed};
use self::pass::Pass;
use crate::{Context, JobError};

/// The resources of this job, made once a process.
#[derive(Clone, Debug)]
pub struct AssistantSync {
    /// The client of Vapi.
    pub client: Client,
    /// The settings that all assistants share.
    pub deployment: Deployment,
    /// Its lease and pauses.
    pub pace: SyncPace,
}

/// The lease and the pauses between attempts. The defaults are for production; tests shorten them.
#[derive(Clone, Copy, Debug)]
pub struct SyncPace {
    /// The duration of an agent's lease without renewal. Longer than a request may wait and take, so that no request of
    /// a former holder is still under way when the next one begins.
    pub lease: Duration,
    /// The first pause after a failure of Vapi. Each further failure doubles it.
    pub first_pause: Duration,
    /// The longest such pause. It is short, because the next attempt finds out for all agents whether Vapi is back; the
    /// client's gate keeps most attempts from reaching Vapi.
    pub max_pause: Duration,
    /// The first pause after a refusal that concerns the account. Each further refusal doubles it.
    pub first_account_pause: Duration,
    /// The longest such pause.
    pub max_account_pause: Duration,
}

impl Default for SyncPace {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(20),
            first_pause: Duration::from_secs(2),
            max_pause: Duration::from_secs(8),
            first_account_pause: Duration::from_mins(1),
            max_account_pause: Duration::from_mins(30),
        }
    }
}

/// The longest pause, even if Vapi asks for more.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_hours(1);

pub(crate) async fn run(context: &Context, agent: AgentId) -> Result<(), JobError> {
    // A worker without Vapi claims no agents.
    let Some(sync) = &context.assistants else { return Ok(()) };
    let mut counted = CountedPass("failed");
    let taken = context.store.take_agent(agent, sync.pace.lease).await.map_err(JobError::retry)?;
    let Some(lease) = taken else {
        counted.0 = "skipped";
        return Ok(());
    };
    let ended = Pass::new(&context.store, sync, lease).run().await?;
    counted.0 = ended.outcome();
    Ok(())
}

/// Counts a pass when it is dropped, and so also one that panics or is cut off.
struct CountedPass(&'static str);

impl Drop for CountedPass {
    fn drop(&mut self) {
        counter!(ASSISTANTS_TOTAL, "outcome" => self.0).increment(1);
    }
}
