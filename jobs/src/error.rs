//! Failures of jobs.

use std::error::Error;

use monitoring::logging::chain;

/// The failure of a job. No error converts into it by itself, so that each site decides whether a retry may help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobError {
    message: String,
    retry: bool,
}

impl JobError {
    /// A retry may help.
    pub fn retry(error: impl Error) -> Self {
        Self { message: chain(&error), retry: true }
    }

    /// No retry will help.
    pub fn fail(error: impl Error) -> Self {
        Self { message: chain(&error), retry: false }
    }

    /// Whether a retry may help.
    pub const fn may_retry(&self) -> bool {
        self.retry
    }

    /// The error with its causes. It is for operators; no answer carries it.
    pub fn message(&self) -> &str {
        &self.message
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] std::fmt::Error);

    #[test]
    fn the_message_names_every_cause() {
        let cause = std::fmt::Error.to_string();
        assert_eq!(JobError::retry(Outer(std::fmt::Error)).message(), format!("outer: {cause}"));
    }
}
