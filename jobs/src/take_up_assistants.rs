//! When a worker starts: makes deferred agents due, since a key or an address may have changed, and audits all agents.

use crate::{Context, JobError, audit_assistants};

pub(crate) async fn run(context: &Context) -> Result<(), JobError> {
    context.store.retry_deferred_agents().await.map_err(JobError::retry)?;
    audit_assistants::run(context).await
}
