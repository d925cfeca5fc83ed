//! Vapi's limits, checked before anything is stored or sent.
//!
//! Only what Vapi is known to refuse is refused here: lengths, ranges, types, and the providers it has. The rest is for
//! Vapi to judge, which adds models and options at any time.

use std::{fmt, ops::ControlFlow};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::assistant::AgentConfig;

const MAX_NAME_CHARS: usize = 40;
const MAX_MESSAGE_CHARS: usize = 100_000_000;

/// Levels of lists and objects in a voice or a model. Parsers give up at 128, and Vapi's answers wrap an assistant in more.
const MAX_DEPTH: usize = 64;
/// Values in a voice or a model: each costs time and memory whenever the agent is read, hashed or compared.
const MAX_VALUES: usize = 20_000;
const MAX_KEY_BYTES: usize = 256;
/// Faults that are told at once. A person mends these, and sees the next ones after the next save.
const MAX_FAULTS: usize = 20;
/// A longer path is cut.
const MAX_PATH_CHARS: usize = 200;

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

/// The numbers of any model. (Name, least, most.)
const MODEL_RANGES: [Range; 3] =
    [("temperature", 0.0, 2.0), ("maxTokens", 50.0, 10_000.0), ("numFastTurns", 0.0, f64::INFINITY)];

type Range = (&'static str, f64, f64);

/// A voice's provider, the fields it must have, and the ranges of its numbers.
struct Voice(&'static str, &'static [&'static str], &'static [Range]);

const VOICES: [Voice; 20] = [
    Voice(
        "11labs",
        &["voiceId"],
        &[
            ("stability", 0.0, 1.0),
            ("similarityBoost", 0.0, 1.0),
            ("style", 0.0, 1.0),
            ("speed", 0.7, 1.2),
            ("optimizeStreamingLatency", 0.0, 4.0),
        ],
    ),
    Voice("azure", &["voiceId"], &[("speed", 0.5, 2.0)]),
    Voice("cartesia", &["voiceId"], &[]),
    Voice("custom-voice", &["server"], &[]),
    Voice("deepgram", &["voiceId"], &[]),
    Voice("hume", &["voiceId"], &[]),
    Voice("inworld", &["voiceId"], &[("temperature", 0.1, 2.0), ("speakingRate", 0.5, 1.5)]),
    Voice("lmnt", &["voiceId"], &[("speed", 0.25, 2.0)]),
    Voice("microsoft", &["voiceId"], &[("styleDegree", 0.01, 2.0), ("speed", 0.5, 2.0)]),
    Voice("minimax", &["voiceId"], &[("pitch", -12.0, 12.0), ("speed", 0.5, 2.0), ("volume", 0.5, 2.0)]),
    Voice("neuphonic", &["voiceId", "language"], &[("speed", 0.25, 2.0)]),
    Voice("openai", &["voiceId"], &[("speed", 0.25, 4.0)]),
    Voice(
        "playht",
        &["voiceId"],
        &[
            ("speed", 0.1, 5.0),
            ("temperature", 0.1, 2.0),
            ("voiceGuidance", 1.0, 6.0),
            ("styleGuidance", 1.0, 30.0),
            ("textGuidance", 1.0, 2.0),
        ],
    ),
    Voice("rime-ai", &["voiceId"], &[("speed", 0.1, f64::INFINITY)]),
    Voice("sesame", &["voiceId", "model"], &[]),
    Voice("smallest-ai", &["voiceId"], &[("speed", f64::NEG_INFINITY, f64::INFINITY)]),
    Voice("tavus", &["voiceId"], &[]),
    Voice("vapi", &["voiceId"], &[("speed", 0.25, 2.0)]),
    Voice("wellsaid", &["voiceId"], &[]),
    Voice("xai", &["voiceId"], &[("speed", 0.7, 1.5)]),
];

/// What is wrong with one field, in words for the person who filled it in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// The path: `name`, `voice.stability`, `model.messages.0.role`.
    pub field: String,
    /// Completes a sentence that begins with the field: `must be at most 40 characters`.
    pub problem: String,
}

impl FieldError {
    /// A problem at a path, which is cut if it is long: a client may have chosen the keys in it.
    pub fn at(path: &str, problem: impl Into<String>) -> Self {
        let field = match path.char_indices().nth(MAX_PATH_CHARS) {
            Some((end, _)) => format!("{}…", &path[..end]),
            None => path.to_owned(),
        };
        Self { field, problem: problem.into() }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.problem)
    }
}

/// Everything that Vapi would refuse in an agent, or silently leave out. Empty: it may be sent.
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

#[derive(Default)]
struct Faults(Vec<FieldError>);

impl Faults {
    /// Adds a problem. The path is written out only here, so that what is in order costs no text.
    fn add(&mut self, field: impl fmt::Display, problem: impl Into<String>) {
        if !self.are_enough() {
            self.0.push(FieldError::at(&field.to_string(), problem));
        }
    }

    /// Adds the problem if there is one.
    fn note(&mut self, field: impl fmt::Display, problem: Option<String>) {
        if let Some(problem) = problem {
            self.add(field, problem);
        }
    }

    /// Whether no more are told.
    fn are_enough(&self) -> bool {
        self.0.len() >= MAX_FAULTS
    }
}

/// Where a value stands: a step below what holds it.
#[derive(Clone, Copy)]
enum Place<'a> {
    Field(&'static str),
    Key(&'a Place<'a>, &'a str),
    Item(&'a Place<'a>, usize),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => f.write_str(name),
            Self::Key(holder, name) => write!(f, "{holder}.{name}"),
            Self::Item(holder, at) => write!(f, "{holder}.{at}"),
        }
    }
}

fn check_name(name: &str, faults: &mut Faults) {
    if name.trim().is_empty() {
        faults.add("name", "must not be blank");
    } else if name.chars().count() > MAX_NAME_CHARS {
        faults.add("name", format!("must be at most {MAX_NAME_CHARS} characters"));
    }
}

/// U+0000 is legal in JSON, and nothing that Postgres keeps.
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
            // The first fault that ends a walk has been told.
            let _ = Walk { field, left: MAX_VALUES, faults }.value(Place::Field(field), value, 0);
        }
    }
}

/// A walk over a voice or a model, which ends early where there is too much of it.
struct Walk<'f> {
    field: &'static str,
    /// Values that may still come.
    left: usize,
    faults: &'f mut Faults,
}

impl Walk<'_> {
    fn value(&mut self, place: Place<'_>, value: &Value, depth: usize) -> ControlFlow<()> {
        self.count()?;
        match value {
            Value::String(text) => self.faults.note(place, nul_problem(text)),
            Value::Array(_) | Value::Object(_) if depth >= MAX_DEPTH => {
                self.faults.add(place, format!("must not be below {MAX_DEPTH} others"));
            }
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    self.value(Place::Item(&place, at), item, depth + 1)?;
                }
            }
            Value::Object(fields) => {
                for (name, value) in fields {
                    self.field_of(place, name, value, depth)?;
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
        ControlFlow::Continue(())
    }

    fn field_of(&mut self, object: Place<'_>, name: &str, value: &Value, depth: usize) -> ControlFlow<()> {
        match key_problem(name) {
            None => self.value(Place::Key(&object, name), value, depth + 1),
            problem => {
                self.faults.note(object, problem);
                self.count()
            }
        }
    }

    fn count(&mut self) -> ControlFlow<()> {
        if self.left == 0 {
            self.faults.add(self.field, format!("must be at most {MAX_VALUES} values"));
            return ControlFlow::Break(());
        }
        self.left -= 1;
        if self.faults.are_enough() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

fn key_problem(name: &str) -> Option<String> {
    if name.len() > MAX_KEY_BYTES {
        return Some(format!("must have no key of more than {MAX_KEY_BYTES} bytes"));
    }
    nul_problem(name)
}

fn nul_problem(text: &str) -> Option<String> {
    text.contains('\0').then(|| "must not have the character U+0000".to_owned())
}

fn check_voice(voice: &Value, faults: &mut Faults) {
    let Some(fields) = voice.as_object() else {
        return faults.add("voice", "must be an object");
    };
    let provider = fields.get("provider").and_then(Value::as_str);
    let Some(Voice(_, required, ranges)) = VOICES.iter().find(|Voice(name, ..)| Some(*name) == provider) else {
        return faults.add("voice.provider", one_of(VOICES.iter().map(|Voice(name, ..)| *name)));
    };
    check_required("voice", fields, required, faults);
    check_texts(
        "voice",
        fields,
        ["voiceId", "language", "model"].iter().filter(|name| !required.contains(*name)),
        faults,
    );
    check_ranges("voice", fields, ranges, faults);
}

fn check_model(model: &Value, faults: &mut Faults) {
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

fn check_message(at: usize, message: &Value, faults: &mut Faults) {
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

fn check_required(object: &str, fields: &Map<String, Value>, required: &[&str], faults: &mut Faults) {
    for name in required {
        let problem = match fields.get(*name) {
            None | Some(Value::Null) => Some("is missing".to_owned()),
            Some(Value::Object(_)) if *name == "server" => None,
            Some(_) if *name == "server" => Some("must be an object".to_owned()),
            Some(value) => text_problem(value, usize::MAX),
        };
        faults.note(format_args!("{object}.{name}"), problem);
    }
}

fn check_texts<'a>(
    object: &str,
    fields: &Map<String, Value>,
    names: impl Iterator<Item = &'a &'static str>,
    faults: &mut Faults,
) {
    for name in names {
        let value = present(fields.get(*name));
        faults.note(format_args!("{object}.{name}"), value.and_then(|value| text_problem(value, usize::MAX)));
    }
}

fn check_ranges(object: &str, fields: &Map<String, Value>, ranges: &[Range], faults: &mut Faults) {
    for (name, least, most) in ranges {
        let value = present(fields.get(*name));
        faults.note(format_args!("{object}.{name}"), value.and_then(|value| number_problem(value, *least, *most)));
    }
}

fn text_problem(value: &Value, most: usize) -> Option<String> {
    match value {
        Value::String(text) if text.chars().count() > most => Some(format!("must be at most {most} characters")),
        Value::String(_) => None,
        _ => Some("must be a text".to_owned()),
    }
}

fn number_problem(value: &Value, least: f64, most: f64) -> Option<String> {
    let Some(number) = value.as_f64() else {
        return Some("must be a number".to_owned());
    };
    if number < least {
        Some(format!("must be at least {least}"))
    } else if number > most {
        Some(format!("must be at most {most}"))
    } else {
        None
    }
}

fn one_of<'a>(values: impl IntoIterator<Item = &'a str>) -> String {
    format!("must be one of {}", values.into_iter().collect::<Vec<_>>().join(", "))
}

fn present(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| !value.is_null())
}

#[cfg(test)]
mod tests {
    use readmodel::ids::AgentId;
    use serde_json::json;

    use super::*;

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
    fn a_good_agent_has_no_faults() {
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
            (
                voiced(json!({"provider": "11labs", "voiceId": "v", "stability": 1.01})),
                "voice.stability must be at most 1",
            ),
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
            (
                modelled(json!({"provider": "vapi", "messages": [{"role": "bot"}]})),
                "model.messages.0.role must be one of ",
            ),
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
    fn a_character_that_cannot_be_kept_is_found_wherever_it_stands() {
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
    fn h3_what_is_too_deep_too_much_or_has_too_long_a_key_is_named_and_cut() {
        let deep = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!([inner]));
        assert_eq!(modelled(model_with(deep(MAX_DEPTH - 1))), []);
        let [fault] = &modelled(model_with(deep(MAX_DEPTH)))[..] else { panic!("one fault") };
        assert!(fault.field.starts_with("model.future.0.0.0") && fault.problem.contains("64"), "{fault}");

        assert_eq!(modelled(model_with(json!(vec![1; MAX_VALUES - 4]))), []);
        let [fault] = &modelled(model_with(json!(vec![1; MAX_VALUES - 3])))[..] else { panic!("one fault") };
        assert_eq!(fault.to_string(), "model must be at most 20000 values");

        assert_eq!(modelled(model_with(json!({"k".repeat(MAX_KEY_BYTES): 1}))), []);
        let [fault] = &modelled(model_with(json!({"k".repeat(MAX_KEY_BYTES + 1): 1})))[..] else { panic!("one") };
        assert_eq!(fault.to_string(), "model.future must have no key of more than 256 bytes");

        let long = json!({"k".repeat(MAX_KEY_BYTES): "\0"});
        let [fault] = &modelled(model_with(long))[..] else { panic!("one fault") };
        assert_eq!(fault.field.chars().count(), MAX_PATH_CHARS + 1, "{fault}");
        assert!(fault.field.ends_with("kk…"), "{fault}");
    }

    #[test]
    fn h3_however_many_faults_there_are_the_answer_is_short() {
        let messages = json!({"provider": "vapi", "messages": vec![7; 100_000]});
        let faults = modelled(messages);
        assert_eq!(faults.len(), MAX_FAULTS);
        assert!(faults.iter().map(|fault| fault.to_string().len()).sum::<usize>() < 2_000);
    }

    /// A path for each of the items would be 120 GB of text.
    #[test]
    fn h3_a_long_key_over_a_long_list_is_read_once() {
        let (key, items) = ("k".repeat(490_000), vec![1; 245_000]);
        let faults = modelled(model_with(json!({key: items})));
        assert_eq!(faults.len(), 1, "{}", faults[0]);
        let nested = (0..60).fold(json!(vec![1; 19_000]), |inner, _| json!({"k".repeat(MAX_KEY_BYTES): inner}));
        assert_eq!(modelled(model_with(nested)), []);
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let faults = check(&AgentConfig {
            name: String::new(),
            voice: Some(json!({"provider": "neuphonic", "speed": 9})),
            model: None,
            ..agent()
        });
        let fields: Vec<_> = faults.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(fields, ["name", "voice.voiceId", "voice.language", "voice.speed", "model"]);
    }
}
