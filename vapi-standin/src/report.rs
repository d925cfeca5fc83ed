//! The report of a call that has ended, and the signature of a message, as Vapi sends them.

use std::fmt::Display;

use hmac::{Hmac, KeyInit as _, Mac as _};
use readmodel::time::Timestamp;
use serde_json::{Map, Value, json};
use sha2::Sha256;
use uuid::Uuid;

/// The fields of a call that its end-of-call report repeats.
const REPEATED: [&str; 6] = ["endedReason", "startedAt", "endedAt", "cost", "analysis", "artifact"];

/// The message, but for what all messages of a call share. `field` tells what is known of the call.
pub(crate) fn end_of_call(at_millis: i64, field: impl Fn(&str) -> Option<Value>) -> Value {
    let repeated = REPEATED.into_iter().filter_map(|name| Some((name.to_owned(), field(name)?)));
    let mut message: Map<_, _> = repeated.collect();
    message.insert("type".to_owned(), "end-of-call-report".into());
    message.insert("timestamp".to_owned(), at_millis.into());
    message.into()
}

/// An inbound call that the caller has ended.
#[derive(Clone, Debug)]
pub struct Report<'a> {
    /// Vapi's id of the number that was called.
    pub phone_number_id: String,
    /// Who called.
    pub customer: String,
    /// When it ended, in seconds since 1970.
    pub ended_at: i64,
    /// How long it took.
    pub seconds: i64,
    /// In dollars.
    pub cost: f64,
    /// What it was about.
    pub summary: &'a str,
    /// How it went: from 0 to 1, and in a word.
    pub sentiment: (f64, &'a str),
}

impl Report<'_> {
    /// `{"message": …}` of a call that nobody has heard of.
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

/// The signature that Vapi's HMAC credential puts on a body, as it is set up by default. `time` is what `x-timestamp` says.
pub fn signature(secret: &str, time: impl Display, body: &str) -> String {
    // A key of any length will do.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(format!("{time}.{body}").as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}
