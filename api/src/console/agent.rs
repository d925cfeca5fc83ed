//! `/api/founder-console/agent`: reads and saves an agent. A save commits the configuration; the answer tells whether
//! Vapi has it yet, and a client may wait for that or follow it.

use axum::{
    Json,
    extract::{
        Path, Query, Request, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::{HeaderMap, header::CACHE_CONTROL},
    response::{IntoResponse, Response},
};
use readmodel::{
    config_hash::ConfigHash,
    ids::{AgentId, OrgId},
};
use serde::Deserialize;
use serde_json::json;
use store::{
    Error, Store,
    agents::{Agent, AgentSettings},
    assistants::{AssistantProgress, AssistantStage},
    queue::Queue,
};
use uuid::Uuid;
use vapi::{AgentConfig, Payload, check};

use super::{
    Console,
    body::{BodyRefused, Direction, Saved, Wait},
    progress::{StageEvent, events},
    wire::{AgentProgress, AgentSaved, AgentShown},
};
use crate::{auth::Authenticated, error::ApiError};

/// The query that selects an agent.
#[derive(Default, Deserialize)]
pub(crate) struct AgentQuery {
    #[serde(default)]
    call_direction: Direction,
}

/// The query of a save.
#[derive(Default, Deserialize)]
pub(crate) struct SaveQuery {
    /// The limit of the answer's wait for Vapi to accept or reject the configuration.
    #[serde(default)]
    wait: Wait,
}

/// PostgreSQL's `foreign_key_violation`: the org of a valid token does not exist.
const FOREIGN_KEY_VIOLATION: &str = "23503";

/// `GET /api/founder-console/agent?call_direction=`
#[utoipa::path(get, path = "/api/founder-console/agent", operation_id = "agent", tag = "console", security(("token" = [])),
    params(("call_direction" = Option<Direction>, Query)),
    responses((status = 200, description = "The agent and the state of its assistant", body = AgentShown<'_>)))]
pub(crate) async fn get(
    State(console): State<Console>,
    Authenticated(user): Authenticated,
    query: Result<Query<AgentQuery>, QueryRejection>,
) -> Result<Response, BodyRefused> {
    let Query(AgentQuery { call_direction }) = query?;
    Ok(console.in_background(async move |console| console.show(user.org, call_direction).await).await?)
}

/// `POST /api/founder-console/agent?wait=`
#[utoipa::path(post, path = "/api/founder-console/agent", operation_id = "save_agent", tag = "console", security(("token" = [])),
    params(("wait" = Option<String>, Query, description = "The limit of the wait for Vapi: 3s, 500ms; at most 10s", pattern = "^[0-9]{1,4}m?s$")),
    request_body = Saved,
    responses((status = 200, description = "The configuration is saved", body = AgentSaved<'_>)))]
pub(crate) async fn save(
    State(console): State<Console>,
    Authenticated(user): Authenticated,
    query: Result<Query<SaveQuery>, QueryRejection>,
    request: Request,
) -> Result<Response, BodyRefused> {
    let Query(SaveQuery { wait }) = query?;
    let (head, body) = request.into_parts();
    let _waits = (!wait.0.is_zero()).then(|| console.quotas.watcher(user.org, &head.headers)).transpose()?;
    let (direction, settings) = console.read(user.org, body, checked).await?;
    Ok(console.in_background(async move |console| console.save(user.org, direction, &settings, wait).await).await?)
}

impl Console {
    /// Answers with an agent and the state of its assistant.
    async fn show(&self, org: OrgId, direction: Direction) -> Result<Response, ApiError> {
        let agent = self.store.agent(org, direction.as_str()).await?.ok_or(ApiError::NoAgent)?;
        let progress = self.store.assistant_progress(org, agent.id).await?;
        Ok(self.shown(&agent, progress))
    }

    async fn save(
        &self,
        org: OrgId,
        direction: Direction,
        settings: &AgentSettings,
        wait: Wait,
    ) -> Result<Response, ApiError> {
        let agent = self.store_agent(org, direction, settings).await?;
        let standing = self.standing_of(&agent);
        if standing.is_synced {
            return Ok(saved(&agent, standing, "The configuration has not changed: the assistant is ready."));
        }
        self.store.wake_workers(Queue::Prewarm);
        let (store, id) = (self.store.clone(), agent.id);
        let watch = self.notices.watch(format!("agent {id}"), move || read_stages(store.clone(), org, id));
        let stage = watch.end(wait.0).await?;
        let agent = self.store.agent(org, direction.as_str()).await?.unwrap_or(agent);
        let standing = self.standing_of(&agent);
        Ok(answer_after_wait(&agent, standing, stage.as_ref()))
    }
}

fn answer_after_wait(agent: &Agent, standing: Standing, stage: Option<&StageEvent>) -> Response {
    match stage.map(|stage| stage.name) {
        Some("synced") => saved(agent, standing, "The configuration is saved, and Vapi holds it."),
        Some("failed") => {
            let reason = stage.and_then(|stage| stage.data["reason"].as_str()).unwrap_or("no reason is known");
            saved(agent, standing, &format!("The configuration is saved, but Vapi does not hold it: {reason}"))
        }
        _ => saved(agent, standing, "The configuration is saved. Vapi is being told."),
    }
}

/// `GET /api/founder-console/agent/{agentId}/events`
#[utoipa::path(get, path = "/api/founder-console/agent/{agentId}/events", operation_id = "agent_events", tag = "console",
    security(("token" = [])), params(("agentId" = AgentId, Path)),
    responses((status = 200, description = "Events named by their stage, the last one synced or failed; data: AgentProgress",
        content_type = "text/event-stream", body = String)))]
pub(crate) async fn watch(
    State(console): State<Console>,
    Authenticated(user): Authenticated,
    agent: Result<Path<AgentId>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let Path(agent) = agent.map_err(|_| ApiError::NoAgent)?;
    let share = console.quotas.watcher(user.org, &headers)?;
    let (store, org) = (console.store.clone(), user.org);
    if store.assistant_progress(org, agent).await?.is_none() {
        return Err(ApiError::NoAgent);
    }
    Ok(events(console.notices.watch(format!("agent {agent}"), move || read_stages(store.clone(), org, agent)), share))
}

async fn read_stages(store: Store, org: OrgId, agent: AgentId) -> Result<Vec<StageEvent>, Error> {
    Ok(store.assistant_progress(org, agent).await?.map(|progress| stage(agent, progress)).into_iter().collect())
}

fn stage(agent: AgentId, progress: AssistantProgress) -> StageEvent {
    let AssistantProgress { assistant_id, config_hash, stage, reason, .. } = progress;
    StageEvent {
        name: stage.as_str(),
        data: json!(AgentProgress { agent_id: agent, stage: stage.as_str(), assistant_id, config_hash, reason }),
        is_last: matches!(stage, AssistantStage::Synced | AssistantStage::Failed),
    }
}

fn config(id: AgentId, settings: &AgentSettings) -> AgentConfig {
    let AgentSettings { name, system_prompt, first_message, voice, model } = settings.clone();
    AgentConfig { id, name, system_prompt, first_message, voice, model }
}

/// The agent in a body, if Vapi would accept it.
fn checked(saved: Saved) -> Result<(Direction, AgentSettings), BodyRefused> {
    let (direction, settings) = saved.settings();
    let faults = check(&config(AgentId(Uuid::nil()), &settings));
    if faults.is_empty() { Ok((direction, settings)) } else { Err(BodyRefused::Fields(faults)) }
}

/// The state of an agent's assistant compared with its configuration.
struct Standing {
    /// The hash of the configuration; `None` if this installation sends nothing to Vapi.
    wanted: Option<ConfigHash>,
    /// Whether Vapi has this configuration.
    is_synced: bool,
}

fn saved(agent: &Agent, standing: Standing, message: &str) -> Response {
    let body = AgentSaved {
        success: true,
        agent_id: agent.id,
        assistant_id: agent.assistant_id.as_deref(),
        synced: standing.is_synced,
        message,
        config_hash: standing.wanted,
        stream: format!("/api/founder-console/agent/{}/events", agent.id),
    };
    ([(CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

impl Console {
    /// An agent, in the form of the wire.
    fn shown(&self, agent: &Agent, progress: Option<AssistantProgress>) -> Response {
        let Agent { id, direction, settings, assistant_id, .. } = agent;
        let standing = self.standing_of(agent);
        let body = AgentShown {
            agent_id: *id,
            call_direction: direction,
            name: &settings.name,
            system_prompt: settings.system_prompt.as_deref(),
            first_message: settings.first_message.as_deref(),
            voice: settings.voice.as_ref(),
            model: settings.model.as_ref(),
            assistant_id: assistant_id.as_deref(),
            config_hash: standing.wanted,
            synced: standing.is_synced,
            stage: progress.as_ref().map(|progress| progress.stage.as_str()),
            reason: progress.and_then(|progress| progress.reason),
        };
        ([(CACHE_CONTROL, "no-store")], Json(body)).into_response()
    }

    async fn store_agent(&self, org: OrgId, direction: Direction, settings: &AgentSettings) -> Result<Agent, ApiError> {
        let saved = self.store.save_agent(org, direction.as_str(), settings).await;
        saved.map_err(|error| match error {
            Error::Refused(refusal) if refusal.code == FOREIGN_KEY_VIOLATION => ApiError::NoOrg,
            error if error.is_permanent() => {
                tracing::error!(error = &error as &dyn std::error::Error, "an agent cannot be stored");
                ApiError::Unfit
            }
            error => error.into(),
        })
    }

    fn standing_of(&self, agent: &Agent) -> Standing {
        let deployment = self.deployment.as_deref();
        let wanted = deployment.map(|deployment| Payload::of(&config(agent.id, &agent.settings), deployment).hash());
        let text = wanted.map(|hash| hash.to_string());
        let is_synced = text.is_some() && agent.assistant_id.is_some() && agent.config_hash == text;
        Standing { wanted, is_synced }
    }
}
