//! Listed calls as messages, for calls whose own messages were lost.

use serde_json::{Value, json};

use crate::message::{Envelope, ParseError};

/// The fields of a listed call that the `call` of a message has as well.
const OF_CALL: [&str; 8] =
    ["id", "type", "orgId", "assistantId", "phoneNumberId", "customer", "metadata", "assistantOverrides"];

impl Envelope {
    /// The message that tells as much of a call as its entry in `GET /call` does: the report if the call has ended,
    /// otherwise a status-update. It has a dedupe key of its own, since Vapi's own report may come later and tell more.
    pub fn of_listed_call(call: &Value) -> Result<Self, ParseError> {
        let own: Value =
            OF_CALL.iter().filter_map(|name| Some(((*name).to_owned(), call.get(*name)?.clone()))).collect();
        let message = match call["status"].as_str() {
            Some("ended") => json!({
                "type": "end-of-call-report",
                "timestamp": call["updatedAt"],
                "startedAt": call["startedAt"],
                "endedAt": call["endedAt"],
                "endedReason": call["endedReason"],
                "cost": call["cost"],
                "analysis": call["analysis"],
                "artifact": call["artifact"],
                "call": own,
                "customer": call["customer"],
            }),
            status => json!({
                "type": "status-update",
                "timestamp": call["updatedAt"],
                "status": status,
                "call": own,
                "customer": call["customer"],
            }),
        };
        let mut envelope = Self::from_json(json!({ "message": message }))?;
        envelope.is_listed = true;
        Ok(envelope)
    }
}
