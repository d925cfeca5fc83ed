//! The rules for assistants.

use super::{
    Field, Rule, Shape, any, field, flag,
    model::{MODEL_COMMON, MODELS},
    number, short, text,
    transcriber::{TRANSCRIBER_COMMON, TRANSCRIBERS},
    voice::{VOICE_COMMON, VOICES},
};

pub(crate) const ASSISTANT: &Shape = &[
    field("transcriber", Rule::Provider { providers: TRANSCRIBERS, common: TRANSCRIBER_COMMON }),
    MODEL,
    VOICE,
    text("firstMessage"),
    flag("firstMessageInterruptionsEnabled"),
    field("firstMessageMode", Rule::OneOf(FIRST_MESSAGE_MODES)),
    any("voicemailDetection"),
    field("clientMessages", Rule::List(&Rule::OneOf(CLIENT_MESSAGES))),
    field("serverMessages", Rule::List(&Rule::OneOf(SERVER_MESSAGES))),
    number("maxDurationSeconds", 10.0, 43_200.0),
    any("backgroundSound"),
    flag("modelOutputInMessagesEnabled"),
    any("transportConfigurations"),
    any("observabilityPlan"),
    any("credentials"),
    any("hooks"),
    short("name", 40),
    short("voicemailMessage", 1000),
    short("endCallMessage", 1000),
    field("endCallPhrases", Rule::List(&Rule::Text { least: 2, most: 140 })),
    any("compliancePlan"),
    field("metadata", Rule::Free),
    any("backgroundSpeechDenoisingPlan"),
    field("analysisPlan", Rule::Free),
    field("artifactPlan", Rule::Free),
    field("startSpeakingPlan", Rule::Free),
    field("stopSpeakingPlan", Rule::Object(&[STOP_SPEAKING_PLAN])),
    field("monitorPlan", Rule::Free),
    field("credentialIds", Rule::TEXTS),
    SERVER,
    any("keypadInputPlan"),
    // Accepted, but no longer described.
    number("silenceTimeoutSeconds", 10.0, 3600.0),
    number("customerJoinTimeoutSeconds", 1.0, 60.0),
    text("serverUrl"),
    text("serverUrlSecret"),
    flag("endCallFunctionEnabled"),
    flag("backgroundDenoisingEnabled"),
];

const MODEL: Field = field("model", Rule::Provider { providers: MODELS, common: MODEL_COMMON });
const VOICE: Field = field("voice", Rule::Provider { providers: VOICES, common: VOICE_COMMON });
pub(super) const SERVER: Field = field("server", Rule::Object(&[SERVER_FIELDS]));

const SERVER_FIELDS: &Shape = &[
    number("timeoutSeconds", 1.0, 300.0),
    text("credentialId"),
    flag("staticIpAddressesEnabled"),
    field("encryptedPaths", Rule::TEXTS),
    text("url"),
    field("headers", Rule::Free),
    field("backoffPlan", Rule::Object(&[BACKOFF_PLAN])),
    // Accepted, but no longer described.
    text("secret"),
];

const BACKOFF_PLAN: &Shape = &[
    field("type", Rule::OneOf(&["fixed", "exponential"])).required(),
    number("maxRetries", 0.0, 10.0).required(),
    number("baseDelaySeconds", 0.0, 10.0).required(),
    field("excludedStatusCodes", Rule::List(&Rule::NUMBER)),
];

const STOP_SPEAKING_PLAN: &Shape = &[
    number("numWords", 0.0, 10.0),
    number("voiceSeconds", 0.0, 0.5),
    number("backoffSeconds", 0.0, 10.0),
    field("acknowledgementPhrases", Rule::TEXTS),
    field("interruptionPhrases", Rule::TEXTS),
];

const FIRST_MESSAGE_MODES: &[&str] =
    &["assistant-speaks-first", "assistant-speaks-first-with-model-generated-message", "assistant-waits-for-user"];

const CLIENT_MESSAGES: &[&str] = &[
    "conversation-update",
    "assistant.speechStarted",
    "function-call",
    "function-call-result",
    "hang",
    "language-changed",
    "metadata",
    "model-output",
    "speech-update",
    "status-update",
    "transcript",
    "tool-calls",
    "tool-calls-result",
    "tool.completed",
    "transfer-update",
    "user-interrupted",
    "voice-input",
    "workflow.node.started",
    "assistant.started",
];

const SERVER_MESSAGES: &[&str] = &[
    "assistant.started",
    "assistant.speechStarted",
    "conversation-update",
    "end-of-call-report",
    "function-call",
    "hang",
    "language-changed",
    "language-change-detected",
    "model-output",
    "phone-call-control",
    "speech-update",
    "status-update",
    "transcript",
    "transcript[transcriptType=\"final\"]",
    "tool-calls",
    "transfer-destination-request",
    "handoff-destination-request",
    "transfer-update",
    "user-interrupted",
    "voice-input",
    "chat.created",
    "chat.deleted",
    "session.created",
    "session.updated",
    "session.deleted",
    "call.deleted",
    "call.delete.failed",
    "call.artifact.upload",
];
