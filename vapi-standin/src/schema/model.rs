//! The rules for models, by provider.

use super::{Provider, Rule, Shape, any, field, flag, number, provider, short, text};

pub(super) const MODEL_COMMON: &Shape = &[
    text("provider"),
    flag("emotionRecognitionEnabled"),
    any("knowledgeBase"),
    number("maxTokens", 50.0, 10_000.0),
    field("messages", Rule::List(&Rule::Object(&[MESSAGE]))),
    number("numFastTurns", 0.0, f64::INFINITY),
    number("temperature", 0.0, 2.0),
    field("toolIds", Rule::TEXTS),
    any("toolRefs"),
    any("tools"),
];

const MESSAGE: &Shape = &[
    short("content", 100_000_000),
    field("role", Rule::OneOf(&["assistant", "function", "user", "system", "tool"])).required(),
];

pub(super) const MODELS: &[Provider] = &[
    provider("anthropic", &[text("model").required(), any("thinking")]),
    provider("anthropic-bedrock", &[text("model").required(), any("thinking")]),
    provider("anyscale", &[text("model").required()]),
    provider("cerebras", &[text("model").required()]),
    provider(
        "custom-llm",
        &[
            any("headers"),
            text("metadataSendMode"),
            text("model").required(),
            number("timeoutSeconds", 0.0, 300.0),
            text("url").required(),
            flag("wordLevelConfidenceEnabled"),
        ],
    ),
    provider("deep-seek", &[text("model").required()]),
    provider("deepinfra", &[text("model").required()]),
    provider("google", &[text("model").required(), any("realtimeConfig")]),
    provider("groq", &[text("model").required()]),
    provider("inflection-ai", &[text("model").required()]),
    provider("minimax", &[text("model").required()]),
    provider(
        "openai",
        &[
            field("fallbackModels", Rule::TEXTS),
            text("model").required(),
            short("promptCacheKey", 64),
            text("promptCacheRetention"),
            text("reasoningEffort"),
            text("toolStrictCompatibilityMode"),
        ],
    ),
    provider("openrouter", &[text("model").required()]),
    provider("perplexity-ai", &[text("model").required()]),
    provider("together-ai", &[text("model").required()]),
    provider("vapi", &[text("model"), text("version"), any("workflow"), text("workflowId")]),
    provider("xai", &[text("model").required()]),
];
