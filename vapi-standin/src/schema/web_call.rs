//! The rules for requests of web calls.

use super::{Rule, Shape, any, assistant::ASSISTANT, field, flag, text};

pub(crate) const WEB_CALL: &Shape = &[
    field("assistantId", Rule::Uuid),
    field("assistant", Rule::Object(&[ASSISTANT])),
    field("assistantOverrides", Rule::Object(&[ASSISTANT, OVERRIDES])),
    text("assistantVersion"),
    flag("roomDeleteOnUserLeaveEnabled"),
    field("squadId", Rule::Uuid),
    any("squad"),
    any("squadOverrides"),
    field("workflowId", Rule::Uuid),
    any("workflow"),
    any("workflowOverrides"),
];

/// The fields of an override besides the assistant's own.
const OVERRIDES: &Shape = &[field("variableValues", Rule::Free), any("tools:append")];
