//! Regularly, and when a worker starts: marks every agent whose assistant is not as wanted. Some changes leave no mark
//! by themselves: another public address, another secret, a hash that somebody has removed.

use readmodel::ids::AgentId;
use store::{Error, Store};

use crate::{
    Context, JobError,
    assistants::{AssistantSync, LONGEST_PAUSE, WantedAssistant, is_owed},
};

/// Agents in memory at a time.
const CHUNK: i64 = 500;

pub(crate) async fn run(context: &Context) -> Result<(), JobError> {
    let Some(sync) = &context.assistants else { return Ok(()) };
    let agents = audit(&context.store, sync).await.map_err(JobError::retry)?;
    if agents > 0 {
        tracing::info!(agents, "marked agents whose assistants are not as wanted");
    }
    Ok(())
}

/// Returns how many unmarked agents it found and marked.
async fn audit(store: &Store, sync: &AssistantSync) -> Result<usize, Error> {
    store.clamp_deferrals(LONGEST_PAUSE).await?;
    let (mut found, mut after) = (0, None);
    loop {
        let page = store.agents_after(after, CHUNK).await?;
        let unmarked = page.iter().filter(|listed| !listed.marked);
        let owed = unmarked
            .filter(|listed| is_owed(&listed.state, &WantedAssistant::of(&listed.state.agent, &sync.deployment)));
        let owed: Vec<AgentId> = owed.map(|listed| listed.state.agent.id).collect();
        if !owed.is_empty() {
            store.mark_agents(&owed).await?;
        }
        found += owed.len();
        match page.last() {
            Some(last) => after = Some(last.state.agent.id),
            None => break,
        }
    }
    store.mark_outdated_phone_mappings().await?;
    Ok(found)
}
