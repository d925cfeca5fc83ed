//! Recorded webhook bodies with invented people.

use serde_json::Value;
use vapi::{CallState, Envelope};

pub(crate) const REPORT: &str = include_str!("../fixtures/report.json");
pub(crate) const REPORT_OF_2024: &str = include_str!("../fixtures/report_of_2024.json");
pub(crate) const STATUS_OF_WEB_CALL: &str = include_str!("../fixtures/status_of_web_call.json");
pub(crate) const STATUS_OF_REFUSED_CALL: &str = include_str!("../fixtures/status_of_refused_call.json");
pub(crate) const ASSISTANT_REQUEST: &str = include_str!("../fixtures/assistant_request.json");

pub(crate) const ALL: [&str; 5] =
    [REPORT, REPORT_OF_2024, STATUS_OF_WEB_CALL, STATUS_OF_REFUSED_CALL, ASSISTANT_REQUEST];

pub(crate) fn json(body: &str) -> Value {
    serde_json::from_str(body).unwrap()
}

pub(crate) fn envelope(body: &Value) -> Envelope {
    Envelope::parse(body.to_string().as_bytes()).unwrap()
}

/// The call state from a message.
pub(crate) fn state(body: &Value) -> CallState {
    envelope(body).call_update().unwrap().state
}
