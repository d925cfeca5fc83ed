//! Vapi: webhook messages, signature checks; what an agent's assistant is, and the client of the REST API.
//!
//! A webhook passes through here in this order: [`Authenticator::admit`] (its headers), [`Claim::check`] (its body),
//! [`Envelope::parse`], [`Envelope::dedupe_key`], [`Envelope::call_update`] (what the message says about its call),
//! [`Envelope::into_redacted_body`] (what may be stored). All of it is pure.
//!
//! An agent passes in this order: [`check`] (what Vapi would refuse), [`Payload::of`] (what would be sent, and its hash),
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
pub use authenticator::{AuthError, Authenticator, Claim, Refused, SettingError, flag, webhook_secrets};
pub use call::{CallState, Direction, SentimentLabel};
pub use check::{FieldError, check};
pub use ended_reason::call_status;
pub use join::{Latest, Milestone, Newest, Phase};
pub use loopback::is_loopback;
pub use message::{CallKind, CallRef, Envelope, KNOWN_KINDS, Kind, MAX_BODY_BYTES, ParseError};
pub use private::Private;
pub use redact::redact;
pub use update::CallUpdate;
