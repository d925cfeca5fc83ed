//! The api's parts of `/readyz`.

use std::{sync::Arc, time::Duration};

use intake::Intake;
use monitoring::health::{Health, State};

use crate::auth::{Keys, Verifier, wall_clock};

const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// Keeps the api's parts of `/readyz` up to date, for ever.
pub(crate) async fn watch(health: Health, verifier: Arc<Verifier>, intake: Arc<Intake>) {
    let mut ticks = tokio::time::interval(CHECK_INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Some(keys) = verifier.keys(wall_clock()) {
            health.set("token keys", token_keys(keys, verifier.has_secret(), verifier.key_failure().as_deref()));
        }
        health.set("intake", intake_state(intake.recent_failure()));
    }
}

/// The state of the token keys. A process that can verify no token should get no traffic; one that can verify some
/// serves those.
fn token_keys(keys: Keys, has_secret: bool, failure: Option<&str>) -> State {
    let failure = failure.unwrap_or("not fetched yet");
    match keys {
        Keys::Fresh => State::Ok,
        Keys::Kept(age_seconds) => State::Degraded(format!(
            "the keys of {age_seconds} s ago stay in use, since they cannot be fetched again: {failure}"
        )),
        Keys::None if has_secret => {
            State::Degraded(format!("no keys yet, so only tokens of SUPABASE_JWT_SECRET are accepted: {failure}"))
        }
        Keys::None => State::Failed(format!("no keys yet, so no token is accepted: {failure}")),
    }
}

/// The state of the intake. Reads work without it.
fn intake_state(failure: Option<String>) -> State {
    failure.map_or(State::Ok, |failure| State::Degraded(format!("webhooks are answered 503: {failure}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_without_token_keys_is_not_ready_and_one_with_old_keys_is() {
        assert_eq!(token_keys(Keys::Fresh, false, None), State::Ok);
        let State::Failed(reason) = token_keys(Keys::None, false, Some("the answer was 503")) else { panic!("ready") };
        assert_eq!(reason, "no keys yet, so no token is accepted: the answer was 503");
        assert!(matches!(token_keys(Keys::None, true, None), State::Degraded(_)));
        let State::Degraded(reason) = token_keys(Keys::Kept(90), false, Some("timed out")) else { panic!("not told") };
        assert!(reason.contains("90 s") && reason.ends_with("timed out"), "{reason}");
    }
}
