//! The end-of-call report and the signature, as Vapi sends them.

use std::fmt::Display;

use hmac::{Hmac, KeyInit as _, Mac as _};
use readmodel::time::Timestamp;
use serde_json::{Map, Value, json};
use sha2::Sha256;
use uuid::Uuid;

/// The fields of a call that its end-of-call report repeats.
const REPEATED: [&str; 6] = ["endedReason", "startedAt", "endedAt", "cost", "analysis", "artifact"];

/// The report's own fields, without those that all messages of a call share. `field` returns a field of the call.
pub(crate) fn end_of_call(at_millis: i64, field: impl Fn(&str) -> Option<Value>) -> Value {
    let repeated = REPEATED.into_iter().filter_map(|name| Some((name.to_owned(), field(name)?)));
    let mut message: Map<_, _> = repeated.collect();
    message.insert("type".to_owned(), "end-of-call-report".into());
    message.insert("timestamp".to_owned(), at_millis.into());
    message.into()
}

/// An inbound call that the caller ended.
#[derive(Clone, Debug)]
pub struct Report<'a> {
    /// Vapi's id of the called number.
    pub phone_number_id: String,
    /// The caller's number.
    pub customer: String,
    /// When it ended, in seconds since 1970.
    pub ended_at: i64,
    /// The duration in seconds.
    pub seconds: i64,
    /// The cost in US dollars.
    pub cost: f64,
    /// The summary of the conversation.
    pub summary: &'a str,
    /// The sentiment from 0 to 1, and as a word.
    pub sentiment: (f64, &'a str),
}

impl Report<'_> {
    /// The report as `{"message": …}`, of a call with a new id.
    pub fn body(&self) -> Value {
        let instant = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000).to_string();
        let (score, label) = self.sentiment;
        let mut message = end_of_call(self.ended_at * 1000, |field| match field {
            "endedReason" => Some(json!("customer-ended-call")),
            "startedAt" => Some(json!(instant(self.ended_at - self.seconds))),
            "endedAt" => Some(json!(instant(self.ended_at))),
            "cost" => Some(json!(self.cost)),
            "analysis" => Some(json!({
                "summary": self.summary,
                "structuredData": { "sentimentScore": score, "sentimentLabel": label },
            })),
            _ => None,
        });
        message["call"] = json!({
            "id": Uuid::new_v4(),
            "type": "inboundPhoneCall",
            "phoneNumberId": self.phone_number_id,
            "customer": { "number": self.customer },
        });
        json!({ "message": message })
    }
}

/// The signature of a body by Vapi's HMAC credential with its default settings. `time` is the value of `x-timestamp`.
pub fn signature(secret: &str, time: impl Display, body: &str) -> String {
    // HMAC accepts keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(format!("{time}.{body}").as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}
