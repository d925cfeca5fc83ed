//! Phone numbers at Vapi.

use std::fmt;

use reqwest::Method;
use serde_json::Value;

use super::{
    Client, Error, Operation,
    assistants::{known, list, missing_if_no_id},
    request,
};
use crate::{field, private::Private};

/// The most that one answer lists.
const PAGE: usize = 1000;

/// A phone number as Vapi holds it. What it holds of the carrier's secrets is not read.
#[derive(Clone)]
pub struct PhoneNumber {
    /// Vapi's id of it.
    pub id: String,
    /// The number itself; a SIP address has none.
    pub number: Option<Private>,
    /// Who answers it. None: Vapi asks us, with an `assistant-request`.
    pub assistant_id: Option<String>,
    /// Where its messages go, if it says so itself.
    pub server_url: Option<String>,
}

impl PhoneNumber {
    fn read(body: Value) -> Option<Self> {
        Some(Self {
            id: field::short(&body["id"])?,
            number: field::short(&body["number"]).map(Private::from),
            assistant_id: field::short(&body["assistantId"]),
            server_url: field::text(&body["server"]["url"]),
        })
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("PhoneNumber");
        debug.field("id", &self.id).field("assistant_id", &self.assistant_id).finish_non_exhaustive()
    }
}

impl Client {
    /// The organisation's phone numbers, a thousand at most.
    pub async fn phone_numbers(&self) -> Result<Vec<PhoneNumber>, Error> {
        let request = request(Operation::ListPhoneNumbers, Method::GET, &["phone-number"]).query("limit", PAGE);
        self.send(request, |body| list(body, PhoneNumber::read)).await
    }

    /// Replaces those fields that are named, each of them whole; `{"assistantId": …}` or null decides who answers.
    pub async fn update_phone_number(&self, id: &str, fields: &Value) -> Result<PhoneNumber, Error> {
        let id = known(id)?;
        let request = request(Operation::UpdatePhoneNumber, Method::PATCH, &["phone-number", id]).body(fields);
        self.send(request, PhoneNumber::read).await.map_err(missing_if_no_id)
    }
}
