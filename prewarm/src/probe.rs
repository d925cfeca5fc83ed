//! Looks at what the process depends on, for `/readyz`.

use std::time::Duration;

use monitoring::health::{Health, State};
use store::{Schema, Store};

const EVERY: Duration = Duration::from_secs(1);
const BUDGET: Duration = Duration::from_secs(2);

/// Says that nothing has been looked at yet: until then the process is not ready.
pub(crate) fn note_start(health: &Health) {
    health.set("postgres", State::Failed("not looked at yet".into()));
}

/// Keeps the states of Postgres and Redis current, for ever.
pub(crate) async fn watch(store: Store, health: Health) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        health.set("postgres", postgres(&store).await);
        health.set("redis", redis(&store).await);
    }
}

async fn postgres(store: &Store) -> State {
    match tokio::time::timeout(BUDGET, store.schema()).await {
        Ok(Ok(Schema::Current)) => State::Ok,
        Ok(Ok(Schema::Behind)) => State::Failed("the schema is older than this version: run `prewarm migrate`".into()),
        Ok(Ok(Schema::Ahead)) => State::Failed("the schema is of a newer version".into()),
        Ok(Err(_)) => State::Failed("unreachable".into()),
        Err(_) => State::Failed("does not answer".into()),
    }
}

/// Redis holds copies: without it reads are slower, and right.
async fn redis(store: &Store) -> State {
    let Some(redis) = &store.redis else {
        return State::Degraded("REDIS_URL is not set: Postgres serves and feeds alone".into());
    };
    match tokio::time::timeout(BUDGET, redis.ping()).await {
        Ok(Ok(())) => State::Ok,
        Ok(Err(_)) => State::Degraded("unreachable".into()),
        Err(_) => State::Degraded("does not answer".into()),
    }
}

/// Says whether assistants can be pre-warmed.
pub(crate) fn note_vapi(health: &Health, has_key: bool) {
    let state =
        if has_key { State::Ok } else { State::Degraded("VAPI_API_KEY is not set: nothing is pre-warmed".into()) };
    health.set("vapi", state);
}
