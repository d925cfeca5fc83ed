//! What a call that Vapi lists would have been reported as: for calls whose own messages were lost.

use serde_json::{Value, json};

use crate::message::{Envelope, ParseError};

/// What the messages of a call say of it, too.
const OF_CALL: [&str; 8] =
    ["id", "type", "orgId", "assistantId", "phoneNumberId", "customer", "metadata", "assistantOverrides"];

impl Envelope {
    /// The one message that says as much of a call as the call itself does, as `GET /call` lists it: the report of one that
    /// has ended, else its last status-update. Its dedupe key is its own: Vapi's own report may come later, and say more.
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
