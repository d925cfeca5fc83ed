//! What went wrong, by what can be done about it.

use std::{fmt, time::Duration};

/// Why a request had no success. The texts hold nothing that was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Vapi does not want it, and would not a second time: the request, a key or the bill has to change first.
    #[error("Vapi refused the request with status {status}")]
    Rejected {
        /// 400 what was sent, 401 and 403 who sent it, 402 the bill.
        status: u16,
        /// Vapi's own words, a sentence each, without keys, secrets and phone numbers. For people to read.
        words: Vec<String>,
    },
    /// There is no such thing at Vapi. The only error after which an assistant may be made anew.
    #[error("Vapi does not have it")]
    Missing,
    /// Too many requests. Nothing was done.
    #[error("Vapi takes no more requests for now")]
    Busy {
        /// How long Vapi, or the gate, asks to wait.
        retry_after: Option<Duration>,
    },
    /// Nothing was changed: try again later.
    #[error("Vapi cannot be reached: {cause}")]
    Unavailable {
        /// What happened.
        cause: Cause,
        /// How long Vapi, or the gate, asks to wait.
        retry_after: Option<Duration>,
    },
    /// It may have been done, and it may not. Look before you create again; an update or a deletion can be repeated.
    #[error("Vapi's answer was lost: {cause}")]
    Unclear {
        /// What happened.
        cause: Cause,
        /// How long Vapi asks to wait.
        retry_after: Option<Duration>,
    },
}

impl Error {
    /// Whether the same request may have success later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Rejected { .. } | Self::Missing => false,
            Self::Busy { .. } | Self::Unavailable { .. } | Self::Unclear { .. } => true,
        }
    }

    /// Whether the answer was perhaps only too long for its time: a shorter page of a list may come.
    pub fn may_be_length(&self) -> bool {
        matches!(self, Self::Unavailable { cause: Cause::TimedOut | Cause::Broken | Cause::Unreadable, .. })
    }

    /// How long to wait before it, if anybody said.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Rejected { .. } | Self::Missing => None,
            Self::Busy { retry_after } | Self::Unavailable { retry_after, .. } | Self::Unclear { retry_after, .. } => {
                *retry_after
            }
        }
    }
}

/// What there was in place of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// No connection.
    Connect,
    /// No answer in time.
    TimedOut,
    /// The connection broke before the answer was whole.
    Broken,
    /// An answer with this status: an error of Vapi's own, or of a gateway before it.
    Status(u16),
    /// An answer that is not what Vapi answers.
    Unreadable,
    /// Nothing was sent: Vapi has failed several times in a row.
    Paused,
}

impl Cause {
    pub(super) fn of(error: &reqwest::Error) -> Self {
        // Of a connection that is not made in time both are true, and only the first tells that nothing was sent.
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
