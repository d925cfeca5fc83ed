//! Vapi's voice providers.

use serde_json::Value;

use super::{
    faults::Faults,
    fields::{Range, check_ranges, check_required, check_texts, one_of},
};

/// A voice's provider, its required fields, and the ranges of its numbers.
struct Voice(&'static str, &'static [&'static str], &'static [Range]);

const VOICES: [Voice; 20] = [
    Voice(
        "11labs",
        &["voiceId"],
        &[
            ("stability", 0.0, 1.0),
            ("similarityBoost", 0.0, 1.0),
            ("style", 0.0, 1.0),
            ("speed", 0.7, 1.2),
            ("optimizeStreamingLatency", 0.0, 4.0),
        ],
    ),
    Voice("azure", &["voiceId"], &[("speed", 0.5, 2.0)]),
    Voice("cartesia", &["voiceId"], &[]),
    Voice("custom-voice", &["server"], &[]),
    Voice("deepgram", &["voiceId"], &[]),
    Voice("hume", &["voiceId"], &[]),
    Voice("inworld", &["voiceId"], &[("temperature", 0.1, 2.0), ("speakingRate", 0.5, 1.5)]),
    Voice("lmnt", &["voiceId"], &[("speed", 0.25, 2.0)]),
    Voice("microsoft", &["voiceId"], &[("styleDegree", 0.01, 2.0), ("speed", 0.5, 2.0)]),
    Voice("minimax", &["voiceId"], &[("pitch", -12.0, 12.0), ("speed", 0.5, 2.0), ("volume", 0.5, 2.0)]),
    Voice("neuphonic", &["voiceId", "language"], &[("speed", 0.25, 2.0)]),
    Voice("openai", &["voiceId"], &[("speed", 0.25, 4.0)]),
    Voice(
        "playht",
        &["voiceId"],
        &[
            ("speed", 0.1, 5.0),
            ("temperature", 0.1, 2.0),
            ("voiceGuidance", 1.0, 6.0),
            ("styleGuidance", 1.0, 30.0),
            ("textGuidance", 1.0, 2.0),
        ],
    ),
    Voice("rime-ai", &["voiceId"], &[("speed", 0.1, f64::INFINITY)]),
    Voice("sesame", &["voiceId", "model"], &[]),
    Voice("smallest-ai", &["voiceId"], &[("speed", f64::NEG_INFINITY, f64::INFINITY)]),
    Voice("tavus", &["voiceId"], &[]),
    Voice("vapi", &["voiceId"], &[("speed", 0.25, 2.0)]),
    Voice("wellsaid", &["voiceId"], &[]),
    Voice("xai", &["voiceId"], &[("speed", 0.7, 1.5)]),
];

pub(super) fn check_voice(voice: &Value, faults: &mut Faults) {
    let Some(fields) = voice.as_object() else {
        return faults.add("voice", "must be an object");
    };
    let provider = fields.get("provider").and_then(Value::as_str);
    let Some(Voice(_, required, ranges)) = VOICES.iter().find(|Voice(name, ..)| Some(*name) == provider) else {
        return faults.add("voice.provider", one_of(VOICES.iter().map(|Voice(name, ..)| *name)));
    };
    check_required("voice", fields, required, faults);
    check_texts(
        "voice",
        fields,
        ["voiceId", "language", "model"].iter().filter(|name| !required.contains(*name)),
        faults,
    );
    check_ranges("voice", fields, ranges, faults);
}
