//! The rules for changes of a phone number.

use super::{Rule, Shape, any, assistant::SERVER, field, flag, short, text};

pub(crate) const PHONE_NUMBER: &Shape = &[
    any("fallbackDestination"),
    any("hooks"),
    field("provider", Rule::OneOf(&["byo-phone-number", "twilio", "vonage", "vapi", "telnyx"])),
    flag("smsEnabled"),
    flag("numberE164CheckEnabled"),
    short("name", 40),
    field("assistantId", Rule::Uuid),
    text("workflowId"),
    text("squadId"),
    SERVER,
    text("sipUri"),
    any("authentication"),
];
