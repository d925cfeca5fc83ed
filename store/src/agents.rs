//! Agents as the source has them: the rows that people save.

use std::fmt;

use readmodel::ids::{AgentId, OrgId};
use serde_json::Value;

use crate::{Error, Store};

/// What a person decides about an agent.
#[derive(Clone, PartialEq)]
pub struct Wanted {
    /// The assistant's name, too.
    pub name: String,
    /// What it is told to be.
    pub system_prompt: Option<String>,
    /// What it says first.
    pub first_message: Option<String>,
    /// Vapi's own object.
    pub voice: Option<Value>,
    /// Vapi's own object.
    pub model: Option<Value>,
}

/// A row of `agents`.
#[derive(Clone, PartialEq)]
pub struct Agent {
    /// Its id.
    pub id: AgentId,
    /// Whose it is.
    pub org: OrgId,
    /// `inbound` or `outbound`: an org has one of each at most.
    pub direction: String,
    /// What it is to be.
    pub wanted: Wanted,
    /// Vapi's id of its assistant.
    pub assistant_id: Option<String>,
    /// The hash of what Vapi holds.
    pub config_hash: Option<String>,
}

/// Prompts are the customer's own; they stay out of logs.
impl fmt::Debug for Wanted {
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

/// The agent of a row, which the macro gives a type of its own in each query.
macro_rules! agent {
    ($row:expr) => {
        $crate::agents::Agent {
            id: readmodel::ids::AgentId($row.id),
            org: readmodel::ids::OrgId($row.org_id),
            direction: $row.call_direction,
            wanted: $crate::agents::Wanted {
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
    /// Makes an org's agent of a direction be as it is wanted, and returns its row. A row that is so already is left
    /// alone, and nothing is owed for it.
    pub async fn save_agent(&self, org: OrgId, direction: &str, wanted: &Wanted) -> Result<Agent, Error> {
        let Wanted { name, system_prompt, first_message, voice, model } = wanted;
        // A null of JSON is no object either.
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

    /// An org's agent of a direction.
    pub async fn agent(&self, org: OrgId, direction: &str) -> Result<Option<Agent>, Error> {
        let row = sqlx::query_file!("queries/agents/find.sql", org.0, direction).fetch_optional(&self.warm).await?;
        Ok(row.map(|row| agent!(row)))
    }
}

fn present(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| !value.is_null())
}
