//! The limit of an answer's wait for a silent Postgres.

use std::time::Duration;

use store::line::Line;
use tokio::time::{Instant, sleep_until};

/// The deadline of answers: every request is answered within two seconds although Postgres is silent.
pub(crate) const PATIENCE: Duration = Duration::from_millis(1_800);

/// Postgres counts as silent if a question is unanswered for this long. One is asked each second.
pub(crate) const SILENCE: Duration = Duration::from_millis(800);

/// Returns at the deadline, or later as soon as Postgres is silent.
pub(crate) async fn in_vain(line: &Line, deadline: Instant) {
    sleep_until(deadline).await;
    line.cut(SILENCE).await;
}
