//! The wire types of the console's routes and events. The dashboard's types are generated from them.

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

/// An agent and the state of its assistant.
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
    /// Vapi's voice object.
    #[schema(value_type = Option<Object>)]
    pub(super) voice: Option<&'a Value>,
    /// Vapi's model object.
    #[schema(value_type = Option<Object>)]
    pub(super) model: Option<&'a Value>,
    /// Vapi's id of the assistant.
    pub(super) assistant_id: Option<&'a str>,
    /// Hash of the configuration; null if this installation sends nothing to Vapi.
    #[schema(value_type = Option<String>)]
    pub(super) config_hash: Option<ConfigHash>,
    /// Whether Vapi has this configuration.
    pub(super) synced: bool,
    #[schema(value_type = Option<AgentStage>)]
    pub(super) stage: Option<&'static str>,
    /// Why the assistant failed or waits.
    pub(super) reason: Option<String>,
}

/// The answer to a save.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AgentSaved<'a> {
    pub(super) success: bool,
    pub(super) agent_id: AgentId,
    /// Vapi's id of the assistant.
    pub(super) assistant_id: Option<&'a str>,
    /// Whether Vapi has this configuration.
    pub(super) synced: bool,
    /// A line for people.
    pub(super) message: &'a str,
    #[schema(value_type = Option<String>)]
    pub(super) config_hash: Option<ConfigHash>,
    /// Path of the agent's event stream.
    pub(super) stream: String,
}

/// An event of an agent's stream: the state of its assistant.
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

/// The answer to opening a test call.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TestCallOpened {
    pub(super) success: bool,
    #[schema(value_type = String, format = "uuid")]
    pub(super) web_call_id: Uuid,
    /// Vapi's id of the assistant, if it has one yet.
    pub(super) assistant_id: Option<String>,
    /// Path of the test call's event stream.
    pub(super) stream: String,
    /// A line for people.
    #[schema(value_type = String)]
    pub(super) message: &'static str,
}

/// An event of a test call's stream: its state.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TestCallProgress {
    #[schema(value_type = String, format = "uuid")]
    pub(super) web_call_id: Uuid,
    #[schema(value_type = TestCallStage)]
    pub(super) stage: &'static str,
    pub(super) assistant_id: Option<String>,
    /// URL to join the call, once it is ready.
    pub(super) web_call_url: Option<String>,
    /// Why the call failed.
    pub(super) reason: Option<String>,
}

/// The answer to a refused save or test call.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes JSON that is written by hand")]
pub(crate) struct Refusal {
    success: Option<bool>,
    /// A line for people.
    error: String,
    /// The faults by field.
    fields: Option<Vec<FieldProblem>>,
}

/// A fault of a field.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a type of another crate")]
pub(crate) struct FieldProblem {
    /// The path, such as `name` or `voice.stability`.
    field: String,
    /// The predicate of a sentence about the field.
    problem: String,
}

/// The stage of an agent's assistant.
pub(crate) struct AgentStage;

/// The stage of a test call.
pub(crate) struct TestCallStage;

fn one_of(names: impl IntoIterator<Item = &'static str>) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names)).into()
}

impl PartialSchema for AgentStage {
    fn schema() -> RefOr<Schema> {
        one_of(assistants::AssistantStage::ALL.map(assistants::AssistantStage::as_str))
    }
}

impl ToSchema for AgentStage {}

impl PartialSchema for TestCallStage {
    fn schema() -> RefOr<Schema> {
        one_of(test_calls::TestCallStage::ALL.map(test_calls::TestCallStage::as_str))
    }
}

impl ToSchema for TestCallStage {}
