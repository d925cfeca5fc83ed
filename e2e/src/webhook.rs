//! Messages as Vapi sends them.

use serde_json::{Value, json};

use crate::Org;

const REPORT: &str = include_str!("../../vapi/tests/fixtures/report.json");

/// The end-of-call report of an inbound call to an org's assistant, from `customer`.
#[must_use]
pub fn report(org: &Org, call: &str, customer: &str) -> Value {
    let mut report: Value = serde_json::from_str(REPORT).unwrap();
    let message = &mut report["message"];
    message["call"]["id"] = json!(call);
    message["call"]["assistantId"] = json!(org.assistant());
    message["call"]["customer"]["number"] = json!(customer);
    message["customer"]["number"] = json!(customer);
    message["assistant"]["id"] = json!(org.assistant());
    report
}

/// A status update of the same call, sent a number of seconds before the report.
#[must_use]
pub fn status_update(org: &Org, call: &str, customer: &str, status: &str, seconds_before: u64) -> Value {
    let report = report(org, call, customer);
    let message = &report["message"];
    let reported_at = message["timestamp"].as_u64().unwrap();
    json!({ "message": {
        "type": "status-update",
        "status": status,
        "timestamp": reported_at - seconds_before * 1000,
        "call": message["call"],
        "customer": { "number": customer },
        "phoneNumber": message["phoneNumber"],
    }})
}
