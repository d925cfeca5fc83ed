//! A stand-in for Vapi's REST API: for tests, for benchmarks, and for running without a key.
//!
//! It keeps everything in memory and is as strict as Vapi: it checks which key may do what, refuses properties,
//! lengths, ranges and values in Vapi's words, replaces top-level fields as a whole, keeps what clients do, and returns
//! nothing that Vapi would not. Where Vapi's wording is not known, it is modelled on known wordings, and tests should
//! rely on the status.
//!
//! It fails on demand, in all ways in which a service can (see [`Fault`]), and its objects can be changed from outside,
//! as other programs change Vapi's.

mod answer;
mod assistants;
mod auth;
mod calls;
mod clock;
mod config;
mod connection;
mod fault;
mod object;
mod operation;
mod phone_numbers;
mod query;
mod rate_limit;
mod record;
mod refusal;
mod report;
mod router;
mod schema;
mod standin;
mod webhook;
mod world;

pub use calls::{CallEnd, CallKind, NewCall};
pub use clock::Clock;
pub use config::{Config, RateLimit};
pub use fault::{Chaos, Fault};
pub use operation::Operation;
pub use record::Request;
pub use report::{Report, signature};
pub use standin::Standin;
pub use webhook::Webhook;
