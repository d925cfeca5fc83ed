//! Vapi's limits, checked before anything is stored or sent.
//!
//! Only what Vapi is known to reject is refused: lengths, ranges, types and unknown providers. Everything else is left
//! to Vapi, which adds models and options at any time.
mod faults;
mod fields;
mod model;
mod size;
mod voice;

pub use faults::FieldError;

use faults::Faults;
use fields::present;
use model::check_model;
use size::{check_size, nul_problem};
use voice::check_voice;

use crate::assistant::AgentConfig;

const MAX_NAME_CHARS: usize = 40;

/// Everything that Vapi would reject in an agent, or silently drop. Empty if the agent may be sent.
pub fn check(agent: &AgentConfig) -> Vec<FieldError> {
    let mut faults = Faults::default();
    check_name(&agent.name, &mut faults);
    check_characters(agent, &mut faults);
    if let Some(voice) = present(agent.voice.as_ref()) {
        check_voice(voice, &mut faults);
    }
    match present(agent.model.as_ref()) {
        Some(model) => check_model(model, &mut faults),
        None if agent.system_prompt.is_some() => faults.add("model", "is needed: it holds the system prompt"),
        None => {}
    }
    faults.0
}

fn check_name(name: &str, faults: &mut Faults) {
    if name.trim().is_empty() {
        faults.add("name", "must not be blank");
    } else if name.chars().count() > MAX_NAME_CHARS {
        faults.add("name", format!("must be at most {MAX_NAME_CHARS} characters"));
    }
}

fn check_characters(agent: &AgentConfig, faults: &mut Faults) {
    for (field, text) in [
        ("name", Some(&agent.name)),
        ("systemPrompt", agent.system_prompt.as_ref()),
        ("firstMessage", agent.first_message.as_ref()),
    ] {
        faults.note(field, text.and_then(|text| nul_problem(text)));
    }
    for (field, value) in [("voice", &agent.voice), ("model", &agent.model)] {
        if let Some(value) = value {
            check_size(field, value, faults);
        }
    }
}

#[cfg(test)]
mod tests;
