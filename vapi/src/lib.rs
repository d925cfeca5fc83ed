//! Vapi: webhook messages and their authentication, an agent's assistant, and the client of the REST API.
//!
//! A webhook passes these steps: [`Authenticator::admit`] (its headers), [`Claim::check`] (its body),
//! [`Envelope::parse`], [`Envelope::dedupe_key`], [`Envelope::call_update`] (the facts about its call),
//! [`Envelope::into_redacted_body`] (the part to store). All of them are pure.
//!
//! An agent passes these steps: [`check`] (Vapi's limits), [`Payload::of`] (the body to send, and its hash),
//! [`client::Client`].

mod assistant;
mod authenticator;
mod call;
mod check;
pub mod client;
mod ended_reason;
mod field;
mod join;
mod listed;
mod loopback;
mod message;
mod private;
mod redact;
mod structured;
mod surrogates;
mod update;

pub use assistant::{AgentConfig, Deployment, Payload, WebhookAuth};
pub use authenticator::{AuthError, Authenticator, Claim, SettingError, WebhookRefused, flag, webhook_secrets};
pub use call::{CallState, Direction, SentimentLabel};
pub use check::{FieldError, check};
pub use ended_reason::call_status;
pub use join::{Latest, Milestone, Newest, Phase};
pub use loopback::is_loopback;
pub use message::{CallKind, CallRef, Envelope, KNOWN_KINDS, Kind, MAX_BODY_BYTES, ParseError};
pub use private::Private;
pub use redact::redact;
pub use update::CallUpdate;
