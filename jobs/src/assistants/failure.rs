//! The consequences of a failed request. Pure, except for random jitter.

use std::time::Duration;

use vapi::client::Error;

use super::{LONGEST_PAUSE, SyncPace};

/// The cause of a failed request, by what can help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The content was rejected; the same must not be sent again.
    Content(String),
    /// The key, the bill or the address: requests fail until somebody changes it.
    Account(String),
    /// A passing condition; a retry may help.
    Passing(String),
}

impl Failure {
    /// Classifies an error. Callers that expect [`Error::Missing`] handle it first; anywhere else it is a fault of
    /// Vapi's.
    pub(crate) fn of(error: &Error) -> Self {
        match error {
            Error::Rejected { status, words } if is_about_content(*status) => Self::Content(reason_of(*status, words)),
            Error::Rejected { status, words } => Self::Account(reason_of(*status, words)),
            Error::Missing | Error::Busy { .. } | Error::Unavailable { .. } | Error::Unclear { .. } => {
                Self::Passing(error.to_string())
            }
        }
    }
}

/// Whether the status is Bad Request, Conflict, Content Too Large or Unprocessable Content.
fn is_about_content(status: u16) -> bool {
    matches!(status, 400 | 409 | 413 | 422)
}

/// Vapi's messages, or a text of ours if there are none.
fn reason_of(status: u16, words: &[String]) -> String {
    match words {
        [] => format!("Vapi rejects it with status {status}"),
        words => words.join("; "),
    }
}

impl SyncPace {
    /// The pause after the last of several attempts met a failure of Vapi.
    pub(super) fn pause(&self, attempts: i32) -> Duration {
        doubled(self.first_pause, self.max_pause, attempts)
    }

    /// The pause that Vapi, or the client's gate, asks for, with jitter on top so that agents do not come back
    /// together.
    pub(super) fn pause_as_asked(&self, asked: Duration) -> Duration {
        asked.max(self.first_pause / 4).mul_f64(rand::random_range(1.0..1.25)).min(LONGEST_PAUSE)
    }

    /// The pause after the last of several attempts met a refusal that concerns the account.
    pub(super) fn account_pause(&self, attempts: i32) -> Duration {
        doubled(self.first_account_pause, self.max_account_pause, attempts)
    }
}

/// Doubles a pause for each attempt after the first, then takes a random half to all of it, so that agents do not come
/// back together.
fn doubled(first: Duration, most: Duration, attempts: i32) -> Duration {
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or_default().min(16);
    first.saturating_mul(1 << doublings).min(most).mul_f64(rand::random_range(0.5..=1.0))
}

#[cfg(test)]
mod tests {
    use vapi::client::{Cause, Times};

    use super::*;

    fn rejected(status: u16, words: &[&str]) -> Error {
        Error::Rejected { status, words: words.iter().map(|word| (*word).to_owned()).collect() }
    }

    #[test]
    fn a_refusal_is_final_only_for_the_configuration_that_was_sent() {
        let too_long = "name must be shorter than or equal to 40 characters";
        for status in [400, 409, 413, 422] {
            assert_eq!(Failure::of(&rejected(status, &[too_long])), Failure::Content(too_long.to_owned()));
        }
        for status in [401, 402, 403, 404, 405, 307, 451] {
            assert!(matches!(Failure::of(&rejected(status, &[])), Failure::Account(_)), "{status}");
        }
        let lost = Error::Unclear { cause: Cause::TimedOut, retry_after: None };
        for error in [lost, Error::Missing, Error::Busy { retry_after: None }] {
            assert!(matches!(Failure::of(&error), Failure::Passing(_)), "{error}");
        }
    }

    #[test]
    fn some_agent_probes_vapi_within_fifteen_seconds() {
        // An agent waits for its own pause and then for the gate's.
        let longest = SyncPace::default().max_pause + Times::default().max_pause * 5 / 4;
        assert!(longest < Duration::from_secs(15), "{longest:?}");
    }

    #[test]
    fn a_refusal_is_reported_in_vapis_words_or_by_its_status() {
        assert_eq!(Failure::of(&rejected(400, &["a", "b"])), Failure::Content("a; b".to_owned()));
        assert_eq!(Failure::of(&rejected(403, &[])), Failure::Account("Vapi rejects it with status 403".to_owned()));
    }

    #[test]
    fn pauses_double_within_bounds_and_respect_retry_after() {
        let pace = SyncPace::default();
        for (attempts, whole) in [(0, 2), (1, 2), (2, 4), (3, 8), (6, 8), (i32::MAX, 8)] {
            let whole = Duration::from_secs(whole);
            assert!((whole / 2..=whole).contains(&pace.pause(attempts)), "{attempts}");
        }
        let asked = Duration::from_secs(90);
        assert!((asked..asked * 5 / 4).contains(&pace.pause_as_asked(asked)));
        assert!(pace.pause_as_asked(Duration::ZERO) > Duration::ZERO);
        assert_eq!(pace.pause_as_asked(Duration::from_hours(24)), LONGEST_PAUSE);
        assert!((Duration::from_mins(15)..=Duration::from_mins(30)).contains(&pace.account_pause(40)));
    }
}
