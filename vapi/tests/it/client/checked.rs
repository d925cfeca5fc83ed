use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;
use vapi::{AgentConfig, Payload, check, client::Error};

use super::Line;
use crate::assistant::{agent, deployment};

/// Fields that some provider has, with values around the limits of any of them.
const NUMBERS: [&str; 12] = [
    "stability",
    "similarityBoost",
    "style",
    "speed",
    "optimizeStreamingLatency",
    "temperature",
    "speakingRate",
    "styleDegree",
    "pitch",
    "volume",
    "voiceGuidance",
    "textGuidance",
];

const VOICES: [(&str, &[&str]); 22] = [
    ("11labs", &["stability", "similarityBoost", "style", "speed", "optimizeStreamingLatency"]),
    ("azure", &["speed"]),
    ("cartesia", &[]),
    ("custom-voice", &[]),
    ("deepgram", &[]),
    ("hume", &[]),
    ("inworld", &["temperature", "speakingRate"]),
    ("lmnt", &["speed"]),
    ("microsoft", &["styleDegree", "speed"]),
    ("minimax", &["pitch", "speed", "volume"]),
    ("neuphonic", &["speed"]),
    ("openai", &["speed"]),
    ("playht", &["speed", "temperature", "voiceGuidance", "textGuidance"]),
    ("rime-ai", &["speed"]),
    ("sesame", &[]),
    ("smallest-ai", &["speed"]),
    ("tavus", &[]),
    ("vapi", &["speed"]),
    ("wellsaid", &[]),
    ("xai", &["speed"]),
    ("elevenlabs", &[]),
    ("", &[]),
];

const MODELS: [&str; 18] = [
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
    "open-ai",
];

fn number() -> impl Strategy<Value = Value> {
    let edges =
        [-12.1, -12.0, -0.1, 0.0, 0.01, 0.1, 0.25, 0.5, 0.7, 1.0, 1.2, 1.5, 1.51, 2.0, 2.1, 4.0, 5.0, 6.0, 12.5];
    prop_oneof![12 => prop::sample::select(edges.to_vec()).prop_map(Value::from), 1 => Just(json!("1")), 1 => Just(Value::Null)]
}

fn text() -> impl Strategy<Value = Value> {
    prop_oneof![8 => Just(json!("text")), 1 => Just(Value::Null), 1 => Just(json!(7))]
}

fn voice() -> impl Strategy<Value = Value> {
    let fields = prop::collection::btree_map(prop::sample::select(NUMBERS.to_vec()), number(), 0..4);
    (prop::sample::select(VOICES.to_vec()), fields, text(), text(), text()).prop_map(
        |((provider, known), numbers, voice_id, language, model)| {
            let mut voice = Map::new();
            voice.insert("provider".to_owned(), provider.into());
            voice.insert("voiceId".to_owned(), voice_id);
            if provider == "neuphonic" {
                voice.insert("language".to_owned(), language);
            }
            if provider == "sesame" {
                voice.insert("model".to_owned(), model);
            }
            if provider == "custom-voice" {
                voice.insert("server".to_owned(), json!({"url": "https://us.example"}));
            }
            // What a provider does not have is for Vapi to refuse.
            let known = numbers.into_iter().filter(|(name, _)| known.contains(name));
            voice.extend(known.map(|(name, value)| (name.to_owned(), value)));
            Value::Object(voice)
        },
    )
}

fn model() -> impl Strategy<Value = Value> {
    let messages = prop_oneof![
        2 => Just(Value::Null),
        2 => Just(json!([{"role": "user", "content": "Hi"}])),
        1 => Just(json!([{"role": "bot", "content": "Hi"}])),
        1 => Just(json!(["Hi"])),
    ];
    (
        prop::sample::select(MODELS.to_vec()),
        text(),
        number(),
        prop::sample::select(vec![49, 50, 10_000, 10_001]),
        messages,
    )
        .prop_map(|(provider, model, temperature, max_tokens, messages)| {
            let mut fields =
                json!({"provider": provider, "model": model, "temperature": temperature, "messages": messages});
            if provider != "vapi" {
                fields["maxTokens"] = json!(max_tokens);
            }
            if provider == "custom-llm" {
                fields["url"] = json!("https://us.example");
            }
            fields
        })
}

fn config() -> impl Strategy<Value = AgentConfig> {
    let voice = prop_oneof![4 => voice().prop_map(Some), 1 => Just(None)];
    ("[a-zé]{1,45}", voice, model()).prop_map(|(name, voice, model)| AgentConfig {
        name,
        voice,
        model: Some(model),
        ..agent()
    })
}

/// Our limits are Vapi's: what passes them is taken, and what does not would have been refused. The two sides of this
/// were written apart.
#[test]
fn what_is_checked_is_what_is_refused() {
    let runtime = Runtime::new().unwrap();
    let line = runtime.block_on(Line::new());
    let mut runner = TestRunner::new(ProptestConfig { cases: 1500, ..ProptestConfig::with_source_file(file!()) });
    let count = std::cell::Cell::new(0);
    let outcome = runner.run(&config(), |agent| {
        let (faults, payload) = (check(&agent), Payload::of(&agent, &deployment()).to_create());
        match runtime.block_on(line.client.create_assistant(&payload)) {
            Ok(_) => {
                count.set(count.get() + 1);
                prop_assert_eq!(faults, vec![]);
            }
            Err(Error::Rejected { status: 400, words }) => {
                prop_assert_eq!(faults.len(), words.len(), "{:?} {:?}", faults, words);
            }
            Err(error) => prop_assert!(false, "{:?}", error),
        }
        Ok(())
    });
    outcome.unwrap();
    let taken = count.get();
    assert!((100..1400).contains(&taken), "{taken} of 1500 were taken: the test has lost its edge");
}
