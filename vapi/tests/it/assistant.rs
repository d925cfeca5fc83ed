use proptest::prelude::*;
use readmodel::{config_hash::ConfigHash, ids::AgentId};
use serde_json::{Map, Value, json};
use vapi::{AgentConfig, Deployment, Payload, Private, WebhookAuth};

use crate::shuffle;

const AGENT: &str = "00000000-0000-4000-8000-000000000001";

pub(crate) fn agent() -> AgentConfig {
    AgentConfig {
        id: AgentId(AGENT.parse().unwrap()),
        name: "Front desk".to_owned(),
        system_prompt: Some("Be kind.".to_owned()),
        first_message: Some("Hello".to_owned()),
        voice: Some(json!({"provider": "11labs", "voiceId": "v", "stability": 0.5})),
        model: Some(json!({"provider": "openai", "model": "gpt-4o", "temperature": 0.7, "toolIds": ["t"]})),
    }
}

pub(crate) fn deployment() -> Deployment {
    Deployment::new("https://us.example/", WebhookAuth::Secret("s3cret".to_owned().into()))
}

fn hash(agent: &AgentConfig) -> ConfigHash {
    Payload::of(agent, &deployment()).hash()
}

#[test]
fn the_payload_is_complete() {
    let payload = Payload::of(&agent(), &deployment());
    let expected = json!({
        "name": "Front desk",
        "firstMessage": "Hello",
        "model": {
            "provider": "openai",
            "model": "gpt-4o",
            "temperature": 0.7,
            "toolIds": ["t"],
            "messages": [{"role": "system", "content": "Be kind."}],
        },
        "voice": {"provider": "11labs", "voiceId": "v", "stability": 0.5},
        "server": {
            "url": "https://us.example/webhooks/vapi",
            "timeoutSeconds": 20,
            "secret": "s3cret",
            "backoffPlan": {
                "type": "exponential",
                "maxRetries": 3,
                "baseDelaySeconds": 1,
                "excludedStatusCodes": [400, 401, 403, 404, 413, 422],
            },
        },
        "serverMessages": ["status-update", "end-of-call-report"],
        "metadata": {"agentId": AGENT, "configHash": payload.hash().to_string()},
    });
    assert_eq!(payload.to_create(), expected);
    assert_eq!(payload.to_update(), expected);
}

#[test]
fn a_patch_clears_removed_fields_and_a_post_omits_them() {
    let bare = AgentConfig { first_message: None, voice: None, ..agent() };
    let payload = Payload::of(&bare, &deployment());
    let names = |body: Value| body.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(payload.to_create()), ["metadata", "model", "name", "server", "serverMessages"]);
    let update = payload.to_update();
    assert_eq!((&update["firstMessage"], &update["voice"]), (&Value::Null, &Value::Null));
    assert_eq!(names(update).len(), 7);
}

#[test]
fn the_prompt_is_the_first_message_and_appears_once() {
    let messages = |messages: Value| {
        let model = json!({"provider": "openai", "model": "gpt-4o", "messages": messages});
        let mut body = Payload::of(&AgentConfig { model: Some(model), ..agent() }, &deployment()).to_create();
        body["model"]["messages"].take()
    };
    let prompt = json!({"role": "system", "content": "Be kind."});
    let more = json!({"role": "assistant", "content": "Hm."});
    assert_eq!(messages(json!([more])), json!([prompt, more]));
    assert_eq!(messages(json!([prompt, more])), json!([prompt, more]));
    assert_eq!(messages(json!([])), json!([prompt]));
    assert_eq!(messages(Value::Null), json!([prompt]));
}

#[test]
fn every_kind_of_webhook_authentication_is_in_the_payload() {
    let server = |auth| {
        let mut body = Payload::of(&agent(), &Deployment::new("https://us.example", auth)).to_create();
        body["server"].take()
    };
    let credential = server(WebhookAuth::Credential("c-1".to_owned()));
    assert_eq!((&credential["credentialId"], credential.get("secret")), (&json!("c-1"), None));
    let headers = [("X-Vapi-Secret".to_owned(), Private::from("s3cret".to_owned()))];
    let headers = server(WebhookAuth::Headers(headers.into()));
    assert_eq!((&headers["headers"], headers.get("secret")), (&json!({"X-Vapi-Secret": "s3cret"}), None));
}

/// Every part of the payload is hashed, so a change of any part is owed.
#[test]
fn every_part_of_the_payload_changes_the_hash() {
    let secret = |text: &str| WebhookAuth::Secret(text.to_owned().into());
    let header = |text: &str| WebhookAuth::Headers([("X-Key".to_owned(), text.to_owned().into())].into());
    let elsewhere = |url: &str, auth| Payload::of(&agent(), &Deployment::new(url, auth)).hash();
    let hashes = [
        hash(&agent()),
        hash(&AgentConfig { id: AgentId("00000000-0000-4000-8000-000000000002".parse().unwrap()), ..agent() }),
        hash(&AgentConfig { name: "Front Desk".to_owned(), ..agent() }),
        hash(&AgentConfig { system_prompt: None, ..agent() }),
        hash(&AgentConfig { system_prompt: Some("Be kind".to_owned()), ..agent() }),
        hash(&AgentConfig { first_message: None, ..agent() }),
        hash(&AgentConfig { first_message: Some(String::new()), ..agent() }),
        hash(&AgentConfig { voice: None, ..agent() }),
        hash(&AgentConfig { model: None, ..agent() }),
        elsewhere("https://others.example", secret("s3cret")),
        elsewhere("https://us.example", secret("n3xt")),
        elsewhere("https://us.example", WebhookAuth::Credential("s3cret".to_owned())),
        elsewhere("https://us.example", header("s3cret")),
        elsewhere("https://us.example", header("n3xt")),
    ];
    for (at, one) in hashes.iter().enumerate() {
        for other in &hashes[..at] {
            assert_ne!(one, other, "{at}");
        }
    }
    assert_eq!(elsewhere("https://us.example", secret("s3cret")), hashes[0], "a slash at the end is none");
}

#[test]
fn debug_output_has_no_secret_and_no_prompt() {
    let (agent, deployment) = (agent(), deployment());
    let payload = Payload::of(&agent, &deployment);
    let printed = format!("{agent:?} {deployment:?} {payload:?}");
    for secret in ["s3cret", "kind", "Front"] {
        assert!(!printed.contains(secret), "{printed}");
    }
    assert!(printed.contains(&payload.hash().to_string()));
}

#[test]
fn drift_is_found_by_field() {
    let payload = Payload::of(&agent(), &deployment());
    let held = |change: Value| {
        let mut held = payload.to_create();
        // As Vapi returns it: without the secret and with fields of its own.
        held["server"].as_object_mut().unwrap().remove("secret");
        held["server"]["staticIpAddressesEnabled"] = json!(false);
        held["server"]["timeoutSeconds"] = json!(20.0);
        held["latestVersion"] = json!("3");
        held.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        payload.differences(&held).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(held(json!({})), [""; 0]);
    for (change, fields) in [
        (json!({"name": "Front desk (Test)"}), &["name"][..]),
        (json!({"name": null}), &["name"]),
        (json!({"model": {"provider": "openai", "model": "gpt-4o"}}), &["model"]),
        (json!({"voice": {"provider": "11labs", "voiceId": "v", "stability": 0.6}}), &["voice"]),
        (json!({"serverMessages": ["hang"], "server": {"url": "https://them.example"}}), &["server", "serverMessages"]),
        (json!({"metadata": {}}), &["metadata"]),
    ] {
        assert_eq!(held(change.clone()), fields, "{change}");
    }
    let silent = Payload::of(&AgentConfig { first_message: None, ..agent() }, &deployment());
    let mut held = silent.to_create();
    assert_eq!(silent.differences(&held), [""; 0]);
    held["firstMessage"] = json!("Hi");
    assert_eq!(silent.differences(&held), ["firstMessage"]);
}

/// Arbitrary JSON of a column.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-1_000_000..1_000_000i64).prop_map(Value::from),
        (-1e9..1e9f64).prop_map(Value::from),
        "[a-c é\"\\\\]{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-d]", inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn object() -> impl Strategy<Value = Value> {
    prop::collection::btree_map("[a-d]", value(), 0..5).prop_map(|fields| Value::Object(fields.into_iter().collect()))
}

/// The same value in another spelling: other order of keys, nulls for missing fields, other forms of numbers.
fn respelled(value: &Value, seed: u64) -> String {
    let next = |at: usize| seed.rotate_left(7).wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(at as u64);
    match value {
        Value::Object(fields) => {
            let mut parts: Vec<_> = fields
                .iter()
                .enumerate()
                .filter(|(at, (_, value))| !(value.is_null() && next(*at).is_multiple_of(2)))
                .map(|(at, (name, value))| format!("{} :{}", Value::from(name.as_str()), respelled(value, next(at))))
                .collect();
            if seed.is_multiple_of(3) {
                parts.push("\"zz\":null".to_owned());
            }
            shuffle(&mut parts, seed);
            format!("{{{}}}", parts.join(" ,"))
        }
        Value::Array(items) => {
            let items: Vec<_> = items.iter().enumerate().map(|(at, item)| respelled(item, next(at))).collect();
            format!("[ {} ]", items.join(","))
        }
        Value::Number(number) => match (number.as_i64(), seed % 3) {
            (Some(whole), 0) => format!("{whole}.0"),
            (Some(whole), 1) => format!("{whole}e0"),
            (None, 0) => format!("{}e0", number.as_f64().unwrap()),
            (None, 1) => format!("{:e}", number.as_f64().unwrap()),
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}

/// A value that differs in one leaf or one key.
fn changed(value: &Value, seed: u64) -> Value {
    let pick = |count: usize| usize::try_from(seed % count as u64).unwrap();
    match value {
        Value::Object(fields) if fields.values().any(|value| !value.is_null()) => {
            let names: Vec<_> = fields.iter().filter(|(_, value)| !value.is_null()).map(|(name, _)| name).collect();
            let name = names[pick(names.len())];
            let mut fields = fields.clone();
            let old = fields.remove(name).unwrap();
            match seed % 3 {
                0 => None,
                1 => fields.insert(format!("{name}x"), old),
                _ => fields.insert(name.clone(), changed(&old, seed / 3)),
            };
            Value::Object(fields)
        }
        Value::Object(_) => json!({"new": 1}),
        Value::Array(items) if items.is_empty() => json!([null]),
        Value::Array(items) => {
            let (mut items, at) = (items.clone(), pick(items.len()));
            match seed % 2 {
                0 => drop(items.remove(at)),
                _ => items[at] = changed(&items[at], seed / 2),
            }
            Value::from(items)
        }
        Value::Number(number) if seed.is_multiple_of(2) => Value::from(number.to_string()),
        Value::Number(number) => Value::from(number.as_f64().unwrap() + 0.5),
        Value::String(text) => Value::from(format!("{text} ")),
        Value::Bool(flag) => Value::from(!flag),
        Value::Null => Value::from(0),
    }
}

fn with(voice: &Value, model: &Value) -> ConfigHash {
    hash(&AgentConfig { voice: Some(voice.clone()), model: Some(model.clone()), ..agent() })
}

proptest! {
    #[test]
    fn the_spelling_of_json_does_not_change_the_hash(voice in object(), model in object(), seed: u64) {
        let voice_again: Value = serde_json::from_str(&respelled(&voice, seed)).unwrap();
        let model_again: Value = serde_json::from_str(&respelled(&model, seed / 2)).unwrap();
        prop_assert_eq!(with(&voice, &model), with(&voice_again, &model_again));
    }

    #[test]
    fn a_changed_value_changes_the_hash(voice in object(), model in object(), seed: u64) {
        prop_assert_ne!(with(&voice, &model), with(&changed(&voice, seed), &model));
        prop_assert_ne!(with(&voice, &model), with(&voice, &changed(&model, seed)));
    }

    #[test]
    fn an_assistant_with_the_payload_does_not_differ(voice in object(), model in object()) {
        let payload = Payload::of(&AgentConfig { voice: Some(voice), model: Some(model), ..agent() }, &deployment());
        let mut held = payload.to_create();
        held["server"].as_object_mut().unwrap().remove("secret");
        prop_assert_eq!(payload.differences(&held), Vec::<&str>::new());
        let names: Map<String, Value> = held.as_object().unwrap().clone();
        for name in names.keys().filter(|name| !names[*name].as_object().is_some_and(|fields| fields.values().all(Value::is_null))) {
            let mut held = held.clone();
            held.as_object_mut().unwrap().remove(name);
            prop_assert_eq!(payload.differences(&held), vec![name.as_str()]);
        }
    }
}
