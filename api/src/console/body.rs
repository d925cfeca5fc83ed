//! The body of a save, and what is wrong with one.

use std::time::Duration;

use axum::{
    Json,
    body::{Body, to_bytes},
    extract::rejection::QueryRejection,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use store::agents::Wanted;
use vapi::FieldError;

use crate::error::ApiError;

/// Prompts are long; a megabyte of one is a mistake.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// Who calls whom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Direction {
    /// The agent is called.
    #[default]
    Inbound,
    /// The agent calls.
    Outbound,
}

impl Direction {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }
}

/// An agent as a person saves it: whole. What is left out is not wanted.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Saved {
    #[serde(default, rename = "call_direction")]
    pub(super) call_direction: Direction,
    name: String,
    system_prompt: Option<String>,
    first_message: Option<String>,
    voice: Option<Value>,
    model: Option<Value>,
}

impl Saved {
    pub(super) fn wanted(self) -> (Direction, Wanted) {
        let Self { call_direction, name, system_prompt, first_message, voice, model } = self;
        (call_direction, Wanted { name, system_prompt, first_message, voice, model })
    }
}

/// Which agent a test call is with. The org is the token's, whatever else a body says.
#[derive(Default, Deserialize)]
pub(super) struct Tested {
    #[serde(default)]
    pub(super) call_direction: Direction,
}

/// How long an answer waits: `3s`, `500ms`, ten seconds at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Wait(pub(super) Duration);

const LONGEST_WAIT: Duration = Duration::from_secs(10);

impl TryFrom<String> for Wait {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
        let number: u64 = number.parse().map_err(|_| "a wait is written like 3s or 500ms")?;
        let wait = match unit {
            "s" => Duration::from_secs(number),
            "ms" => Duration::from_millis(number),
            _ => return Err("a wait is written like 3s or 500ms"),
        };
        Ok(Self(wait.min(LONGEST_WAIT)))
    }
}

/// Why a body is not taken. The texts name what is wrong and where, and quote nothing.
pub(crate) enum Refused {
    /// It is too large or does not come.
    Api(ApiError),
    /// It is no JSON, or not what is expected.
    Json(serde_json::Error),
    /// A parameter of the query.
    Query(QueryRejection),
    /// Vapi would not take it.
    Fields(Vec<FieldError>),
}

impl From<QueryRejection> for Refused {
    fn from(rejection: QueryRejection) -> Self {
        Self::Query(rejection)
    }
}

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

/// Reads a body as JSON; an empty one as `{}`.
pub(super) async fn read<T: DeserializeOwned>(body: Body) -> Result<T, Refused> {
    let bytes = to_bytes(body, MAX_BODY_BYTES).await.map_err(|_| Refused::Api(ApiError::TooLarge))?;
    let bytes = if bytes.trim_ascii().is_empty() { &b"{}"[..] } else { &bytes };
    serde_json::from_slice(bytes).map_err(Refused::Json)
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Api(error) => error.into_response(),
            Self::Json(error) => {
                let body = json!({ "success": false, "error": format!("The body cannot be read: {error}") });
                (StatusCode::BAD_REQUEST, Json(body)).into_response()
            }
            Self::Query(rejection) => {
                let body = json!({ "success": false, "error": rejection.body_text() });
                (StatusCode::BAD_REQUEST, Json(body)).into_response()
            }
            Self::Fields(fields) => {
                let sentences: Vec<String> = fields.iter().map(FieldError::to_string).collect();
                let body = json!({ "success": false, "error": sentences.join("; "), "fields": fields });
                (StatusCode::BAD_REQUEST, Json(body)).into_response()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_has_a_unit_and_an_end() {
        let wait = |text: &str| Wait::try_from(text.to_owned()).map(|Wait(wait)| wait.as_millis());
        assert_eq!(wait("3s"), Ok(3_000));
        assert_eq!(wait("500ms"), Ok(500));
        assert_eq!(wait("99999s"), Ok(10_000));
        for bad in ["", "3", "s", "-1s", "1h", "3 s", "99999999999999999999s"] {
            assert!(wait(bad).is_err(), "{bad}");
        }
    }
}
