//! Whether the intake takes messages, for `/readyz`.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use monitoring::logging::chain;

use crate::{NotTaken, Outcome};

/// A failure that is older says nothing about now.
const REMEMBERED: Duration = Duration::from_secs(60);

/// The last failure that was no fault of its message, unless a message has been taken since.
#[derive(Debug, Default)]
pub(crate) struct Pulse(Mutex<Option<(Instant, String)>>);

impl Pulse {
    /// Notes how a message ended.
    pub(crate) fn note(&self, ended: &Result<Outcome, NotTaken>) {
        let trouble = match ended {
            Ok(_) => None,
            Err(error) if error.is_outage() => Some((Instant::now(), chain(error))),
            Err(_) => return,
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    /// Why the last message was not taken, if so.
    pub(crate) fn trouble(&self) -> Option<String> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, reason) = last.as_ref().filter(|(at, _)| at.elapsed() < REMEMBERED)?;
        Some(format!("{reason}, {} s ago", at.elapsed().as_secs()))
    }
}

#[cfg(test)]
mod tests {
    use readmodel::version::Receipt;

    use super::*;

    #[test]
    fn an_intake_failure_is_reported_until_a_message_is_stored_again() {
        let pulse = Pulse::default();
        assert_eq!(pulse.trouble(), None);
        pulse.note(&Err(NotTaken::Late));
        assert_eq!(pulse.trouble().as_deref(), Some("postgres takes too long, 0 s ago"));
        let receipt: Receipt = "r1-5".parse().unwrap();
        pulse.note(&Ok(Outcome::Accepted(receipt)));
        assert_eq!(pulse.trouble(), None);
    }
}
