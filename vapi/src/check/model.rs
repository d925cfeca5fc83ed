//! Vapi's model providers, and the messages of a model.

use serde_json::Value;

use super::{
    faults::{Faults, Place},
    fields::{Range, check_ranges, check_required, check_texts, one_of, present, text_problem},
};

const MAX_MESSAGE_CHARS: usize = 100_000_000;

const ROLES: [&str; 5] = ["assistant", "function", "user", "system", "tool"];

const MODEL_PROVIDERS: [&str; 17] = [
    "anthropic",
    "anthropic-bedrock",
    "anyscale",
    "cerebras",
    "custom-llm",
    "deep-seek",
    "deepinfra",
    "google",
    "groq",
    "inflection-ai",
    "minimax",
    "openai",
    "openrouter",
    "perplexity-ai",
    "together-ai",
    "vapi",
    "xai",
];

/// The ranges of every model's numbers: name, minimum, maximum.
const MODEL_RANGES: [Range; 3] =
    [("temperature", 0.0, 2.0), ("maxTokens", 50.0, 10_000.0), ("numFastTurns", 0.0, f64::INFINITY)];

pub(super) fn check_model(model: &Value, faults: &mut Faults) {
    let Some(fields) = model.as_object() else {
        return faults.add("model", "must be an object");
    };
    let provider = fields.get("provider").and_then(Value::as_str);
    let required: &[&str] = match provider {
        Some("vapi") => &[],
        Some("custom-llm") => &["model", "url"],
        Some(provider) if MODEL_PROVIDERS.contains(&provider) => &["model"],
        _ => return faults.add("model.provider", one_of(MODEL_PROVIDERS)),
    };
    check_required("model", fields, required, faults);
    check_texts("model", fields, ["model"].iter().filter(|name| !required.contains(*name)), faults);
    check_ranges("model", fields, &MODEL_RANGES, faults);
    match present(fields.get("messages")) {
        None => {}
        Some(Value::Array(messages)) => {
            for (at, message) in messages.iter().enumerate() {
                check_message(at, message, faults);
                if faults.are_enough() {
                    break;
                }
            }
        }
        Some(_) => faults.add("model.messages", "must be a list"),
    }
    match present(fields.get("toolIds")) {
        None => {}
        Some(Value::Array(ids)) if ids.iter().all(Value::is_string) => {}
        Some(_) => faults.add("model.toolIds", "must be a list of texts"),
    }
}

pub(super) fn check_message(at: usize, message: &Value, faults: &mut Faults) {
    let messages = Place::Key(&Place::Field("model"), "messages");
    let place = Place::Item(&messages, at);
    if !message.is_object() {
        return faults.add(place, "must be an object");
    }
    if !message["role"].as_str().is_some_and(|role| ROLES.contains(&role)) {
        faults.add(Place::Key(&place, "role"), one_of(ROLES));
    }
    let content = present(message.get("content"));
    faults.note(Place::Key(&place, "content"), content.and_then(|content| text_problem(content, MAX_MESSAGE_CHARS)));
}
