//! Webhooks as Vapi sends them, and what they come to.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod fixtures;
mod merge;
mod messages;
mod redaction;
