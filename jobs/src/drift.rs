//! What others have done at Vapi, found and mended.

use metrics::counter;
use monitoring::names::VAPI_DRIFT_TOTAL;

/// One way in which Vapi holds something else than it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Drift {
    /// An assistant was changed.
    Changed,
    /// An assistant was deleted.
    Missing,
    /// An agent has an assistant too many.
    Surplus,
    /// A phone number is answered by somebody else.
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
