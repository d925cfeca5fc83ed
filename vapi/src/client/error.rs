//! Errors of requests, sorted by what a caller can do about them.

use std::{fmt, time::Duration};

/// Why a request failed. The texts contain nothing that was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Vapi rejects the request and would do so again: the request, the key or the bill has to change first.
    #[error("Vapi rejected the request with status {status}")]
    Rejected {
        /// 400 for the content, 401 and 403 for the key, 402 for the bill.
        status: u16,
        /// Vapi's messages, for people, without keys, secrets and phone numbers.
        words: Vec<String>,
    },
    /// Vapi does not have the object. Only after this error may an assistant be created again.
    #[error("Vapi does not have it")]
    Missing,
    /// Too many requests; nothing was done.
    #[error("Vapi accepts no more requests for now")]
    Busy {
        /// The wait that Vapi, or the gate, asks for.
        retry_after: Option<Duration>,
    },
    /// Nothing was changed; a retry may succeed.
    #[error("Vapi cannot be reached: {cause}")]
    Unavailable {
        /// The cause.
        cause: Cause,
        /// The wait that Vapi, or the gate, asks for.
        retry_after: Option<Duration>,
    },
    /// The request may or may not have taken effect. Search before creating again; updates and deletions can be
    /// repeated.
    #[error("Vapi's answer was lost: {cause}")]
    Unclear {
        /// The cause.
        cause: Cause,
        /// The wait that Vapi asks for.
        retry_after: Option<Duration>,
    },
}

impl Error {
    /// Whether the same request may succeed later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Rejected { .. } | Self::Missing => false,
            Self::Busy { .. } | Self::Unavailable { .. } | Self::Unclear { .. } => true,
        }
    }

    /// Whether the answer may have been too long for the time limit, so that a shorter page may succeed.
    pub fn may_be_length(&self) -> bool {
        matches!(self, Self::Unavailable { cause: Cause::TimedOut | Cause::Broken | Cause::Unreadable, .. })
    }

    /// The wait before a retry, if Vapi or the gate asks for one.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Rejected { .. } | Self::Missing => None,
            Self::Busy { retry_after } | Self::Unavailable { retry_after, .. } | Self::Unclear { retry_after, .. } => {
                *retry_after
            }
        }
    }
}

/// Why there is no usable answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// No connection.
    Connect,
    /// No answer in time.
    TimedOut,
    /// The connection broke before the answer was complete.
    Broken,
    /// An error status, from Vapi or a gateway before it.
    Status(u16),
    /// An answer that is not Vapi's.
    Unreadable,
    /// Nothing was sent: the gate is closed after several failures in a row.
    Paused,
}

impl Cause {
    pub(super) fn of(error: &reqwest::Error) -> Self {
        // A connect timeout is both, and only `Connect` says that nothing was sent.
        if error.is_connect() {
            Self::Connect
        } else if error.is_timeout() {
            Self::TimedOut
        } else {
            Self::Broken
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect => f.write_str("connect"),
            Self::TimedOut => f.write_str("timeout"),
            Self::Broken => f.write_str("broken"),
            Self::Status(status) => status.fmt(f),
            Self::Unreadable => f.write_str("unreadable"),
            Self::Paused => f.write_str("paused"),
        }
    }
}
