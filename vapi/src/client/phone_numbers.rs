//! Vapi's phone numbers.

use std::fmt;

use reqwest::Method;
use serde_json::Value;

use super::{
    Client, Error, Operation,
    assistants::{list, missing_if_no_id, path_id},
    request,
};
use crate::{field, private::Private};

/// The most objects in one answer.
const PAGE_SIZE: usize = 1000;

/// A phone number at Vapi. The carrier's secrets in it are not read.
#[derive(Clone)]
pub struct PhoneNumber {
    /// Vapi's id.
    pub id: String,
    /// The number; a SIP address has none.
    pub number: Option<Private>,
    /// The assistant that answers. With `None`, Vapi asks us by an `assistant-request`.
    pub assistant_id: Option<String>,
    /// The number's own URL for webhooks.
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
    /// The organisation's phone numbers, up to a thousand.
    pub async fn phone_numbers(&self) -> Result<Vec<PhoneNumber>, Error> {
        let request = request(Operation::ListPhoneNumbers, Method::GET, &["phone-number"]).query("limit", PAGE_SIZE);
        self.send(request, |body| list(body, PhoneNumber::read)).await
    }

    /// Replaces the given fields, each as a whole; `{"assistantId": …}` or null sets the assistant that answers.
    pub async fn update_phone_number(&self, id: &str, fields: &Value) -> Result<PhoneNumber, Error> {
        let id = path_id(id)?;
        let request = request(Operation::UpdatePhoneNumber, Method::PATCH, &["phone-number", id]).body(fields);
        self.send(request, PhoneNumber::read).await.map_err(missing_if_no_id)
    }
}
