//! The rows of `agents` in the source, as people save them.

use std::fmt;

use readmodel::ids::{AgentId, OrgId};
use serde_json::Value;

use crate::{Error, Store};

/// The settings of an agent that a person edits.
#[derive(Clone, PartialEq)]
pub struct AgentSettings {
    /// The agent's name; its assistant has the same.
    pub name: String,
    /// The system prompt.
    pub system_prompt: Option<String>,
    /// The first thing that the agent says.
    pub first_message: Option<String>,
    /// Vapi's voice object.
    pub voice: Option<Value>,
    /// Vapi's model object.
    pub model: Option<Value>,
}

/// A row of `agents`.
#[derive(Clone, PartialEq)]
pub struct Agent {
    /// Its id.
    pub id: AgentId,
    /// The org that owns it.
    pub org: OrgId,
    /// `inbound` or `outbound`; an org has at most one agent of each.
    pub direction: String,
    /// Its settings.
    pub settings: AgentSettings,
    /// Vapi's id of the assistant.
    pub assistant_id: Option<String>,
    /// The hash of the configuration that Vapi holds.
    pub config_hash: Option<String>,
}

/// Leaves the settings out: prompts are the customer's and stay out of logs.
impl fmt::Debug for AgentSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wanted").finish_non_exhaustive()
    }
}

impl fmt::Debug for Agent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Agent");
        debug.field("id", &self.id).field("org", &self.org).field("direction", &self.direction);
        debug.field("assistant_id", &self.assistant_id).field("config_hash", &self.config_hash).finish_non_exhaustive()
    }
}

/// Makes an [`Agent`] from a row. A macro, since each query has a row type of its own.
macro_rules! agent {
    ($row:expr) => {
        $crate::agents::Agent {
            id: readmodel::ids::AgentId($row.id),
            org: readmodel::ids::OrgId($row.org_id),
            direction: $row.call_direction,
            settings: $crate::agents::AgentSettings {
                name: $row.name,
                system_prompt: $row.system_prompt,
                first_message: $row.first_message,
                voice: $row.voice,
                model: $row.model,
            },
            assistant_id: $row.vapi_assistant_id,
            config_hash: $row.config_hash,
        }
    };
}
pub(crate) use agent;

impl Store {
    /// Saves the settings of an org's agent of a direction and returns its row. Unchanged settings write nothing, so
    /// they make nothing owed.
    pub async fn save_agent(&self, org: OrgId, direction: &str, settings: &AgentSettings) -> Result<Agent, Error> {
        let AgentSettings { name, system_prompt, first_message, voice, model } = settings;
        // JSON's null counts as absent.
        let (voice, model) = (present(voice.as_ref()), present(model.as_ref()));
        let saved = sqlx::query_file!(
            "queries/agents/save.sql",
            org.0,
            direction,
            name,
            system_prompt.as_deref(),
            first_message.as_deref(),
            voice,
            model
        );
        match saved.fetch_optional(&self.warm).await? {
            Some(row) => Ok(agent!(row)),
            None => self.agent(org, direction).await?.ok_or(Error::Gone("the agent")),
        }
    }

    /// The agent of an org and a direction.
    pub async fn agent(&self, org: OrgId, direction: &str) -> Result<Option<Agent>, Error> {
        let row = sqlx::query_file!("queries/agents/find.sql", org.0, direction).fetch_optional(&self.warm).await?;
        Ok(row.map(|row| agent!(row)))
    }
}

fn present(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| !value.is_null())
}
