//! Vapi's calls.

use std::fmt;

use readmodel::time::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Client, Error, Operation, assistants::path_id, request};
use crate::{field, private::Private};

/// A call in Vapi's list.
#[derive(Clone)]
pub struct Call {
    /// Vapi's id.
    pub id: String,
    /// When it was created, by Vapi's clock.
    pub created_at: Timestamp,
    /// The whole JSON, with personal data and secrets.
    pub body: Value,
}

impl Call {
    fn read(body: Value) -> Option<Self> {
        Some(Self { id: field::short(&body["id"])?, created_at: field::timestamp(&body["createdAt"])?, body })
    }
}

impl Call {
    /// The call as a web call, if it can be joined.
    pub fn to_join(&self) -> Option<WebCall> {
        WebCall::read(&self.body)
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Call");
        debug.field("id", &self.id).field("created_at", &self.created_at).finish_non_exhaustive()
    }
}

/// A page of the list of calls.
#[derive(Clone, Debug)]
pub struct Calls {
    /// The readable calls, newest first.
    pub calls: Vec<Call>,
    /// The number of unreadable calls.
    pub unreadable: usize,
}

impl Calls {
    fn read(body: Value) -> Option<Self> {
        let Value::Array(listed) = body else { return None };
        let whole = listed.len();
        let calls: Vec<Call> = listed.into_iter().filter_map(Call::read).collect();
        Some(Self { unreadable: whole - calls.len(), calls })
    }

    /// The number of calls in Vapi's list.
    pub fn listed(&self) -> usize {
        self.calls.len() + self.unreadable
    }
}

/// A web call that can be joined.
#[derive(Clone, Debug)]
pub struct WebCall {
    /// Vapi's id.
    pub id: String,
    /// The URL to join. It is secret: anyone who has it may listen and talk.
    pub url: Private,
}

impl WebCall {
    fn read(body: &Value) -> Option<Self> {
        let url = field::text(&body["webCallUrl"]).or_else(|| field::text(&body["transport"]["callUrl"]))?;
        Some(Self { id: field::short(&body["id"])?, url: url.into() })
    }
}

impl Client {
    /// Starts a web call with an assistant. It occupies one of the organisation's lines until somebody has joined and
    /// left, or for some seconds if nobody joins.
    ///
    /// `overrides` is Vapi's `assistantOverrides`: metadata and variables of this call. Returns [`Error::Missing`] if
    /// Vapi does not have the assistant, and [`Error::Rejected`] for a lack of lines, an unpaid bill or a wrong key.
    pub async fn web_call(&self, assistant_id: &str, overrides: Option<&Value>) -> Result<WebCall, Error> {
        let mut body = json!({"assistantId": path_id(assistant_id)?});
        if let Some(overrides) = overrides {
            body["assistantOverrides"] = overrides.clone();
        }
        let request = request(Operation::CreateWebCall, Method::POST, &["call", "web"]).body(&body);
        match self.send(request, StartedCall::read).await {
            Ok(StartedCall::Waiting(call)) => Ok(call),
            Ok(StartedCall::Blocked) => Err(Error::Rejected {
                status: 201,
                words: vec!["All lines of the Vapi organisation are in use.".to_owned()],
            }),
            Err(Error::Rejected { status: 400, words }) if tells_of_a_missing_assistant(&words) => Err(Error::Missing),
            Err(error) => Err(error),
        }
    }

    /// At most `limit` (up to 1000) calls that changed at or after `since` and, if given, were made at or before
    /// `made_until`; newest first.
    ///
    /// A full page means that there may be more: ask again with the `created_at` of the last one, and skip those that
    /// come twice.
    pub async fn calls_changed_since(
        &self,
        since: Timestamp,
        made_until: Option<Timestamp>,
        limit: usize,
    ) -> Result<Calls, Error> {
        let mut request =
            request(Operation::ListCalls, Method::GET, &["call"]).query("limit", limit).query("updatedAtGe", since);
        if let Some(made_until) = made_until {
            request = request.query("createdAtLe", made_until);
        }
        self.send(request, Calls::read).await
    }
}

enum StartedCall {
    Waiting(WebCall),
    /// Created, but it will not start.
    Blocked,
}

impl StartedCall {
    fn read(body: Value) -> Option<Self> {
        if body["subscriptionLimits"]["concurrencyBlocked"] == Value::Bool(true) {
            return Some(Self::Blocked);
        }
        WebCall::read(&body).map(Self::Waiting)
    }
}

/// Whether a 400 is about a missing assistant, for which this route has no 404.
fn tells_of_a_missing_assistant(words: &[String]) -> bool {
    words.iter().any(|words| {
        words == "assistantId must be a UUID" || words.contains("`assistantId`") && words.contains("Does Not Exist")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unreadable_call_does_not_hide_the_others() {
        let call = |id: &str| json!({"id": id, "createdAt": "2026-03-01T10:00:00.000Z"});
        let page = Calls::read(json!([call("a"), {"id": "no time"}, 7, call("b")])).unwrap();
        let ids: Vec<_> = page.calls.iter().map(|call| call.id.as_str()).collect();
        assert_eq!((ids, page.unreadable, page.listed()), (vec!["a", "b"], 2, 4));
        assert!(Calls::read(json!({"calls": []})).is_none());
    }
}
