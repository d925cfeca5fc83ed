//! A call that has just ended, as Vapi reports it.

use std::net::SocketAddr;

use hmac::{Hmac, KeyInit as _, Mac as _};
use readmodel::{ids::OrgId, time::Timestamp};
use serde_json::json;
use sha2::Sha256;
use uuid::Uuid;

use crate::http;

const SECONDS: i64 = 90;

/// The end-of-call report of a call to an org's inbound assistant.
fn report(org: OrgId, phone: &str) -> String {
    let ended_at = api::auth::wall_clock().0;
    let instant = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000).to_string();
    json!({ "message": {
        "type": "end-of-call-report",
        "timestamp": ended_at * 1000,
        "startedAt": instant(ended_at - SECONDS),
        "endedAt": instant(ended_at),
        "endedReason": "customer-ended-call",
        "cost": 0.21,
        "analysis": {
            "summary": "Asked for an appointment on Thursday afternoon.",
            "structuredData": { "sentimentScore": 0.8, "sentimentLabel": "positive" },
        },
        "call": {
            "id": Uuid::new_v4(),
            "type": "inboundPhoneCall",
            "phoneNumberId": org,
            "customer": { "number": phone },
        },
    }})
    .to_string()
}

/// Who reports calls to a node, as Vapi does.
#[derive(Clone, Debug)]
pub(crate) struct Reporter {
    pub(crate) addr: SocketAddr,
    pub(crate) secret: String,
}

impl Reporter {
    /// The request that reports a call which nobody has heard of.
    pub(crate) fn request(&self, org: OrgId, phone: &str) -> Vec<u8> {
        self.post(&report(org, phone))
    }

    /// The request that asks who takes a call to a number, by Vapi's id of it.
    pub(crate) fn assistant_request(&self, number: &str) -> Vec<u8> {
        let call = json!({ "id": Uuid::new_v4(), "type": "inboundPhoneCall", "phoneNumberId": number });
        self.post(&json!({ "message": { "type": "assistant-request", "call": call } }).to_string())
    }

    /// The same as [`Reporter::request`], signed as Vapi's HMAC credential has it.
    pub(crate) fn signed(&self, org: OrgId, phone: &str) -> anyhow::Result<Vec<u8>> {
        let (message, time) = (report(org, phone), api::auth::wall_clock().0.to_string());
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes())?;
        mac.update(format!("{time}.{message}").as_bytes());
        let tag: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let headers = [("content-type", "application/json"), ("x-signature", &*tag), ("x-timestamp", &*time)];
        Ok(http::post(self.addr, "/webhooks/vapi", &headers, &message))
    }

    fn post(&self, message: &str) -> Vec<u8> {
        let headers = [("content-type", "application/json"), ("x-vapi-secret", self.secret.as_str())];
        http::post(self.addr, "/webhooks/vapi", &headers, message)
    }
}
