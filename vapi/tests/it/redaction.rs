//! Redaction removes every secret and nothing else.

use proptest::{collection::vec, prelude::*};
use serde_json::{Map, Value, json};
use vapi::{Envelope, redact};

use crate::fixtures::{self, json};

const CANARY: &str = "canary-4f1d";

/// Field names of secrets in the spellings of Vapi and its tools.
const SECRET_NAMES: [&str; 18] = [
    "twilioAuthToken",
    "serverUrlSecret",
    "secret",
    "API_KEY",
    "apiKey",
    "vapi-api-key",
    "x-Access-Key",
    "Authorization",
    "password",
    "private_key",
    "PrivateKey",
    "credentials",
    "credential",
    "callToken",
    "Set-Cookie",
    "controlUrl",
    "websocketCallUrl",
    "presignedMonoUrl",
];

const PLAIN_NAMES: [&str; 10] =
    ["message", "type", "credentialId", "credential_ids", "name", "url", "key", "header", "metadata", "número"];

fn plain() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z \u{0}é\"]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((proptest::sample::select(&PLAIN_NAMES), inner), 0..4).prop_map(object),
        ]
    })
}

fn object(fields: Vec<(&str, Value)>) -> Value {
    Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// A value with the canary somewhere in it.
fn secret() -> impl Strategy<Value = Value> {
    let leaf = Just(json!(CANARY));
    leaf.prop_recursive(3, 6, 2, |inner| {
        prop_oneof![inner.clone().prop_map(|value| json!([value])), inner.prop_map(|value| json!({"name": value}))]
    })
}

/// Fields with secrets, and their redacted values.
fn secret_field() -> impl Strategy<Value = (String, Value, Value)> {
    let named = (proptest::sample::select(&SECRET_NAMES), secret())
        .prop_map(|(name, value)| (name.to_owned(), value, json!("[redacted]")));
    let header = (Just("headers"), secret())
        .prop_map(|(name, value)| (name.to_owned(), json!({"X-Any": value}), json!({"X-Any": "[redacted]"})));
    prop_oneof![4 => named, 1 => header]
}

/// Inserts the field into the objects of `value` that `picks` selects.
fn plant(value: &mut Value, field: &(String, Value), picks: &mut impl Iterator<Item = bool>) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| plant(item, field, picks)),
        Value::Object(fields) => {
            fields.values_mut().for_each(|value| plant(value, field, picks));
            if picks.next().unwrap_or(true) {
                fields.insert(field.0.clone(), field.1.clone());
            }
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn only_secrets_are_redacted(body in plain(), (name, secret, left) in secret_field(), picks in vec(any::<bool>(), 0..20)) {
        let (mut sent, mut expected) = (json!({"body": body.clone()}), json!({"body": body}));
        plant(&mut sent, &(name.clone(), secret), &mut picks.iter().copied());
        plant(&mut expected, &(name, left), &mut picks.iter().copied());
        redact(&mut sent);
        prop_assert!(!sent.to_string().contains(CANARY));
        prop_assert_eq!(&sent, &expected);
        redact(&mut sent);
        prop_assert_eq!(sent, expected);
    }

    #[test]
    fn a_body_without_secrets_is_unchanged(body in plain()) {
        let mut redacted = body.clone();
        redact(&mut redacted);
        prop_assert_eq!(redacted, body);
    }
}

#[test]
fn a_null_is_kept() {
    let mut body =
        json!({"twilioAuthToken": null, "serverUrlSecret": "", "headers": null, "token": 7, "password": Map::new()});
    redact(&mut body);
    assert_eq!(
        body,
        json!({"twilioAuthToken": null, "serverUrlSecret": "[redacted]", "headers": null, "token": "[redacted]", "password": "[redacted]"})
    );
}

#[test]
fn headers_of_an_unknown_shape_are_removed_whole() {
    let mut body = json!([{"headers": [{"name": "X-Any", "value": CANARY}]}, {"Headers": CANARY}]);
    redact(&mut body);
    assert_eq!(body, json!([{"headers": "[redacted]"}, {"Headers": "[redacted]"}]));
}

#[test]
fn recorded_bodies_parse_the_same_after_redaction() {
    for body in fixtures::ALL {
        let envelope = Envelope::parse(body.as_bytes()).unwrap();
        let update = envelope.call_update();
        let stored = envelope.into_redacted_body();
        let text = stored.to_string();
        for canary in ["canary-twilio-token", "canary-gateway-key", "canary-tool-secret", "/control", "/listen"] {
            assert!(!text.contains(canary), "{canary}");
        }
        assert_eq!(Envelope::from_json(stored).unwrap().call_update(), update);
    }
    let report = Envelope::from_json(json(fixtures::REPORT)).unwrap().into_redacted_body();
    assert_eq!(report["message"]["phoneNumber"]["credentialId"], "c4ed0000-0000-4000-8000-0000000000c3");
    assert_eq!(
        report["message"]["assistant"]["server"],
        json!({"url": "https://hooks.example/vapi", "headers": {"X-Gateway": "[redacted]"}})
    );
}
