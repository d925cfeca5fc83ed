//! The rules for voices, by provider.

use super::{Provider, Rule, Shape, any, field, flag, number, provider, short, text};

pub(super) const VOICE_COMMON: &Shape =
    &[text("provider"), flag("cachingEnabled"), any("chunkPlan"), any("fallbackPlan")];

pub(super) const VOICES: &[Provider] = &[
    provider(
        "11labs",
        &[
            flag("autoMode"),
            flag("enableSsmlParsing"),
            text("language"),
            text("model"),
            number("optimizeStreamingLatency", 0.0, 4.0),
            any("pronunciationDictionaryLocators"),
            number("similarityBoost", 0.0, 1.0),
            number("speed", 0.7, 1.2),
            number("stability", 0.0, 1.0),
            number("style", 0.0, 1.0),
            flag("useSpeakerBoost"),
            text("voiceId").required(),
        ],
    ),
    provider("azure", &[number("speed", 0.5, 2.0), text("voiceId").required()]),
    provider(
        "cartesia",
        &[
            any("experimentalControls"),
            any("generationConfig"),
            text("language"),
            text("model"),
            text("pronunciationDictId"),
            text("voiceId").required(),
        ],
    ),
    provider("custom-voice", &[field("server", Rule::Free).required(), text("voiceId")]),
    provider("deepgram", &[flag("mipOptOut"), text("model"), text("voiceId").required()]),
    provider("hume", &[text("description"), flag("isCustomHumeVoice"), text("model"), text("voiceId").required()]),
    provider(
        "inworld",
        &[
            text("languageCode"),
            text("model"),
            number("speakingRate", 0.5, 1.5),
            number("temperature", 0.1, 2.0),
            short("voiceId", 120).required(),
        ],
    ),
    provider("lmnt", &[any("language"), number("speed", 0.25, 2.0), text("voiceId").required()]),
    provider(
        "microsoft",
        &[
            text("role"),
            number("speed", 0.5, 2.0),
            text("style"),
            number("styleDegree", 0.01, 2.0),
            text("voiceId").required(),
        ],
    ),
    provider(
        "minimax",
        &[
            text("emotion"),
            text("languageBoost"),
            text("model"),
            number("pitch", -12.0, 12.0),
            text("region"),
            number("speed", 0.5, 2.0),
            text("subtitleType"),
            flag("textNormalizationEnabled"),
            text("voiceId").required(),
            number("volume", 0.5, 2.0),
        ],
    ),
    provider(
        "neuphonic",
        &[text("language").required(), text("model"), number("speed", 0.25, 2.0), text("voiceId").required()],
    ),
    provider(
        "openai",
        &[short("instructions", 10000), text("model"), number("speed", 0.25, 4.0), text("voiceId").required()],
    ),
    provider(
        "playht",
        &[
            text("emotion"),
            text("language"),
            text("model"),
            number("speed", 0.1, 5.0),
            number("styleGuidance", 1.0, 30.0),
            number("temperature", 0.1, 2.0),
            number("textGuidance", 1.0, 2.0),
            number("voiceGuidance", 1.0, 6.0),
            text("voiceId").required(),
        ],
    ),
    provider(
        "rime-ai",
        &[
            text("inlineSpeedAlpha"),
            text("language"),
            text("model"),
            flag("pauseBetweenBrackets"),
            flag("phonemizeBetweenBrackets"),
            flag("reduceLatency"),
            number("speed", 0.1, f64::INFINITY),
            text("voiceId").required(),
        ],
    ),
    provider("sesame", &[text("model").required(), text("voiceId").required()]),
    provider("smallest-ai", &[text("model"), field("speed", Rule::NUMBER), text("voiceId").required()]),
    provider(
        "tavus",
        &[
            text("callbackUrl"),
            text("conversationName"),
            text("conversationalContext"),
            text("customGreeting"),
            text("personaId"),
            any("properties"),
            text("voiceId").required(),
        ],
    ),
    provider(
        "vapi",
        &[
            text("language"),
            any("pronunciationDictionary"),
            number("speed", 0.25, 2.0),
            any("version"),
            text("voiceId").required(),
        ],
    ),
    provider(
        "wellsaid",
        &[flag("enableSsml"), field("libraryIds", Rule::TEXTS), text("model"), text("voiceId").required()],
    ),
    provider("xai", &[text("language"), number("speed", 0.7, 1.5), short("voiceId", 120).required()]),
];
