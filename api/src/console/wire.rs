//! What the console's routes and their events say. The dashboard's types are made from it.

use readmodel::{config_hash::ConfigHash, ids::AgentId};
use serde::Serialize;
use serde_json::Value;
use store::{assistants, test_calls};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ObjectBuilder, RefOr,
        schema::{Schema, Type},
    },
};
use uuid::Uuid;

use super::body::Direction;

/// An agent as a GET shows it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AgentShown<'a> {
    pub(super) agent_id: AgentId,
    #[serde(rename = "call_direction")]
    #[schema(value_type = Direction)]
    pub(super) call_direction: &'a str,
    pub(super) name: &'a str,
    pub(super) system_prompt: Option<&'a str>,
    pub(super) first_message: Option<&'a str>,
    /// As Vapi is given it.
    #[schema(value_type = Option<Object>)]
    pub(super) voice: Option<&'a Value>,
    /// As Vapi is given it.
    #[schema(value_type = Option<Object>)]
    pub(super) model: Option<&'a Value>,
    /// Vapi's id of its assistant.
    pub(super) assistant_id: Option<&'a str>,
    /// Of what Vapi should hold; null where nothing is sent to Vapi.
    #[schema(value_type = Option<String>)]
    pub(super) config_hash: Option<ConfigHash>,
    /// Vapi holds it.
    pub(super) synced: bool,
    #[schema(value_type = Option<AgentStage>)]
    pub(super) stage: Option<&'static str>,
    /// Why it failed or waits.
    pub(super) reason: Option<String>,
}

/// What a save is answered with.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AgentSaved<'a> {
    pub(super) success: bool,
    pub(super) agent_id: AgentId,
    /// Vapi's id of its assistant.
    pub(super) assistant_id: Option<&'a str>,
    /// Vapi holds it.
    pub(super) synced: bool,
    /// One line for people.
    pub(super) message: &'a str,
    #[schema(value_type = Option<String>)]
    pub(super) config_hash: Option<ConfigHash>,
    /// Where its events are.
    pub(super) stream: String,
}

/// An event of an agent's stream: how far its assistant is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AgentProgress {
    pub(super) agent_id: AgentId,
    #[schema(value_type = AgentStage)]
    pub(super) stage: &'static str,
    pub(super) assistant_id: Option<String>,
    pub(super) config_hash: Option<String>,
    pub(super) reason: Option<String>,
}

/// What a click on "Test agent" is answered with.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TestCallOpened {
    pub(super) success: bool,
    #[schema(value_type = String, format = "uuid")]
    pub(super) web_call_id: Uuid,
    /// Vapi's id of the assistant, if there is one yet.
    pub(super) assistant_id: Option<String>,
    /// Where its events are.
    pub(super) stream: String,
    /// One line for people.
    #[schema(value_type = String)]
    pub(super) message: &'static str,
}

/// An event of a test call's stream: how far it is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TestCallProgress {
    #[schema(value_type = String, format = "uuid")]
    pub(super) web_call_id: Uuid,
    #[schema(value_type = TestCallStage)]
    pub(super) stage: &'static str,
    pub(super) assistant_id: Option<String>,
    /// Where it is joined, once it is ready.
    pub(super) web_call_url: Option<String>,
    /// Why it failed.
    pub(super) reason: Option<String>,
}

/// Why a save or a test call is refused.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is written by hand")]
pub(crate) struct Refusal {
    success: Option<bool>,
    /// One line for people.
    error: String,
    /// The faults, by field.
    fields: Option<Vec<FieldProblem>>,
}

/// The fault of a field.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what another crate writes")]
pub(crate) struct FieldProblem {
    /// Its path: `name`, `voice.stability`.
    field: String,
    /// Completes a sentence that begins with the field.
    problem: String,
}

/// How far an agent's assistant is.
pub(crate) struct AgentStage;

/// How far a test call is.
pub(crate) struct TestCallStage;

fn one_of(names: impl IntoIterator<Item = &'static str>) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names)).into()
}

impl PartialSchema for AgentStage {
    fn schema() -> RefOr<Schema> {
        one_of(assistants::Stage::ALL.map(assistants::Stage::as_str))
    }
}

impl ToSchema for AgentStage {}

impl PartialSchema for TestCallStage {
    fn schema() -> RefOr<Schema> {
        one_of(test_calls::Stage::ALL.map(test_calls::Stage::name))
    }
}

impl ToSchema for TestCallStage {}
