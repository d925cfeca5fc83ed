//! Removal of secrets from a body before it is stored.

use serde_json::{Map, Value};

/// The placeholder for a secret.
const REDACTED: &str = "[redacted]";

/// Words in the names of fields that hold secrets, compared in lower case without `_` and `-`.
const SECRET_WORDS: [&str; 14] = [
    "secret",
    "token",
    "password",
    "passphrase",
    "apikey",
    "accesskey",
    "privatekey",
    "authorization",
    "credential",
    "cookie",
    // URLs that let anyone listen to the live call, steer it or join it.
    "listenurl",
    "controlurl",
    "callurl",
    // URLs that let anyone fetch the recording without authentication.
    "presigned",
];

/// References to credentials, which are no secrets: they say which credential a call used.
const CREDENTIAL_REFERENCES: [&str; 2] = ["credentialid", "credentialids"];

/// Replaces secrets by `"[redacted]"` at any depth: the values of fields with secret-like names, and the values in
/// `headers`. Null stays, since it means that there is no secret. Everything else stays as it is.
pub fn redact(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(redact),
        Value::Object(fields) => redact_fields(fields),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn redact_fields(fields: &mut Map<String, Value>) {
    for (name, value) in fields {
        let name = name.replace(['_', '-'], "").to_lowercase();
        match value {
            _ if is_secret(&name) => replace(value),
            // Static headers of a server. Their names are worth keeping, and any value may authenticate.
            Value::Object(headers) if name == "headers" => headers.values_mut().for_each(replace),
            _ if name == "headers" => replace(value),
            _ => redact(value),
        }
    }
}

/// Collects the texts that [`redact`] would replace.
pub(crate) fn collect_secrets<'a>(value: &'a Value, secrets: &mut Vec<&'a str>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect_secrets(item, secrets)),
        Value::Object(fields) => {
            for (name, value) in fields {
                let name = name.replace(['_', '-'], "").to_lowercase();
                if is_secret(&name) || name == "headers" {
                    collect_texts(value, secrets);
                } else {
                    collect_secrets(value, secrets);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn collect_texts<'a>(value: &'a Value, texts: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => texts.push(text),
        Value::Array(items) => items.iter().for_each(|item| collect_texts(item, texts)),
        Value::Object(fields) => fields.values().for_each(|value| collect_texts(value, texts)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn is_secret(name: &str) -> bool {
    !CREDENTIAL_REFERENCES.contains(&name) && SECRET_WORDS.iter().any(|word| name.contains(word))
}

fn replace(value: &mut Value) {
    if !value.is_null() {
        *value = Value::from(REDACTED);
    }
}
