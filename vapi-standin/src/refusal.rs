//! Vapi's error bodies, which are NestJS' own.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

/// A refused request.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    message: Value,
    more: Map<String, Value>,
    retry_after: Option<String>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, message: impl Into<Value>) -> Self {
        Self { status, message: message.into(), more: Map::new(), retry_after: None }
    }

    pub(crate) fn bad_request(message: impl Into<Value>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// An unknown assistant: 404 where it is addressed, 400 where it is only named.
    pub(crate) fn no_such_assistant(status: StatusCode, id: &str) -> Self {
        Self::new(status, format!("Couldn't Get Assistant. `assistantId` {id} Does Not Exist."))
    }

    pub(crate) fn with(mut self, name: &str, value: Value) -> Self {
        self.more.insert(name.to_owned(), value);
        self
    }

    pub(crate) fn retry_after(mut self, text: Option<String>) -> Self {
        self.retry_after = text;
        self
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut body = self.more;
        body.insert("message".to_owned(), self.message);
        body.insert("error".to_owned(), json!(self.status.canonical_reason()));
        body.insert("statusCode".to_owned(), json!(self.status.as_u16()));
        let mut response = (self.status, Json(Value::Object(body))).into_response();
        if let Some(Ok(text)) = self.retry_after.map(|text| HeaderValue::from_str(&text)) {
            response.headers_mut().insert(RETRY_AFTER, text);
        }
        response
    }
}
