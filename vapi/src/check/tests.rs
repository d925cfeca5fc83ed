//! The faults and their messages.

use readmodel::ids::AgentId;
use serde_json::{Value, json};

use super::{
    faults::{MAX_FAULTS, MAX_PATH_CHARS},
    size::{MAX_DEPTH, MAX_KEY_BYTES, MAX_VALUES},
    *,
};

fn agent() -> AgentConfig {
    AgentConfig {
        id: AgentId("00000000-0000-4000-8000-000000000001".parse().unwrap()),
        name: "Front desk".to_owned(),
        system_prompt: Some("Be kind.".to_owned()),
        first_message: None,
        voice: Some(json!({"provider": "11labs", "voiceId": "v", "stability": 0.5, "style": null})),
        model: Some(json!({"provider": "openai", "model": "gpt-4o", "temperature": 0.7, "future": true})),
    }
}

#[test]
fn a_valid_agent_has_no_faults() {
    assert_eq!(check(&agent()), []);
    let bare = AgentConfig { system_prompt: None, voice: None, model: Some(Value::Null), ..agent() };
    assert_eq!(check(&bare), []);
}

#[test]
fn a_name_is_counted_in_characters() {
    let named = |name: String| check(&AgentConfig { name, ..agent() });
    assert_eq!(named("é".repeat(40)), []);
    let [too_long] = &named("é".repeat(41))[..] else { panic!("one fault") };
    assert_eq!(too_long.to_string(), "name must be at most 40 characters");
    assert_eq!(named(" \n".to_owned())[0].to_string(), "name must not be blank");
}

#[test]
fn every_fault_names_its_field() {
    let voiced = |voice| check(&AgentConfig { voice: Some(voice), ..agent() });
    let modelled = |model| check(&AgentConfig { model: Some(model), ..agent() });
    let cases = [
        (voiced(json!("Neha")), "voice must be an object"),
        (voiced(json!({"voiceId": "v"})), "voice.provider must be one of 11labs, azure, "),
        (voiced(json!({"provider": "elevenlabs", "voiceId": "v"})), "voice.provider must be one of 11labs, "),
        (voiced(json!({"provider": "11labs"})), "voice.voiceId is missing"),
        (voiced(json!({"provider": "11labs", "voiceId": 7})), "voice.voiceId must be a text"),
        (voiced(json!({"provider": "custom-voice", "server": "s"})), "voice.server must be an object"),
        (voiced(json!({"provider": "11labs", "voiceId": "v", "stability": 1.01})), "voice.stability must be at most 1"),
        (voiced(json!({"provider": "11labs", "voiceId": "v", "speed": 0.6})), "voice.speed must be at least 0.7"),
        (voiced(json!({"provider": "11labs", "voiceId": "v", "speed": "1"})), "voice.speed must be a number"),
        (modelled(json!([])), "model must be an object"),
        (modelled(Value::Null), "model is needed: it holds the system prompt"),
        (modelled(json!({"provider": "open-ai"})), "model.provider must be one of anthropic, "),
        (modelled(json!({"provider": "openai"})), "model.model is missing"),
        (modelled(json!({"provider": "custom-llm", "model": "m"})), "model.url is missing"),
        (modelled(json!({"provider": "vapi", "model": 4})), "model.model must be a text"),
        (voiced(json!({"provider": "custom-voice", "server": {}, "voiceId": 4})), "voice.voiceId must be a text"),
        (modelled(json!({"provider": "vapi", "maxTokens": 49})), "model.maxTokens must be at least 50"),
        (modelled(json!({"provider": "vapi", "temperature": 2.5})), "model.temperature must be at most 2"),
        (modelled(json!({"provider": "vapi", "messages": {}})), "model.messages must be a list"),
        (modelled(json!({"provider": "vapi", "messages": ["hi"]})), "model.messages.0 must be an object"),
        (modelled(json!({"provider": "vapi", "messages": [{"role": "bot"}]})), "model.messages.0.role must be one of "),
        (
            modelled(json!({"provider": "vapi", "messages": [{"role": "user", "content": 1}]})),
            "model.messages.0.content must be a text",
        ),
        (modelled(json!({"provider": "vapi", "toolIds": [1]})), "model.toolIds must be a list of texts"),
    ];
    for (faults, expected) in cases {
        let [fault] = &faults[..] else { panic!("{expected}: {faults:?}") };
        assert!(fault.to_string().starts_with(expected), "{fault} is not {expected}");
    }
}

#[test]
fn a_nul_character_is_found_anywhere() {
    let nul = "a\0b".to_owned();
    let faults = check(&AgentConfig {
        name: nul.clone(),
        system_prompt: Some(nul.clone()),
        first_message: Some(nul.clone()),
        voice: Some(json!({"provider": "11labs", "voiceId": nul})),
        model: Some(json!({
            "provider": "openai",
            "model": "gpt-4o",
            "messages": [{"role": "user", "content": "b\0"}],
            "future": {"na\0me": 1},
        })),
        ..agent()
    });
    let mut fields: Vec<_> = faults.iter().map(|fault| fault.field.as_str()).collect();
    fields.sort_unstable();
    assert_eq!(
        fields,
        ["firstMessage", "model.future", "model.messages.0.content", "name", "systemPrompt", "voice.voiceId"]
    );
}

fn modelled(model: Value) -> Vec<FieldError> {
    check(&AgentConfig { model: Some(model), ..agent() })
}

fn model_with(value: Value) -> Value {
    json!({"provider": "openai", "model": "gpt-4o", "future": value})
}

#[test]
fn values_too_deep_too_many_or_with_long_keys_are_named_and_cut() {
    let deep = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!([inner]));
    assert_eq!(modelled(model_with(deep(MAX_DEPTH - 1))), []);
    let [fault] = &modelled(model_with(deep(MAX_DEPTH)))[..] else { panic!("one fault") };
    assert!(fault.field.starts_with("model.future.0.0.0") && fault.problem.contains("64"), "{fault}");

    assert_eq!(modelled(model_with(json!(vec![1; MAX_VALUES - 4]))), []);
    let [fault] = &modelled(model_with(json!(vec![1; MAX_VALUES - 3])))[..] else { panic!("one fault") };
    assert_eq!(fault.to_string(), "model must have at most 20000 values");

    assert_eq!(modelled(model_with(json!({"k".repeat(MAX_KEY_BYTES): 1}))), []);
    let [fault] = &modelled(model_with(json!({"k".repeat(MAX_KEY_BYTES + 1): 1})))[..] else { panic!("one") };
    assert_eq!(fault.to_string(), "model.future must have no key of more than 256 bytes");

    let long = json!({"k".repeat(MAX_KEY_BYTES): "\0"});
    let [fault] = &modelled(model_with(long))[..] else { panic!("one fault") };
    assert_eq!(fault.field.chars().count(), MAX_PATH_CHARS + 1, "{fault}");
    assert!(fault.field.ends_with("kk…"), "{fault}");
}

#[test]
fn the_list_of_faults_is_bounded() {
    let messages = json!({"provider": "vapi", "messages": vec![7; 100_000]});
    let faults = modelled(messages);
    assert_eq!(faults.len(), MAX_FAULTS);
    assert!(faults.iter().map(|fault| fault.to_string().len()).sum::<usize>() < 2_000);
}

/// A path for every item would take 120 GB of text.
#[test]
fn a_long_key_over_a_long_list_is_checked_once() {
    let (key, items) = ("k".repeat(490_000), vec![1; 245_000]);
    let faults = modelled(model_with(json!({key: items})));
    assert_eq!(faults.len(), 1, "{}", faults[0]);
    let nested = (0..60).fold(json!(vec![1; 19_000]), |inner, _| json!({"k".repeat(MAX_KEY_BYTES): inner}));
    assert_eq!(modelled(model_with(nested)), []);
}

#[test]
fn all_faults_are_reported_together() {
    let faults = check(&AgentConfig {
        name: String::new(),
        voice: Some(json!({"provider": "neuphonic", "speed": 9})),
        model: None,
        ..agent()
    });
    let fields: Vec<_> = faults.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(fields, ["name", "voice.voiceId", "voice.language", "voice.speed", "model"]);
}
