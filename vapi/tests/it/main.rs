//! Webhooks of Vapi and their meaning, and the assistants sent to Vapi.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod assistant;
mod client;
mod fixtures;
mod merge;
mod messages;
mod redaction;
mod signature;

/// Shuffles, with the same order for the same seed.
fn shuffle<T>(items: &mut [T], seed: u64) {
    use rand::{SeedableRng, seq::SliceRandom};
    items.shuffle(&mut rand::rngs::StdRng::seed_from_u64(seed));
}
