use std::cell::Cell;

use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;
use vapi::{AgentConfig, Payload, check, client::Error};

use super::Line;
use crate::assistant::{agent, deployment};

/// The numeric fields of each voice provider; the last two providers do not exist.
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
    ("playht", &["speed", "temperature", "voiceGuidance", "styleGuidance", "textGuidance"]),
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

/// Values on both sides of every limit.
const EDGES: [f64; 27] = [
    -13.0, -12.0, -0.1, 0.0, 0.001, 0.01, 0.09, 0.1, 0.24, 0.25, 0.49, 0.5, 0.69, 0.7, 0.9, 1.0, 1.01, 1.2, 1.21, 1.5,
    1.51, 2.0, 2.01, 4.0, 4.01, 5.0, 5.01,
];
const MORE_EDGES: [f64; 6] = [6.0, 6.01, 12.0, 12.01, 30.0, 30.01];

fn number() -> impl Strategy<Value = Value> {
    let edge = prop::sample::select(EDGES.to_vec()).prop_map(Value::from);
    prop_oneof![12 => edge, 1 => Just(json!("1")), 1 => Just(Value::Null)]
}

fn text() -> impl Strategy<Value = Value> {
    prop_oneof![8 => Just(json!("text")), 1 => Just(Value::Null), 1 => Just(json!(7))]
}

/// A voice with all required fields of its provider.
fn whole_voice(provider: &str) -> Map<String, Value> {
    let mut voice = Map::new();
    let mut put = |name: &str, value: Value| voice.insert(name.to_owned(), value);
    put("provider", provider.into());
    put("voiceId", "v".into());
    match provider {
        "neuphonic" => put("language", "en".into()),
        "sesame" => put("model", "m".into()),
        "custom-voice" => put("server", json!({"url": "https://us.example"})),
        _ => None,
    };
    voice
}

fn voice() -> impl Strategy<Value = Value> {
    (prop::sample::select(VOICES.to_vec()), prop::collection::vec(number(), 5), prop::collection::vec(text(), 3))
        .prop_map(|((provider, known), numbers, texts)| {
            let mut voice = whole_voice(provider);
            voice.extend(known.iter().zip(numbers).map(|(name, value)| ((*name).to_owned(), value)));
            let texts = ["voiceId", "language", "model"].into_iter().zip(texts);
            for (name, text) in texts {
                // Only for existing fields; Vapi refuses the others.
                if let Some(field) = voice.get_mut(name) {
                    *field = text;
                }
            }
            Value::Object(voice)
        })
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

/// Whether Vapi accepts the agent. Checks that our verdict is the same.
async fn is_taken(line: &Line, agent: &AgentConfig) -> Result<bool, TestCaseError> {
    let (faults, payload) = (check(agent), Payload::of(agent, &deployment()).to_create());
    match line.client.create_assistant(&payload).await {
        Ok(_) => prop_assert_eq!(faults, vec![]),
        Err(Error::Rejected { status: 400, words }) => {
            prop_assert_eq!(faults.len(), words.len(), "{:?} {:?}", faults, words);
            return Ok(false);
        }
        Err(error) => prop_assert!(false, "{:?}", error),
    }
    Ok(true)
}

/// Our check and the stand-in were written independently and must agree.
#[test]
fn the_check_refuses_exactly_what_vapi_refuses() {
    const CASES: u32 = 1500;
    let runtime = Runtime::new().unwrap();
    let line = runtime.block_on(Line::new());
    let taken = Cell::new(0);
    let mut runner = TestRunner::new(ProptestConfig { cases: CASES, ..ProptestConfig::with_source_file(file!()) });
    let outcome = runner.run(&config(), |agent| {
        taken.set(taken.get() + u32::from(runtime.block_on(is_taken(&line, &agent))?));
        Ok(())
    });
    outcome.unwrap();
    assert!((50..CASES - 50).contains(&taken.get()), "{} were taken: the test has lost its edge", taken.get());
}

#[tokio::test]
async fn every_voice_limit_matches_vapis() {
    let line = Line::new().await;
    for (provider, numbers) in VOICES {
        for name in numbers {
            for value in EDGES.iter().chain(&MORE_EDGES) {
                let mut voice = whole_voice(provider);
                voice.insert((*name).to_owned(), json!(value));
                is_taken(&line, &AgentConfig { voice: Some(Value::Object(voice)), ..agent() }).await.unwrap();
            }
        }
    }
}
