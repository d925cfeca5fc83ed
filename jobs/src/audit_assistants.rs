//! Regularly, and when a worker starts: marks every agent whose assistant is not as wanted. Some changes leave no mark
//! by themselves: another public address, another secret, a hash that somebody has removed.

use readmodel::ids::AgentId;
use store::{Error, Store};

use crate::{
    Context, JobError,
    prewarm::{LONGEST_PAUSE, Prewarm, Wanted, is_owed},
};

/// Agents in memory at a time.
const CHUNK: i64 = 500;

pub(crate) async fn run(context: &Context) -> Result<(), JobError> {
    let Some(prewarm) = &context.prewarm else { return Ok(()) };
    let agents = audit(&context.store, prewarm).await.map_err(JobError::retry)?;
    if agents > 0 {
        tracing::info!(agents, "marked agents whose assistants are not as wanted");
    }
    Ok(())
}

/// Returns how many unmarked agents it found and marked.
async fn audit(store: &Store, prewarm: &Prewarm) -> Result<usize, Error> {
    store.mend_put_off(LONGEST_PAUSE).await?;
    let (mut found, mut after) = (0, None);
    loop {
        let page = store.agents_after(after, CHUNK).await?;
        let unmarked = page.iter().filter(|listed| !listed.marked);
        let owed =
            unmarked.filter(|listed| is_owed(&listed.known, &Wanted::of(&listed.known.agent, &prewarm.deployment)));
        let owed: Vec<AgentId> = owed.map(|listed| listed.known.agent.id).collect();
        if !owed.is_empty() {
            store.mark_agents(&owed).await?;
        }
        found += owed.len();
        match page.last() {
            Some(last) => after = Some(last.known.agent.id),
            None => break,
        }
    }
    store.mark_unsaid_phone_mappings().await?;
    Ok(found)
}
