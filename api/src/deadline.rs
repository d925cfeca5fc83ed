//! The limit of an answer's wait for a silent Postgres.

use std::time::Duration;

use store::link::Link;
use tokio::time::{Instant, sleep_until};

/// The deadline of answers: every request is answered within two seconds although Postgres is silent.
pub(crate) const ANSWER_DEADLINE: Duration = Duration::from_millis(1_800);

/// Postgres counts as silent if a question is unanswered for this long. One is asked each second.
pub(crate) const SILENCE_LIMIT: Duration = Duration::from_millis(800);

/// Returns at the deadline, or later as soon as Postgres is silent.
pub(crate) async fn silent_after(link: &Link, deadline: Instant) {
    sleep_until(deadline).await;
    link.silent_for(SILENCE_LIMIT).await;
}
