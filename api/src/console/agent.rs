//! `/api/founder-console/agent`: an agent is read, and saved. What is wanted is committed first; whether Vapi holds it yet
//! is told, and may be waited for or watched.

use axum::{
    Json,
    extract::{
        Path, Query, Request, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::header::CACHE_CONTROL,
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
    agents::{Agent, Wanted},
    assistants::{self, Progress},
};
use uuid::Uuid;
use vapi::{AgentConfig, Payload, check};

use super::{
    Console,
    body::{Direction, Refused, Saved, Wait, read},
    progress::{Stage, events},
};
use crate::{auth::Authenticated, error::ApiError};

/// Which agent.
#[derive(Default, Deserialize)]
pub(crate) struct Which {
    #[serde(default)]
    call_direction: Direction,
}

/// How a save is answered.
#[derive(Default, Deserialize)]
pub(crate) struct Patience {
    /// Until Vapi holds it or refuses it, for so long at most.
    #[serde(default)]
    wait: Wait,
}

/// PostgreSQL's `foreign_key_violation`: the org of a valid token is not there.
const FOREIGN_KEY_VIOLATION: &str = "23503";

/// `GET /api/founder-console/agent?call_direction=`
pub(crate) async fn get(
    State(console): State<Console>,
    Authenticated(user): Authenticated,
    which: Result<Query<Which>, QueryRejection>,
) -> Result<Response, Refused> {
    let Query(Which { call_direction }) = which?;
    let found = console.store.agent(user.org, call_direction.as_str()).await.map_err(ApiError::from)?;
    let agent = found.ok_or(ApiError::NoAgent)?;
    let progress = console.store.assistant_progress(user.org, agent.id).await.map_err(ApiError::from)?;
    let Agent { id, direction, wanted, assistant_id, .. } = &agent;
    let body = json!({
        "agentId": id,
        "call_direction": direction,
        "name": wanted.name,
        "systemPrompt": wanted.system_prompt,
        "firstMessage": wanted.first_message,
        "voice": wanted.voice,
        "model": wanted.model,
        "assistantId": assistant_id,
        "configHash": console.wanted_hash(&agent),
        "synced": console.is_synced(&agent),
        "stage": progress.as_ref().map(|progress| progress.stage.as_str()),
        "reason": progress.and_then(|progress| progress.reason),
    });
    Ok(([(CACHE_CONTROL, "no-store")], Json(body)).into_response())
}

/// `POST /api/founder-console/agent?wait=`
pub(crate) async fn save(
    State(console): State<Console>,
    Authenticated(user): Authenticated,
    patience: Result<Query<Patience>, QueryRejection>,
    request: Request,
) -> Result<Response, Refused> {
    let Query(Patience { wait }) = patience?;
    let saved: Saved = read(request.into_body()).await?;
    let (direction, wanted) = saved.wanted();
    let faults = check(&config(AgentId(Uuid::nil()), &wanted));
    if !faults.is_empty() {
        return Err(Refused::Fields(faults));
    }
    let saved = console.store.save_agent(user.org, direction.as_str(), &wanted).await;
    let agent = saved.map_err(|error| match error {
        Error::Refused(refusal) if refusal.code == FOREIGN_KEY_VIOLATION => ApiError::NoOrg,
        error if error.is_for_good() => {
            tracing::error!(error = &error as &dyn std::error::Error, "an agent cannot be stored");
            ApiError::Unfit
        }
        error => error.into(),
    })?;
    if console.is_synced(&agent) {
        return Ok(console.saved(&agent, "The configuration has not changed: the assistant is ready."));
    }
    console.ring();
    let (store, org, id) = (console.store.clone(), agent.org, agent.id);
    let watch = console.notices.watch(format!("agent {id}"), move || look(store.clone(), org, id));
    let stage = watch.end(wait.0).await.map_err(ApiError::from)?;
    let agent = console.store.agent(org, direction.as_str()).await.map_err(ApiError::from)?.unwrap_or(agent);
    Ok(match stage.as_ref().map(|stage| stage.name) {
        Some("synced") => console.saved(&agent, "The configuration is saved, and Vapi holds it."),
        Some("failed") => {
            let reason = stage.as_ref().and_then(|stage| stage.data["reason"].as_str()).unwrap_or("no reason is known");
            console.saved(&agent, &format!("The configuration is saved, but Vapi does not hold it: {reason}"))
        }
        _ => console.saved(&agent, "The configuration is saved. Vapi is being told."),
    })
}

/// `GET /api/founder-console/agent/{agentId}/events`
pub(crate) async fn watch(
    State(console): State<Console>,
    Authenticated(user): Authenticated,
    agent: Result<Path<AgentId>, PathRejection>,
) -> Result<Response, ApiError> {
    let Path(agent) = agent.map_err(|_| ApiError::NoAgent)?;
    let (store, org) = (console.store.clone(), user.org);
    if store.assistant_progress(org, agent).await?.is_none() {
        return Err(ApiError::NoAgent);
    }
    Ok(events(console.notices.watch(format!("agent {agent}"), move || look(store.clone(), org, agent))))
}

async fn look(store: Store, org: OrgId, agent: AgentId) -> Result<Vec<Stage>, Error> {
    Ok(store.assistant_progress(org, agent).await?.map(|progress| stage(agent, progress)).into_iter().collect())
}

fn stage(agent: AgentId, progress: Progress) -> Stage {
    let Progress { assistant_id, config_hash, stage, reason, .. } = progress;
    Stage {
        name: stage.as_str(),
        data: json!({
            "agentId": agent,
            "stage": stage.as_str(),
            "assistantId": assistant_id,
            "configHash": config_hash,
            "reason": reason,
        }),
        is_last: matches!(stage, assistants::Stage::Synced | assistants::Stage::Failed),
    }
}

fn config(id: AgentId, wanted: &Wanted) -> AgentConfig {
    let Wanted { name, system_prompt, first_message, voice, model } = wanted.clone();
    AgentConfig { id, name, system_prompt, first_message, voice, model }
}

impl Console {
    /// The hash of what Vapi should hold; none where nothing is sent to Vapi.
    fn wanted_hash(&self, agent: &Agent) -> Option<ConfigHash> {
        let deployment = self.deployment.as_deref()?;
        Some(Payload::of(&config(agent.id, &agent.wanted), deployment).hash())
    }

    /// Whether Vapi holds what is wanted.
    fn is_synced(&self, agent: &Agent) -> bool {
        let wanted = self.wanted_hash(agent).map(|hash| hash.to_string());
        wanted.is_some() && agent.assistant_id.is_some() && agent.config_hash == wanted
    }

    fn saved(&self, agent: &Agent, message: &str) -> Response {
        let body = json!({
            "success": true,
            "agentId": agent.id,
            "assistantId": agent.assistant_id,
            "synced": self.is_synced(agent),
            "message": message,
            "configHash": self.wanted_hash(agent),
            "stream": format!("/api/founder-console/agent/{}/events", agent.id),
        });
        ([(CACHE_CONTROL, "no-store")], Json(body)).into_response()
    }

    /// Tells the workers, beside the answer: losing it costs a look.
    pub(super) fn ring(&self) {
        let store = self.store.clone();
        tokio::spawn(async move {
            if let Err(error) = store.ring().await {
                tracing::debug!(error = &error as &dyn std::error::Error, "hint");
            }
        });
    }
}
