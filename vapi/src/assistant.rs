//! The assistant of an agent: the exact body for Vapi, and its hash.

use std::{collections::BTreeMap, fmt};

use readmodel::{config_hash::ConfigHash, ids::AgentId};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::private::Private;

/// The messages that Vapi sends us about a call. Its default would repeat the whole conversation at every turn.
const SERVER_MESSAGES: [&str; 2] = ["status-update", "end-of-call-report"];

/// Vapi's default, set explicitly so that a change of the default does not look like drift.
const WEBHOOK_TIMEOUT_SECONDS: u32 = 20;
/// Vapi does not retry webhooks unless told to.
const WEBHOOK_RETRIES: u32 = 3;
const WEBHOOK_RETRY_DELAY_SECONDS: u32 = 1;
/// Statuses after which a retry would get the same answer.
const NOT_RETRIED: [u16; 6] = [400, 401, 403, 404, 413, 422];

/// An agent's configuration, as in its row.
#[derive(Clone)]
pub struct AgentConfig {
    /// The agent's id.
    pub id: AgentId,
    /// The name of the agent and of its assistant.
    pub name: String,
    /// The first of `model.messages`.
    pub system_prompt: Option<String>,
    /// The first thing that the assistant says.
    pub first_message: Option<String>,
    /// Vapi's voice object.
    pub voice: Option<Value>,
    /// Vapi's model object.
    pub model: Option<Value>,
}

/// Leaves the settings out: prompts are the customer's and stay out of logs.
impl fmt::Debug for AgentConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AgentConfig").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The proof that Vapi sends with its webhooks.
#[derive(Clone, Debug)]
pub enum WebhookAuth {
    /// `server.secret`, which Vapi sends as `X-Vapi-Secret`. Vapi calls it legacy; it needs no set-up on their side.
    Secret(Private),
    /// The id of a credential stored at Vapi: bearer, OAuth or HMAC.
    Credential(String),
    /// Fixed headers.
    Headers(BTreeMap<String, Private>),
}

/// The settings that all assistants of an installation share.
#[derive(Clone, Debug)]
pub struct Deployment {
    webhook_url: String,
    auth: WebhookAuth,
}

impl Deployment {
    /// An installation that is reachable at `public_url`.
    pub fn new(public_url: &str, auth: WebhookAuth) -> Self {
        Self { webhook_url: format!("{}/webhooks/vapi", public_url.trim_end_matches('/')), auth }
    }

    /// The URL that Vapi sends webhooks to.
    pub fn webhook_url(&self) -> &str {
        &self.webhook_url
    }

    fn server(&self) -> Map<String, Value> {
        let mut server = object(json!({
            "url": self.webhook_url,
            "timeoutSeconds": WEBHOOK_TIMEOUT_SECONDS,
            "backoffPlan": {
                "type": "exponential",
                "maxRetries": WEBHOOK_RETRIES,
                "baseDelaySeconds": WEBHOOK_RETRY_DELAY_SECONDS,
                "excludedStatusCodes": NOT_RETRIED,
            },
        }));
        match &self.auth {
            WebhookAuth::Secret(secret) => server.insert("secret".to_owned(), secret.as_str().into()),
            WebhookAuth::Credential(id) => server.insert("credentialId".to_owned(), id.as_str().into()),
            WebhookAuth::Headers(headers) => {
                let headers = headers.iter().map(|(name, value)| (name.clone(), value.as_str().into()));
                server.insert("headers".to_owned(), Value::Object(headers.collect()))
            }
        };
        server
    }
}

/// The complete assistant for an agent.
#[derive(Clone)]
pub struct Payload {
    fields: Map<String, Value>,
    hash: ConfigHash,
}

impl Payload {
    /// The assistant for this agent and installation.
    ///
    /// An agent without a model has no place for its prompt: [`crate::check`] it first.
    pub fn of(agent: &AgentConfig, deployment: &Deployment) -> Self {
        let mut fields = object(json!({
            "name": agent.name,
            "firstMessage": agent.first_message,
            "model": model(agent),
            "voice": agent.voice,
            "server": deployment.server(),
            "serverMessages": SERVER_MESSAGES,
            "metadata": {"agentId": agent.id},
        }));
        let hash = hash(&fields);
        fields.insert("metadata".to_owned(), json!({"agentId": agent.id, "configHash": hash}));
        Self { fields, hash }
    }

    /// The hash of everything that is sent, except the hash itself. Secrets enter as their SHA-256.
    pub fn hash(&self) -> ConfigHash {
        self.hash
    }

    /// The body of a POST, without null fields.
    pub fn to_create(&self) -> Value {
        let present = self.fields.iter().filter(|(_, value)| !value.is_null());
        Value::Object(present.map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    /// The body of a PATCH. It replaces every named field as a whole, and null clears one, so that a field of an
    /// earlier save does not remain.
    pub fn to_update(&self) -> Value {
        Value::Object(self.fields.clone())
    }

    /// The fields that Vapi's assistant has otherwise than this one. Fields that Vapi has added do not count, and
    /// secrets, which it does not return, are not compared.
    pub fn differences(&self, held: &Value) -> Vec<&str> {
        let differs =
            |(name, wanted): &(&String, &Value)| !holds(held.get(name.as_str()), &without_secrets(name, wanted));
        self.fields.iter().filter(differs).map(|(name, _)| name.as_str()).collect()
    }
}

/// Leaves the fields out: they hold prompts and the webhook secret.
impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Payload").field("hash", &self.hash).finish_non_exhaustive()
    }
}

/// The model, with the system prompt as its first message unless it is there already.
fn model(agent: &AgentConfig) -> Option<Value> {
    let mut model = agent.model.clone()?;
    let (Some(prompt), Some(fields)) = (&agent.system_prompt, model.as_object_mut()) else {
        return Some(model);
    };
    let prompt = json!({"role": "system", "content": prompt});
    match fields.get_mut("messages") {
        Some(Value::Array(messages)) if messages.first() == Some(&prompt) => {}
        Some(Value::Array(messages)) => messages.insert(0, prompt),
        None | Some(Value::Null) => {
            fields.insert("messages".to_owned(), json!([prompt]));
        }
        // Not a list; Vapi rejects that.
        Some(_) => {}
    }
    Some(model)
}

fn hash(fields: &Map<String, Value>) -> ConfigHash {
    let mut hashed = fields.clone();
    if let Some(server) = hashed.get_mut("server") {
        replace_secrets(server, |secret| json!(Sha256::digest(secret).as_slice()));
    }
    ConfigHash::of(&Value::Object(hashed))
}

fn without_secrets(name: &str, value: &Value) -> Value {
    let mut shown = value.clone();
    if name == "server" {
        replace_secrets(&mut shown, |_| Value::Null);
    }
    shown
}

fn replace_secrets(server: &mut Value, with: impl Fn(&str) -> Value) {
    let replace = |value: &mut Value| {
        if let Some(secret) = value.as_str() {
            *value = with(secret);
        }
    };
    if let Some(secret) = server.get_mut("secret") {
        replace(secret);
    }
    if let Some(Value::Object(headers)) = server.get_mut("headers") {
        headers.values_mut().for_each(replace);
    }
}

/// Whether `held` contains all that is wanted. A wanted null is satisfied by a missing field.
fn holds(held: Option<&Value>, wanted: &Value) -> bool {
    match (held, wanted) {
        (None | Some(Value::Null), Value::Null) => true,
        (None, Value::Object(wanted)) => wanted.values().all(Value::is_null),
        (Some(Value::Object(held)), Value::Object(wanted)) => {
            wanted.iter().all(|(name, wanted)| wanted.is_null() || holds(held.get(name), wanted))
        }
        (Some(Value::Array(held)), Value::Array(wanted)) => {
            held.len() == wanted.len() && held.iter().zip(wanted).all(|(held, wanted)| holds(Some(held), wanted))
        }
        (Some(Value::Number(held)), Value::Number(wanted)) => held.as_f64() == wanted.as_f64(),
        (held, wanted) => held == Some(wanted),
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
