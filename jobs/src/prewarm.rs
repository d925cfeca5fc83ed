//! Makes an agent's assistant at Vapi equal to the agent. Pushed by claims, for every agent that is owed.
//!
//! A pass reads the agent, decides on one step, takes it, and reads again, until nothing is left to do: so it ends on the
//! newest configuration, whatever was saved meanwhile. One pass at a time has an agent. What goes wrong at Vapi is put off
//! and stays owed, for as long as an outage lasts; only what Vapi refuses for what it says is a dead letter.

mod failure;
mod next;
mod pass;
mod phone_numbers;

use std::time::Duration;

use metrics::counter;
use monitoring::names::ASSISTANTS_TOTAL;
use readmodel::ids::AgentId;
use vapi::{Deployment, client::Client};

pub(crate) use self::next::{Wanted, is_owed};
use self::pass::Pass;
use crate::{Context, JobError};

/// What pre-warming needs; made once a process.
#[derive(Clone, Debug)]
pub struct Prewarm {
    /// The way to Vapi.
    pub client: Client,
    /// What all assistants share.
    pub deployment: Deployment,
    /// How patient it is.
    pub pace: Pace,
}

/// How patient pre-warming is. The defaults are for production; tests shorten them.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// An agent whose holder says nothing for so long is free. Longer than a request may wait and take, so that no request
    /// of a former holder is still under way.
    pub lease: Duration,
    /// The first pause after a failure of Vapi's; each doubles it.
    pub first_pause: Duration,
    /// The longest such pause. Short, since the agent that is tried next finds out for all whether Vapi is back; the client
    /// sees to it that few of the tries reach Vapi meanwhile.
    pub max_pause: Duration,
    /// The first pause after a refusal that is about the account; each doubles it.
    pub first_account_pause: Duration,
    /// The longest such pause.
    pub max_account_pause: Duration,
}

impl Default for Pace {
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

/// The longest pause, whatever Vapi asks for.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_hours(1);

pub(crate) async fn run(context: &Context, agent: AgentId) -> Result<(), JobError> {
    // Such a worker claims none.
    let Some(prewarm) = &context.prewarm else { return Ok(()) };
    let mut measured = Measured("failed");
    let taken = context.store.take_agent(agent, prewarm.pace.lease).await.map_err(JobError::retry)?;
    let Some(hold) = taken else {
        measured.0 = "skipped";
        return Ok(());
    };
    let ended = Pass::new(&context.store, prewarm, hold).run().await?;
    measured.0 = ended.outcome();
    Ok(())
}

/// Counts a pass when it is dropped, so that one which panics or is cut off is counted too.
struct Measured(&'static str);

impl Drop for Measured {
    fn drop(&mut self) {
        counter!(ASSISTANTS_TOTAL, "outcome" => self.0).increment(1);
    }
}
