//! Why a job ended badly, and whether to try again.

use std::error::Error;

use monitoring::logging::chain;

/// A bad end. There is no conversion into it: whoever returns one says whether another attempt may help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobError {
    message: String,
    retry: bool,
}

impl JobError {
    /// Another attempt may help.
    pub fn retry(error: impl Error) -> Self {
        Self { message: chain(&error), retry: true }
    }

    /// No further attempt will help.
    pub fn fail(error: impl Error) -> Self {
        Self { message: chain(&error), retry: false }
    }

    /// Whether another attempt may help.
    pub const fn may_retry(&self) -> bool {
        self.retry
    }

    /// What went wrong, causes included. For operators: no answer carries it.
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
