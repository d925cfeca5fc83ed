//! The decision on an agent's next step. Pure.

use readmodel::time::Timestamp;
use store::{agents::Agent, assistants::AgentState};
use vapi::{AgentConfig, Deployment, FieldError, Payload};

/// The assistant that an agent should have.
pub(crate) struct WantedAssistant {
    pub(crate) payload: Payload,
    /// The payload's hash, in the form that rows have.
    pub(crate) hash: String,
    /// The reasons for which Vapi would reject it.
    pub(crate) faults: Vec<FieldError>,
}

impl WantedAssistant {
    pub(crate) fn of(agent: &Agent, deployment: &Deployment) -> Self {
        let settings = agent.settings.clone();
        let config = AgentConfig {
            id: agent.id,
            name: settings.name,
            system_prompt: settings.system_prompt,
            first_message: settings.first_message,
            voice: settings.voice,
            model: settings.model,
        };
        let payload = Payload::of(&config, deployment);
        Self { hash: payload.hash().to_string(), payload, faults: vapi::check(&config) }
    }
}

/// One step towards the wanted assistant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Search the agent's assistants that were created since: an answer was lost, or a verification found a second one.
    Search(Timestamp),
    /// Create an assistant.
    Create,
    /// Change the assistant of this id.
    Update(String),
    /// Vapi holds the wanted configuration.
    Nothing,
    /// Do not send a configuration that Vapi would reject.
    Refuse,
    /// Do not send a configuration again that Vapi has rejected.
    StillRefused,
    /// Leave the assistant alone: an agent of another org names it too.
    Leave,
}

/// The next step. `searched` means that this pass has just made the search.
pub(super) fn next(state: &AgentState, wanted: &WantedAssistant, searched: bool) -> Step {
    if state.is_contested {
        return Step::Leave;
    }
    if let (Some(since), false) = (state.look_since, searched) {
        return Step::Search(since);
    }
    let id = state.live_id();
    if id.is_some() && state.agent.config_hash.as_ref() == Some(&wanted.hash) {
        return Step::Nothing;
    }
    if state.refused_hash.as_ref() == Some(&wanted.hash) {
        return Step::StillRefused;
    }
    if !wanted.faults.is_empty() {
        return Step::Refuse;
    }
    id.map_or(Step::Create, |id| Step::Update(id.to_owned()))
}

/// Whether anything is left to do for an agent.
pub(crate) fn is_owed(state: &AgentState, wanted: &WantedAssistant) -> bool {
    !matches!(next(state, wanted, false), Step::Nothing | Step::StillRefused)
}

#[cfg(test)]
mod tests {
    use readmodel::ids::{AgentId, OrgId};
    use serde_json::json;
    use store::agents;
    use vapi::WebhookAuth;

    use super::*;

    const ID: &str = "9f0e3b5a-0000-4000-8000-000000000001";

    fn wanted(state: &AgentState) -> WantedAssistant {
        let auth = WebhookAuth::Secret("secret".to_owned().into());
        WantedAssistant::of(&state.agent, &Deployment::new("https://prewarm.example", auth))
    }

    /// An agent without a recorded state.
    fn fresh() -> AgentState {
        let settings = agents::AgentSettings {
            name: "Front desk".to_owned(),
            system_prompt: Some("Be kind.".to_owned()),
            first_message: None,
            voice: None,
            model: Some(json!({"provider": "openai", "model": "gpt-4o"})),
        };
        let agent = Agent {
            id: AgentId("00000000-0000-4000-8000-000000000001".parse().unwrap()),
            org: OrgId("00000000-0000-4000-8000-000000000002".parse().unwrap()),
            direction: "inbound".to_owned(),
            settings,
            assistant_id: None,
            config_hash: None,
        };
        AgentState {
            agent,
            look_since: None,
            missing_id: None,
            refused_hash: None,
            shown_otherwise: Vec::new(),
            is_contested: false,
        }
    }

    fn named(config_hash: Option<&str>) -> AgentState {
        let mut state = fresh();
        state.agent.assistant_id = Some(ID.to_owned());
        state.agent.config_hash = config_hash.map(str::to_owned);
        state
    }

    fn synced() -> AgentState {
        let hash = wanted(&fresh()).hash;
        named(Some(&hash))
    }

    fn step(state: &AgentState) -> Step {
        next(state, &wanted(state), false)
    }

    #[test]
    fn a_configuration_that_vapi_lacks_is_sent() {
        assert_eq!(step(&fresh()), Step::Create);
        assert_eq!(step(&named(None)), Step::Update(ID.to_owned()));
        assert_eq!(step(&named(Some("v1-0"))), Step::Update(ID.to_owned()));
        assert_eq!(step(&synced()), Step::Nothing);
    }

    #[test]
    fn an_assistant_is_recreated_only_if_vapi_lacks_it() {
        let gone = AgentState { missing_id: Some(ID.to_owned()), ..synced() };
        assert_eq!(step(&gone), Step::Create);
        let another_is_gone = AgentState { missing_id: Some("another".to_owned()), ..synced() };
        assert_eq!(step(&another_is_gone), Step::Nothing);
    }

    #[test]
    fn an_agent_with_an_unconfirmed_creation_is_looked_up_first() {
        let since = Timestamp::from_micros(1);
        let refused = Some(wanted(&fresh()).hash);
        for state in [fresh(), synced(), AgentState { refused_hash: refused, ..fresh() }] {
            let state = AgentState { look_since: Some(since), ..state };
            assert_eq!(step(&state), Step::Search(since));
            assert_ne!(next(&state, &wanted(&state), true), Step::Search(since), "once is enough");
        }
    }

    #[test]
    fn a_refused_configuration_is_not_sent_again_until_it_changes() {
        let refused = AgentState { refused_hash: Some(wanted(&fresh()).hash), ..named(None) };
        assert_eq!(step(&refused), Step::StillRefused);
        assert!(!is_owed(&refused, &wanted(&refused)));
        let mut changed = refused;
        changed.agent.settings.name = "Reception".to_owned();
        assert_eq!(step(&changed), Step::Update(ID.to_owned()));
    }

    #[test]
    fn an_assistant_that_another_org_also_names_is_left_alone() {
        for state in [named(None), synced(), fresh()] {
            assert_eq!(
                step(&AgentState { is_contested: true, look_since: Some(Timestamp::from_micros(1)), ..state }),
                Step::Leave
            );
        }
    }

    #[test]
    fn an_invalid_configuration_is_never_sent() {
        let mut state = named(None);
        state.agent.settings.name = "n".repeat(41);
        assert_eq!(step(&state), Step::Refuse);
        state.refused_hash = Some(wanted(&state).hash);
        assert_eq!(step(&state), Step::StillRefused);
    }
}
