//! Vapi's assistants.

use std::{collections::HashSet, fmt};

use readmodel::{config_hash::ConfigHash, ids::AgentId, time::Timestamp};
use reqwest::Method;
use serde_json::Value;

use super::{Client, Error, Operation, request};
use crate::field;

/// The most objects in one answer.
pub const PAGE_SIZE: usize = 1000;
/// The smallest page. Assistants created at one instant must fit into one page.
const LEAST_PAGE: usize = 100;

/// An assistant at Vapi.
#[derive(Clone)]
pub struct Assistant {
    /// Vapi's id.
    pub id: String,
    /// When it was created, by Vapi's clock. Always present in lists.
    pub created_at: Option<Timestamp>,
    /// The agent in its metadata; `None` if the assistant is not ours.
    pub agent: Option<AgentId>,
    /// The hash in its metadata: the configuration that we last wrote. Others may have changed it since.
    pub config_hash: Option<ConfigHash>,
    /// The whole JSON.
    pub body: Value,
}

impl Assistant {
    fn read(body: Value) -> Option<Self> {
        let own = |name: &str| body["metadata"][name].as_str();
        Some(Self {
            id: field::short(&body["id"])?,
            created_at: field::timestamp(&body["createdAt"]),
            agent: own("agentId").and_then(|text| text.parse().ok()),
            config_hash: own("configHash").and_then(|text| text.parse().ok()),
            body,
        })
    }

    /// Reads an item of a list, which must have a time, since pages follow one another by it.
    fn read_listed(body: Value) -> Option<Self> {
        Self::read(body).filter(|assistant| assistant.created_at.is_some())
    }
}

/// Leaves the body out: it holds prompts.
impl fmt::Debug for Assistant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Assistant")
            .field("id", &self.id)
            .field("created_at", &self.created_at)
            .field("agent", &self.agent)
            .field("config_hash", &self.config_hash)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Creates an assistant. Vapi does not deduplicate: after [`Error::Unclear`] search with
    /// [`assistants_created_since`](Self::assistants_created_since) before creating it again.
    pub async fn create_assistant(&self, fields: &Value) -> Result<Assistant, Error> {
        let request = request(Operation::CreateAssistant, Method::POST, &["assistant"]).body(fields);
        self.send(request, Assistant::read).await
    }

    /// Replaces the given fields, each as a whole.
    pub async fn update_assistant(&self, id: &str, fields: &Value) -> Result<Assistant, Error> {
        let id = path_id(id)?;
        let request = request(Operation::UpdateAssistant, Method::PATCH, &["assistant", id]).body(fields);
        self.send(request, Assistant::read).await.map_err(missing_if_no_id)
    }

    /// Reads an assistant.
    pub async fn assistant(&self, id: &str) -> Result<Assistant, Error> {
        let id = path_id(id)?;
        let request = request(Operation::GetAssistant, Method::GET, &["assistant", id]);
        self.send(request, Assistant::read).await.map_err(missing_if_no_id)
    }

    /// Deletes an assistant.
    pub async fn delete_assistant(&self, id: &str) -> Result<(), Error> {
        let id = path_id(id)?;
        let request = request(Operation::DeleteAssistant, Method::DELETE, &["assistant", id]);
        self.send(request, |_| Some(())).await.map_err(missing_if_no_id)
    }

    /// All assistants created at or after `since`, by Vapi's clock. Ours may differ by seconds, so start a little
    /// earlier.
    pub async fn assistants_created_since(&self, since: Timestamp) -> Result<Vec<Assistant>, Error> {
        let (mut all, mut seen) = (Vec::new(), HashSet::new());
        let (mut until, mut size) = (None, PAGE_SIZE);
        loop {
            let page = self.assistants_created_between(since, until, &mut size).await?;
            let full = page.len() >= size;
            until = page.iter().filter_map(|assistant| assistant.created_at).min();
            let before = all.len();
            all.extend(page.into_iter().filter(|assistant| seen.insert(assistant.id.clone())));
            if !full || all.len() == before {
                return Ok(all);
            }
        }
    }

    /// The newest `size` ([`PAGE_SIZE`] at most) assistants created at or after `since` and, if given, at or before
    /// `until`. If that page takes too long, `size` is halved.
    ///
    /// A full page means that there may be more: ask again with the earliest `created_at` as `until`, and skip those
    /// that come twice.
    pub async fn assistants_created_between(
        &self,
        since: Timestamp,
        until: Option<Timestamp>,
        size: &mut usize,
    ) -> Result<Vec<Assistant>, Error> {
        loop {
            let mut request = request(Operation::ListAssistants, Method::GET, &["assistant"])
                .query("limit", *size)
                .query("createdAtGe", since);
            if let Some(until) = until {
                request = request.query("createdAtLe", until);
            }
            match self.send(request, |body| list(body, Assistant::read_listed)).await {
                Err(error) if error.may_be_length() && *size / 2 >= LEAST_PAGE => *size /= 2,
                page => return page,
            }
        }
    }
}

/// Checks that an id can be part of a path. Any other was never one of Vapi's: dots would lead to another path, and
/// some control characters are dropped from URLs.
pub(super) fn path_id(id: &str) -> Result<&str, Error> {
    let is_id = !matches!(id, "" | "." | "..") && !id.contains(char::is_control);
    if is_id { Ok(id) } else { Err(Error::Missing) }
}

/// Vapi answers 400, not 404, for a malformed id.
pub(super) fn missing_if_no_id(error: Error) -> Error {
    match error {
        Error::Rejected { status: 400, words } if words.iter().any(|words| words == "id must be a UUID") => {
            Error::Missing
        }
        error => error,
    }
}

/// The items of a list; `None` if any cannot be read.
pub(super) fn list<T>(body: Value, read: impl Fn(Value) -> Option<T>) -> Option<Vec<T>> {
    match body {
        Value::Array(items) => items.into_iter().map(read).collect(),
        _ => None,
    }
}
