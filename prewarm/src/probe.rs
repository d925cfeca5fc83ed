//! Looks at what the process depends on, for `/readyz`.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use metrics::gauge;
use monitoring::{
    health::{Health, State},
    names,
};
use store::{Schema, Store, reach};

const EVERY: Duration = Duration::from_secs(1);
const BUDGET: Duration = Duration::from_secs(2);
/// A clock that is off by more is worth a word.
const SKEW_SECONDS_MAX: f64 = 2.0;
/// A reading of the database's clock that took longer says too little.
const PROMPT: Duration = Duration::from_millis(250);

/// Until Postgres has been looked at the process is not ready.
pub(crate) fn note_start(health: &Health) {
    health.expect("postgres");
}

/// Keeps the states of Postgres and Redis current, for ever.
pub(crate) async fn watch(store: Store, health: Health) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        health.set("postgres", postgres(&store).await);
        health.set("redis", redis(&store).await);
        if let Some(state) = installation(&store).await {
            health.set("installation", state);
        }
        if let Ok(written) = tokio::time::timeout(BUDGET, store.check_writes()).await
            && let Some(state) = writes(written.err().as_ref())
        {
            health.set("writes", state);
        }
        if let Some(skew_seconds) = skew_seconds(&store).await {
            gauge!(names::CLOCK_SKEW_SECONDS).set(skew_seconds);
            health.set("clock", clock_state(skew_seconds));
        }
    }
}

async fn postgres(store: &Store) -> State {
    if let Ok(state) = schema(store).await {
        return state;
    }
    match why(store).await {
        Some(reason) => State::Failed(reason),
        // Postgres is there, and only the session was not: a server that is restarted ends them all.
        None => schema(store).await.unwrap_or_else(State::Failed),
    }
}

async fn schema(store: &Store) -> Result<State, String> {
    match tokio::time::timeout(BUDGET, store.schema()).await {
        Ok(Ok(Schema::Current)) => Ok(State::Ok),
        Ok(Ok(Schema::Behind)) => {
            Ok(State::Failed("the schema is older than this version: run `prewarm migrate`".into()))
        }
        Ok(Ok(Schema::Ahead)) => {
            Ok(State::Degraded("a newer version has migrated the database: upgrade this process".into()))
        }
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("does not answer".into()),
    }
}

/// The reason why no connection is to be had, which a pool does not tell.
async fn why(store: &Store) -> Option<String> {
    let reason = reach::trouble(store.connect_options(), BUDGET).await?;
    Some(format!("unreachable: {reason}"))
}

/// The state of writes after a try; `None` after one that shows only that Postgres is away. Reads go on without writes.
fn writes(failure: Option<&store::Error>) -> Option<State> {
    const WITHOUT: &str = "webhooks are answered 503 and nothing is rebuilt";
    match failure {
        None => Some(State::Ok),
        Some(error) if error.is_read_only() => Some(State::Degraded(format!("the database is read-only: {WITHOUT}"))),
        Some(error) => {
            error.sqlstate()?;
            Some(State::Degraded(format!("the database takes no writes: {WITHOUT}: {error}")))
        }
    }
}

/// Redis holds copies: without it reads are slower, and right.
async fn redis(store: &Store) -> State {
    let Some(redis) = &store.redis else {
        return State::Degraded("REDIS_URL is not set: Postgres serves and feeds alone".into());
    };
    match tokio::time::timeout(BUDGET, redis.ping()).await {
        Ok(Ok(())) => refused(&redis.refusals()),
        Ok(Err(error)) => State::Degraded(error.to_string()),
        Err(_) => State::Degraded("does not answer".into()),
    }
}

/// Redis answers, and may still refuse what is asked of it.
fn refused(refusals: &[String]) -> State {
    match refusals {
        [] => State::Ok,
        refusals => State::Degraded(refusals.join("; ")),
    }
}

/// Takes a copy of a database into use, and tells of one that may not be written. None while the database does not answer.
async fn installation(store: &Store) -> Option<State> {
    let present = tokio::time::timeout(BUDGET, store.installation()).await.ok()?.ok()?;
    Some(match present {
        Some(_) => State::Ok,
        None => State::Degraded(
            "the database is a copy of another, and may not be written: it is served without Redis, and nothing is rebuilt"
                .into(),
        ),
    })
}

/// How far this machine's clock is ahead of the database's, if that can be told.
#[expect(clippy::disallowed_methods, reason = "this is the clock that is compared with the database's")]
async fn skew_seconds(store: &Store) -> Option<f64> {
    let asked = Instant::now();
    let there = tokio::time::timeout(BUDGET, store.now()).await.ok()?.ok()?;
    let took = asked.elapsed();
    if took > PROMPT {
        return None;
    }
    let here = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    Some(here.as_secs_f64() - took.as_secs_f64() / 2.0 - there.as_micros() as f64 / 1e6)
}

/// The database's clock decides what is due and how old it is, whatever this one says: no reason to get no traffic.
fn clock_state(skew_seconds: f64) -> State {
    if skew_seconds.abs() <= SKEW_SECONDS_MAX {
        return State::Ok;
    }
    let (seconds, side) = (skew_seconds.abs(), if skew_seconds > 0.0 { "ahead of" } else { "behind" });
    State::Degraded(format!("{seconds:.1} s {side} the database's: tokens expire by this one"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_off_is_told_by_how_much_and_serves_on() {
        assert_eq!(clock_state(-1.9), State::Ok);
        assert_eq!(clock_state(2.0), State::Ok);
        let State::Degraded(ahead) = clock_state(86_400.04) else { panic!("not a word") };
        assert!(ahead.starts_with("86400.0 s ahead of the database's"), "{ahead}");
        let State::Degraded(behind) = clock_state(-2.1) else { panic!("not a word") };
        assert!(behind.starts_with("2.1 s behind the database's"), "{behind}");
    }
}
