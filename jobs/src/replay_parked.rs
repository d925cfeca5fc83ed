//! Each second, as a part of the sweep: replays parked events once our maps have their assistant or number. This polls,
//! since any program may add the agent or number; the query costs next to nothing.

use intake::Replayed;

use crate::{Context, JobError};

pub(crate) async fn run(context: &Context) -> Result<(), JobError> {
    let Replayed { replayed, failed } = intake::replay(&context.store).await.map_err(JobError::retry)?;
    if replayed + failed > 0 {
        tracing::info!(replayed, failed, "replayed parked webhooks");
    }
    Ok(())
}
