//! Differences at Vapi that others have caused.

use metrics::counter;
use monitoring::names::VAPI_DRIFT_TOTAL;

/// A way in which Vapi differs from what it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Drift {
    /// An assistant was changed.
    Changed,
    /// An assistant was deleted.
    Missing,
    /// An agent has a second assistant.
    Surplus,
    /// Another assistant, or none, answers a phone number.
    PhoneNumber,
}

impl Drift {
    pub(crate) fn count(self) {
        let kind = match self {
            Self::Changed => "changed",
            Self::Missing => "missing",
            Self::Surplus => "surplus",
            Self::PhoneNumber => "phone_number",
        };
        counter!(VAPI_DRIFT_TOTAL, "kind" => kind).increment(1);
    }
}
