//! How long an answer waits for a Postgres that says nothing.

use std::time::Duration;

use store::line::Line;
use tokio::time::{Instant, sleep_until};

/// Every request is answered within two seconds of a silent Postgres.
pub(crate) const PATIENCE: Duration = Duration::from_millis(1_800);

/// A question that has gone unanswered for so long means that the line is cut. One is asked each second.
pub(crate) const SILENCE: Duration = Duration::from_millis(800);

/// Ends at the deadline or later, once Postgres says nothing: whoever waits for it waits in vain.
pub(crate) async fn in_vain(line: &Line, deadline: Instant) {
    sleep_until(deadline).await;
    line.cut(SILENCE).await;
}
