//! When a worker starts: what was put off is tried at once, since a key or an address may be another one now, and every
//! agent is looked at.

use crate::{Context, JobError, audit_assistants};

pub(crate) async fn run(context: &Context) -> Result<(), JobError> {
    context.store.forgive_agents().await.map_err(JobError::retry)?;
    audit_assistants::run(context).await
}
