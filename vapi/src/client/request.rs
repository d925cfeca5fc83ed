//! Requests before they are sent.

use std::{fmt, time::Duration};

use reqwest::{Method, Url};
use serde_json::Value;

use super::error::{Cause, Error};

/// The kind of a request, as a label of metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// `POST /assistant`
    CreateAssistant,
    /// `PATCH /assistant/{id}`
    UpdateAssistant,
    /// `GET /assistant/{id}`
    GetAssistant,
    /// `GET /assistant`
    ListAssistants,
    /// `DELETE /assistant/{id}`
    DeleteAssistant,
    /// `POST /call/web`
    CreateWebCall,
    /// `GET /call`
    ListCalls,
    /// `GET /phone-number`
    ListPhoneNumbers,
    /// `PATCH /phone-number/{id}`
    UpdatePhoneNumber,
}

impl Operation {
    /// All operations.
    pub const ALL: [Self; 9] = [
        Self::CreateAssistant,
        Self::UpdateAssistant,
        Self::GetAssistant,
        Self::ListAssistants,
        Self::DeleteAssistant,
        Self::CreateWebCall,
        Self::ListCalls,
        Self::ListPhoneNumbers,
        Self::UpdatePhoneNumber,
    ];

    /// Whether its answer grows with the number of objects.
    pub(super) fn is_list(self) -> bool {
        matches!(self, Self::ListAssistants | Self::ListCalls | Self::ListPhoneNumbers)
    }

    /// The label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CreateAssistant => "create_assistant",
            Self::UpdateAssistant => "update_assistant",
            Self::GetAssistant => "get_assistant",
            Self::ListAssistants => "list_assistants",
            Self::DeleteAssistant => "delete_assistant",
            Self::CreateWebCall => "create_web_call",
            Self::ListCalls => "list_calls",
            Self::ListPhoneNumbers => "list_phone_numbers",
            Self::UpdatePhoneNumber => "update_phone_number",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

pub(super) struct Request<'a> {
    pub(super) operation: Operation,
    pub(super) method: Method,
    pub(super) path: Vec<&'a str>,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) body: Option<&'a Value>,
}

impl<'a> Request<'a> {
    pub(super) fn body(self, body: &'a Value) -> Self {
        Self { body: Some(body), ..self }
    }

    pub(super) fn query(mut self, name: &'static str, value: impl ToString) -> Self {
        self.query.push((name, value.to_string()));
        self
    }

    pub(super) fn url(&self, base: &Url) -> Url {
        let mut url = base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(&self.path);
        }
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        url
    }

    /// The error if there is no usable answer. A GET, or a request that did not reach Vapi, has changed nothing.
    pub(super) fn failed(&self, cause: Cause, retry_after: Option<Duration>) -> Error {
        if self.method == Method::GET || cause == Cause::Connect {
            Error::Unavailable { cause, retry_after }
        } else {
            Error::Unclear { cause, retry_after }
        }
    }
}
