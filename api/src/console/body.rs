//! The body of a save, and its faults.

use std::time::Duration;

use axum::{
    Json,
    body::Body,
    extract::rejection::QueryRejection,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use readmodel::ids::OrgId;
use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::{Value, error::Category, json};
use store::agents::AgentSettings;
use utoipa::ToSchema;
use vapi::FieldError;

use super::Console;
use crate::{bodies::drain, error::ApiError};

/// The largest body. Prompts are long, but a megabyte is a mistake.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// The direction of an agent's calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Direction {
    /// The agent answers calls.
    #[default]
    Inbound,
    /// The agent makes calls.
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

/// The complete settings of an agent. Omitted fields are cleared. Fields of a GET that cannot be set are ignored, so
/// that its body can be sent back.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, expecting = "an object")]
#[schema(as = SaveAgent)]
pub(crate) struct Saved {
    #[serde(default, rename = "call_direction")]
    pub(super) call_direction: Direction,
    name: String,
    system_prompt: Option<String>,
    first_message: Option<String>,
    /// Vapi's voice object.
    #[schema(value_type = Option<Object>)]
    voice: Option<Value>,
    /// Vapi's model object.
    #[schema(value_type = Option<Object>)]
    model: Option<Value>,
    #[serde(default, rename = "agentId")]
    #[schema(value_type = Value)]
    _agent_id: IgnoredAny,
    #[serde(default, rename = "assistantId")]
    #[schema(value_type = Value)]
    _assistant_id: IgnoredAny,
    #[serde(default, rename = "configHash")]
    #[schema(value_type = Value)]
    _config_hash: IgnoredAny,
    #[serde(default, rename = "synced")]
    #[schema(value_type = Value)]
    _synced: IgnoredAny,
    #[serde(default, rename = "stage")]
    #[schema(value_type = Value)]
    _stage: IgnoredAny,
    #[serde(default, rename = "reason")]
    #[schema(value_type = Value)]
    _reason: IgnoredAny,
}

impl Saved {
    pub(super) fn settings(self) -> (Direction, AgentSettings) {
        let Self { call_direction, name, system_prompt, first_message, voice, model, .. } = self;
        (call_direction, AgentSettings { name, system_prompt, first_message, voice, model })
    }
}

/// The agent of a test call. The org is the token's, whatever else the body contains.
#[derive(Default, Deserialize, ToSchema)]
#[serde(expecting = "an object")]
#[schema(as = OpenTestCall)]
pub(crate) struct Tested {
    #[serde(default)]
    pub(super) call_direction: Direction,
}

/// The limit of an answer's wait: `3s` or `500ms`, up to ten seconds.
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

/// Why a body is not accepted. The texts name the fault and its place, and quote nothing.
pub(crate) enum BodyRefused {
    /// It is too large, or was not received.
    Api(ApiError),
    /// It is not JSON.
    Json(serde_json::Error),
    /// A query parameter is invalid.
    Query(QueryRejection),
    /// Fields are invalid, or Vapi would reject them.
    Fields(Vec<FieldError>),
}

impl From<QueryRejection> for BodyRefused {
    fn from(rejection: QueryRejection) -> Self {
        Self::Query(rejection)
    }
}

impl From<ApiError> for BodyRefused {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

impl Console {
    /// Reads a body, and processes it with `then` on the background thread.
    pub(super) async fn read<T: DeserializeOwned, U: Send + 'static>(
        &self,
        org: OrgId,
        body: Body,
        then: impl FnOnce(T) -> Result<U, BodyRefused> + Send + 'static,
    ) -> Result<U, BodyRefused> {
        let _held = match self.quotas.body(org) {
            Ok(held) => held,
            Err(error) => {
                drain(body).await;
                return Err(error.into());
            }
        };
        let (bytes, place) = self.room.read(body, MAX_BODY_BYTES).await?;
        let read = self.background.run(async move {
            let read = parse(&bytes).and_then(then);
            drop(place);
            read
        });
        read.await?
    }
}

/// Parses a body as JSON; an empty body counts as `{}`.
fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, BodyRefused> {
    let body = if body.trim_ascii().is_empty() { b"{}" } else { body };
    let mut json = serde_json::Deserializer::from_slice(body);
    let parsed = serde_path_to_error::deserialize(&mut json).map_err(unlike)?;
    // Nothing may follow the value.
    json.end().map_err(BodyRefused::Json)?;
    Ok(parsed)
}

/// Describes an unexpected part of a body. serde's message quotes the value first, then the expectation, which alone is
/// used.
fn unlike(error: serde_path_to_error::Error<serde_json::Error>) -> BodyRefused {
    if error.inner().classify() != Category::Data {
        return BodyRefused::Json(error.into_inner());
    }
    let (path, text) = (error.path().to_string(), error.inner().to_string());
    let text = text.rsplit_once(" at line ").map_or(&*text, |(text, _)| text);
    let named = |kind: &str| text.strip_prefix(kind)?.strip_prefix(" field `")?.split_once('`').map(|(name, _)| name);
    let (field, problem) = if let Some(name) = named("missing") {
        (name, "is missing".to_owned())
    } else if let Some(name) = named("unknown") {
        (name, "is no field of an agent".to_owned())
    } else if let Some(name) = named("duplicate") {
        (name, "is there twice".to_owned())
    } else {
        let expected = text.rsplit_once(", expected ").map_or("something else", |(_, expected)| expected);
        (if path == "." { "body" } else { &*path }, format!("must be {expected}"))
    };
    BodyRefused::Fields(vec![FieldError::at(field, problem)])
}

impl IntoResponse for BodyRefused {
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
    fn a_wait_needs_a_unit_and_is_bounded() {
        let wait = |text: &str| Wait::try_from(text.to_owned()).map(|Wait(wait)| wait.as_millis());
        assert_eq!(wait("3s"), Ok(3_000));
        assert_eq!(wait("500ms"), Ok(500));
        assert_eq!(wait("99999s"), Ok(10_000));
        for bad in ["", "3", "s", "-1s", "1h", "3 s", "99999999999999999999s"] {
            assert!(wait(bad).is_err(), "{bad}");
        }
    }

    fn refusal(body: &Value) -> Option<(String, String)> {
        match parse::<Saved>(body.to_string().as_bytes()) {
            Err(BodyRefused::Fields(faults)) => {
                let [fault] = &faults[..] else { panic!("{faults:?}") };
                Some((fault.field.clone(), fault.problem.clone()))
            }
            Err(_) => panic!("refused as a whole"),
            Ok(_) => None,
        }
    }

    #[test]
    fn an_invalid_field_is_named_and_its_value_is_not_quoted() {
        for (body, field, problem) in [
            (json!({"name": 4_477}), "name", "must be a string"),
            (
                json!({"name": "canary", "systemPrompt": ["canary, expected canary"]}),
                "systemPrompt",
                "must be a string",
            ),
            (json!({"name": "a", "call_direction": "canary"}), "call_direction", "must be `inbound` or `outbound`"),
            (json!({"nmae": "canary"}), "nmae", "is no field of an agent"),
            (json!({}), "name", "is missing"),
            (json!([]), "body", "must be an object"),
            (json!("canary"), "body", "must be an object"),
        ] {
            let refused = refusal(&body).unwrap();
            assert_eq!((refused.0.as_str(), refused.1.as_str()), (field, problem), "{body}");
        }
    }

    #[test]
    fn a_body_holds_exactly_one_json_value() {
        for body in ["", " \n", "{}", " {} \n"] {
            assert!(parse::<Tested>(body.as_bytes()).is_ok(), "{body:?}");
        }
        for body in ["{}x", "{}{}", "{},", "{} null", "{}\0"] {
            let refused = parse::<Tested>(body.as_bytes());
            assert!(matches!(refused, Err(BodyRefused::Json(_))), "{body:?}");
        }
    }

    #[test]
    fn a_long_field_name_is_cut_in_the_error() {
        let (field, _) = refusal(&json!({"n".repeat(100_000): 1})).unwrap();
        assert!(field.len() < 1_000, "{} bytes", field.len());
    }

    #[test]
    fn the_body_of_a_get_can_be_posted_back() {
        let shown = json!({
            "agentId": "id", "call_direction": "inbound", "name": "Desk", "systemPrompt": null, "firstMessage": null,
            "voice": null, "model": null, "assistantId": null, "configHash": "v1-0", "synced": false, "stage": "pending",
            "reason": null,
        });
        assert_eq!(refusal(&shown), None);
    }
}
