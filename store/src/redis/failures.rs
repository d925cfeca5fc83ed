//! Errors of Redis: each is logged once, and a refusal is shown in `/readyz` for as long as it lasts.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::words;

/// An error that has not come again for this long is over. A success in between does not end it: a server of a cluster
/// accepts some keys and refuses others.
const RETENTION: Duration = Duration::from_secs(60);

/// An operation that Redis may permit or refuse separately.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operation {
    Read,
    Write,
    Publish,
    Subscribe,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "reading blobs",
            Self::Write => "storing blobs",
            Self::Publish => "announcing versions",
            Self::Subscribe => "hearing of versions",
        })
    }
}

/// The failing operations, with the words of their errors. Cheap to clone; all parts of a process share one.
#[derive(Clone, Debug, Default)]
pub struct Failures(Arc<Mutex<BTreeMap<(Operation, String), Failure>>>);

#[derive(Debug)]
struct Failure {
    /// Whether the server itself refused, and will again. Lost connections are reported elsewhere.
    is_refusal: bool,
    at: Instant,
}

impl Failures {
    /// The operations that the server refuses, with its messages; empty if there are none.
    #[must_use]
    pub fn refusals(&self) -> Vec<String> {
        let failures = self.lock();
        let refusals = failures.iter().filter(|(_, failure)| failure.is_refusal && failure.lasts());
        let told = |(operation, said): &(Operation, String)| match words::missing_rule(said) {
            Some(rule) => format!("{operation}: {said}; the access list lacks {rule}"),
            None => format!("{operation}: {said}"),
        };
        refusals.map(|(failing, _)| told(failing)).collect()
    }

    /// Records the error of an operation, if there is one.
    pub(crate) fn note<T>(&self, operation: Operation, ended: &Result<T, RedisError>) {
        if let Err(error) = ended {
            self.fails(operation, words::redis(error), is_refusal(error));
        }
    }

    pub(crate) fn fails(&self, operation: Operation, words: String, is_refusal: bool) {
        let mut failures = self.lock();
        // A server that is failing may say several things in turn.
        failures.retain(|_, failure| failure.lasts());
        let failure = Failure { is_refusal, at: Instant::now() };
        if failures.insert((operation, words.clone()), failure).is_none() {
            tracing::warn!(%operation, error = words, "an operation of Redis fails");
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(Operation, String), Failure>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Failure {
    fn lasts(&self) -> bool {
        self.at.elapsed() < RETENTION
    }
}

/// Whether a retry on a new connection would be refused as well.
fn is_refusal(error: &RedisError) -> bool {
    let passes = matches!(error.kind(), ErrorKind::Server(ServerErrorKind::BusyLoading | ServerErrorKind::TryAgain));
    !passes && (error.code().is_some() || error.kind() == ErrorKind::AuthenticationFailed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_recognised_and_lost_connections_are_not() {
        let failures = Failures::default();
        failures.fails(Operation::Publish, "NOPERM no channels".into(), true);
        failures.fails(Operation::Read, "connection lost".into(), false);
        failures.fails(Operation::Write, "OOM".into(), true);
        assert_eq!(
            failures.refusals(),
            ["storing blobs: OOM", "announcing versions: NOPERM no channels; the access list lacks &prewarm:*"]
        );
    }
}
