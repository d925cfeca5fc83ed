//! The state of the intake, for `/readyz`.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use monitoring::logging::chain;

use crate::{NotTaken, Outcome};

/// The time that a failure counts.
const RETENTION: Duration = Duration::from_secs(60);

/// The last failure that was not the message's fault, unless a message has been taken since.
#[derive(Debug, Default)]
pub(crate) struct RecentFailure(Mutex<Option<(Instant, String)>>);

impl RecentFailure {
    /// Records the outcome of a message.
    pub(crate) fn note(&self, ended: &Result<Outcome, NotTaken>) {
        let failure = match ended {
            Ok(_) => None,
            Err(error) if error.is_outage() => Some((Instant::now(), chain(error))),
            Err(_) => return,
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = failure;
    }

    /// The reason of the last failure, if it still counts.
    pub(crate) fn get(&self) -> Option<String> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, reason) = last.as_ref().filter(|(at, _)| at.elapsed() < RETENTION)?;
        Some(format!("{reason}, {} s ago", at.elapsed().as_secs()))
    }
}

#[cfg(test)]
mod tests {
    use readmodel::version::Receipt;

    use super::*;

    #[test]
    fn an_intake_failure_is_reported_until_a_message_is_stored_again() {
        let failure = RecentFailure::default();
        assert_eq!(failure.get(), None);
        failure.note(&Err(NotTaken::Late));
        assert_eq!(failure.get().as_deref(), Some("postgres takes too long, 0 s ago"));
        let receipt: Receipt = "r1-5".parse().unwrap();
        failure.note(&Ok(Outcome::Accepted(receipt)));
        assert_eq!(failure.get(), None);
    }
}
