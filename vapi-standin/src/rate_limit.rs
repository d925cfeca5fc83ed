//! The limit of an organisation's requests.

use std::collections::VecDeque;

use axum::http::StatusCode;
use tokio::time::Instant;

use crate::{config::RateLimit, refusal::Refusal};

/// When the requests of the current window were admitted.
#[derive(Default)]
pub(crate) struct Window(VecDeque<Instant>);

impl Window {
    pub(crate) fn admit(&mut self, limit: RateLimit, now: Instant) -> Result<(), Refusal> {
        while self.0.front().is_some_and(|at| *at + limit.per <= now) {
            self.0.pop_front();
        }
        match self.0.front() {
            Some(first) if self.0.len() >= limit.requests => {
                let wait = (*first + limit.per).saturating_duration_since(now);
                let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
                let says = limit.says_when.then(|| seconds.to_string());
                Err(Refusal::new(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests").retry_after(says))
            }
            _ => {
                self.0.push_back(now);
                Ok(())
            }
        }
    }
}
