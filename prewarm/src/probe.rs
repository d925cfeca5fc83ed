//! Looks at what the process depends on, for `/readyz`.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use metrics::gauge;
use monitoring::{
    health::{Health, State},
    names,
};
use store::{Schema, Store, nodes::Node, reach};
use tokio::sync::watch;

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

/// Keeps the states of Postgres and Redis current, and tells that the node lives, for ever. `stand_by` becomes true while
/// a worker of a newer format lives; how things stand with a database that is away is not known, and stays as it was.
pub(crate) async fn watch(store: Store, health: Health, node: Node, stand_by: watch::Sender<bool>) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut was_current = false;
    loop {
        ticks.tick().await;
        health.set("postgres", postgres(&store, &mut was_current).await);
        health.set("redis", redis(&store).await);
        if let Some(state) = installation(&store).await {
            health.set("installation", state);
        }
        if let Ok(beat) = tokio::time::timeout(BUDGET, store.beat(&node)).await {
            if let Some(state) = writes(beat.as_ref().err()) {
                health.set("writes", state);
            }
            if let Ok(newer_works) = beat {
                stand_by.send_replace(newer_works);
            }
        }
        if let Some(skew_seconds) = skew_seconds(&store).await {
            gauge!(names::CLOCK_SKEW_SECONDS).set(skew_seconds);
            health.set("clock", clock_state(skew_seconds));
        }
    }
}

async fn postgres(store: &Store, was_current: &mut bool) -> State {
    if let Ok(state) = schema(store, was_current).await {
        return state;
    }
    match why(store).await {
        Some(reason) => State::Failed(reason),
        // Postgres is there, and only the session was not: a server that is restarted ends them all.
        None => schema(store, was_current).await.unwrap_or_else(State::Failed),
    }
}

async fn schema(store: &Store, was_current: &mut bool) -> Result<State, String> {
    match tokio::time::timeout(BUDGET, store.schema()).await {
        Ok(Ok(schema)) => {
            *was_current |= schema == Schema::Current;
            Ok(state_of_schema(schema, *was_current))
        }
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("does not answer".into()),
    }
}

/// A newer version may migrate the database of a running process, which goes on until it is replaced: without it nobody
/// would serve between `migrate` and the start of the new ones.
fn state_of_schema(schema: Schema, was_current: bool) -> State {
    match schema.obstacle() {
        None => State::Ok,
        Some(obstacle) if schema == Schema::Ahead && was_current => {
            State::Degraded(format!("{obstacle}: replace this process"))
        }
        Some(obstacle) => State::Failed(obstacle.into()),
    }
}

/// The reason why no connection is to be had, which a pool does not tell.
async fn why(store: &Store) -> Option<String> {
    let reason = reach::trouble(store.connect_options(), BUDGET).await?;
    Some(format!("unreachable: {reason}"))
}

/// The state of writes after a beat; `None` after one that shows only that Postgres is away. Reads go on without writes.
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
    fn a_process_serves_on_when_a_newer_version_migrates_and_does_not_start_on_its_schema() {
        assert_eq!(state_of_schema(Schema::Current, true), State::Ok);
        assert!(matches!(state_of_schema(Schema::Ahead, true), State::Degraded(_)));
        for (schema, was_current) in
            [(Schema::Ahead, false), (Schema::Behind, true), (Schema::Behind, false), (Schema::WithoutSource, false)]
        {
            assert!(matches!(state_of_schema(schema, was_current), State::Failed(_)), "{schema:?}");
        }
    }

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
