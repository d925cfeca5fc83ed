//! Assistants at Vapi.

use std::{collections::HashSet, fmt};

use readmodel::{config_hash::ConfigHash, ids::AgentId, time::Timestamp};
use reqwest::Method;
use serde_json::Value;

use super::{Client, Error, Operation, request};
use crate::field;

/// The most that one answer lists.
pub const PAGE: usize = 1000;
/// A page is not made shorter than this: assistants that were made at one instant have to fit into one.
const LEAST_PAGE: usize = 100;

/// An assistant as Vapi holds it.
#[derive(Clone)]
pub struct Assistant {
    /// Vapi's id of it.
    pub id: String,
    /// When it was made, by Vapi's clock. Every one that is listed says so.
    pub created_at: Option<Timestamp>,
    /// The agent that it was made for, as its metadata says; none if it is not ours.
    pub agent: Option<AgentId>,
    /// The configuration that it was last given, as its metadata says. Others may have changed it since.
    pub config_hash: Option<ConfigHash>,
    /// All of it.
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

    /// As [`read`](Self::read): pages of a list follow one another by the time.
    fn read_listed(body: Value) -> Option<Self> {
        Self::read(body).filter(|assistant| assistant.created_at.is_some())
    }
}

/// The body holds prompts.
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
    /// Makes an assistant. Vapi does not recognise a repetition: after [`Error::Unclear`] ask
    /// [`assistants_created_since`](Self::assistants_created_since) before you send it again.
    pub async fn create_assistant(&self, fields: &Value) -> Result<Assistant, Error> {
        let request = request(Operation::CreateAssistant, Method::POST, &["assistant"]).body(fields);
        self.send(request, Assistant::read).await
    }

    /// Replaces those fields that are named, each of them whole.
    pub async fn update_assistant(&self, id: &str, fields: &Value) -> Result<Assistant, Error> {
        let id = known(id)?;
        let request = request(Operation::UpdateAssistant, Method::PATCH, &["assistant", id]).body(fields);
        self.send(request, Assistant::read).await.map_err(missing_if_no_id)
    }

    /// The assistant of this id.
    pub async fn assistant(&self, id: &str) -> Result<Assistant, Error> {
        let id = known(id)?;
        let request = request(Operation::GetAssistant, Method::GET, &["assistant", id]);
        self.send(request, Assistant::read).await.map_err(missing_if_no_id)
    }

    /// Deletes an assistant.
    pub async fn delete_assistant(&self, id: &str) -> Result<(), Error> {
        let id = known(id)?;
        let request = request(Operation::DeleteAssistant, Method::DELETE, &["assistant", id]);
        self.send(request, |_| Some(())).await.map_err(missing_if_no_id)
    }

    /// Every assistant made at or after `since` by Vapi's clock; ours may differ by seconds, so ask from a bit earlier.
    pub async fn assistants_created_since(&self, since: Timestamp) -> Result<Vec<Assistant>, Error> {
        let (mut all, mut seen) = (Vec::new(), HashSet::new());
        let (mut until, mut size) = (None, PAGE);
        loop {
            let page = self.assistants_created_between(since, until, &mut size).await?;
            let full = page.len() >= size;
            until = page.iter().filter_map(|assistant| assistant.created_at).min();
            let known = all.len();
            all.extend(page.into_iter().filter(|assistant| seen.insert(assistant.id.clone())));
            if !full || all.len() == known {
                return Ok(all);
            }
        }
    }

    /// The newest `size` ([`PAGE`] at most) of the assistants made at or after `since` and, if given, at or before `until`.
    /// Where so many are too long for their time, half of them: `size` tells then.
    ///
    /// When there are so many there may be more: ask again until the earliest `created_at` of them, and pass over those
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

/// An id that can stand in a path, encoded. What cannot was never one of Vapi's: a path of dots leads elsewhere, and of
/// control characters some are left out of it.
pub(super) fn known(id: &str) -> Result<&str, Error> {
    let is_id = !matches!(id, "" | "." | "..") && !id.contains(char::is_control);
    if is_id { Ok(id) } else { Err(Error::Missing) }
}

/// An id that Vapi would not parse counts as not there.
pub(super) fn missing_if_no_id(error: Error) -> Error {
    match error {
        Error::Rejected { status: 400, words } if words.iter().any(|words| words == "id must be a UUID") => {
            Error::Missing
        }
        error => error,
    }
}

/// All of a list, or nothing if any part of it cannot be read.
pub(super) fn list<T>(body: Value, read: impl Fn(Value) -> Option<T>) -> Option<Vec<T>> {
    match body {
        Value::Array(items) => items.into_iter().map(read).collect(),
        _ => None,
    }
}
