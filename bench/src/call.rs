//! Vapi's report of a call that has just ended.

use std::net::SocketAddr;

use readmodel::ids::OrgId;
use serde_json::json;
use uuid::Uuid;
use vapi_standin::{Report, signature};

use crate::http;

const SECONDS: i64 = 90;

/// The end-of-call report of a call to an org's inbound assistant.
fn report(org: OrgId, phone: &str) -> String {
    let report = Report {
        phone_number_id: org.to_string(),
        customer: phone.to_owned(),
        ended_at: api::auth::wall_clock().0,
        seconds: SECONDS,
        cost: 0.21,
        summary: "Asked for an appointment on Thursday afternoon.",
        sentiment: (0.8, "positive"),
    };
    report.body().to_string()
}

/// Reports calls to a node as Vapi does.
#[derive(Clone, Debug)]
pub(crate) struct Reporter {
    pub(crate) addr: SocketAddr,
    pub(crate) secret: String,
}

impl Reporter {
    /// The request that reports a new call.
    pub(crate) fn request(&self, org: OrgId, phone: &str) -> Vec<u8> {
        self.post(&report(org, phone))
    }

    /// An assistant request for a number, by Vapi's id of it.
    pub(crate) fn assistant_request(&self, number: &str) -> Vec<u8> {
        let call = json!({ "id": Uuid::new_v4(), "type": "inboundPhoneCall", "phoneNumberId": number });
        self.post(&json!({ "message": { "type": "assistant-request", "call": call } }).to_string())
    }

    /// Like [`Reporter::request`], signed as by Vapi's HMAC credential.
    pub(crate) fn signed(&self, org: OrgId, phone: &str) -> Vec<u8> {
        let (message, time) = (report(org, phone), api::auth::wall_clock().0.to_string());
        let tag = signature(&self.secret, &time, &message);
        let headers = [("content-type", "application/json"), ("x-signature", &*tag), ("x-timestamp", &*time)];
        http::post(self.addr, "/webhooks/vapi", &headers, &message)
    }

    fn post(&self, message: &str) -> Vec<u8> {
        let headers = [("content-type", "application/json"), ("x-vapi-secret", self.secret.as_str())];
        http::post(self.addr, "/webhooks/vapi", &headers, message)
    }
}
