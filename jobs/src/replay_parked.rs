//! Each second, as a part of the sweep: what was parked is replayed once our maps have its assistant or number. Nobody has
//! to tell: whoever adds an agent or a number may be anybody, and the look costs next to nothing.

use intake::Replayed;

use crate::{Context, JobError};

pub(crate) async fn run(context: &Context) -> Result<(), JobError> {
    let Replayed { replayed, failed } = intake::replay(&context.store).await.map_err(JobError::retry)?;
    if replayed + failed > 0 {
        tracing::info!(replayed, failed, "parked webhooks were taken up");
    }
    Ok(())
}
