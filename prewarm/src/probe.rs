//! Checks of the process' dependencies, for `/readyz`.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use metrics::gauge;
use monitoring::{
    health::{Health, State},
    names,
};
use store::{Error, Schema, Store, reach, roles::Duty};

const CHECK_INTERVAL: Duration = Duration::from_secs(1);
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);
/// A greater clock skew is reported.
const MAX_SKEW_SECONDS: f64 = 2.0;
/// A slower reading of the database's clock is too imprecise.
const MAX_CLOCK_READING: Duration = Duration::from_millis(250);

/// Makes the process not ready until Postgres has been checked.
pub(crate) fn note_start(health: &Health) {
    health.expect("postgres");
}

/// A role that lacks nothing is looked at less often: each look goes through all objects of the schema.
const ROLE_INTERVAL: Duration = Duration::from_secs(5);

/// Checks Postgres, the role's privileges, Redis and the clock, for ever. States that only Postgres knows are kept while it is
/// down.
pub(crate) async fn watch(store: Store, health: Health, duties: Vec<Duty>) {
    let mut role_was_fine = None;
    let mut ticks = tokio::time::interval(CHECK_INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let (mut was_current, mut is_direct) = (false, false);
    loop {
        ticks.tick().await;
        let pooled = !is_direct && is_pooled(&store, &mut is_direct).await;
        let state = if pooled { State::Failed(reach::POOLED.into()) } else { postgres(&store, &mut was_current).await };
        health.set("postgres", state);
        if role_was_fine.is_none_or(|since: Instant| since.elapsed() > ROLE_INTERVAL)
            && let Some(state) = role(&store, &duties).await
        {
            role_was_fine = (state == State::Ok).then(Instant::now);
            health.set("role", state);
        }
        health.set("redis", redis(&store).await);
        if let Some(state) = installation(&store).await {
            health.set("installation", state);
        }
        if let Ok(written) = tokio::time::timeout(CHECK_TIMEOUT, store.check_writes()).await
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

/// Whether a transaction pooler is between, as far as can be told; notes in `is_direct` that there is none.
async fn is_pooled(store: &Store, is_direct: &mut bool) -> bool {
    let looked = tokio::time::timeout(CHECK_TIMEOUT, reach::shares_sessions(store.connect_options())).await;
    *is_direct = matches!(looked, Ok(Ok(false)));
    matches!(looked, Ok(Ok(true)))
}

async fn postgres(store: &Store, was_current: &mut bool) -> State {
    if let Ok(state) = schema(store, was_current).await {
        return state;
    }
    match unreachable(store).await {
        Some(reason) => State::Failed(reason),
        // Postgres is up, and only the session was lost: a restarted server ends them all.
        None => schema(store, was_current).await.unwrap_or_else(State::Failed),
    }
}

/// Whether the process' role may do its duties; `None` while that cannot be asked.
async fn role(store: &Store, duties: &[Duty]) -> Option<State> {
    for duty in duties {
        match tokio::time::timeout(CHECK_TIMEOUT, store.check_role(*duty)).await {
            Ok(Ok(())) => {}
            Ok(Err(Error::Lacks(lack))) => return Some(State::Failed(lack.to_string())),
            Ok(Err(_)) | Err(_) => return None,
        }
    }
    Some(State::Ok)
}

async fn schema(store: &Store, was_current: &mut bool) -> Result<State, String> {
    match tokio::time::timeout(CHECK_TIMEOUT, store.schema()).await {
        // It is told as the role's own part.
        Ok(Err(Error::Lacks(_))) => Ok(State::Ok),
        Ok(Ok(schema)) => {
            *was_current |= schema == Schema::Current;
            Ok(state_of_schema(schema, *was_current))
        }
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("does not answer".into()),
    }
}

/// A running process goes on when a newer release migrates its database: otherwise none would serve between `migrate` and
/// the start of the new processes.
fn state_of_schema(schema: Schema, was_current: bool) -> State {
    match schema.obstacle() {
        None => State::Ok,
        Some(obstacle) if schema == Schema::Ahead && was_current => {
            State::Degraded(format!("{obstacle}: replace this process"))
        }
        Some(obstacle) => State::Failed(obstacle.into()),
    }
}

/// Why Postgres cannot be reached, which a pool does not say.
async fn unreachable(store: &Store) -> Option<String> {
    let reason = reach::failure(store.connect_options(), CHECK_TIMEOUT).await?;
    Some(format!("unreachable: {reason}"))
}

/// The state of writes after a check; `None` if it only shows that Postgres is down. Reads work without writes.
fn writes(failure: Option<&store::Error>) -> Option<State> {
    const WITHOUT: &str = "webhooks are answered 503 and nothing is rebuilt";
    match failure {
        None => Some(State::Ok),
        Some(error) if error.is_read_only() => Some(State::Degraded(format!("the database is read-only: {WITHOUT}"))),
        Some(error) => {
            error.sqlstate()?;
            Some(State::Degraded(format!("the database accepts no writes: {WITHOUT}: {error}")))
        }
    }
}

/// Redis holds copies: without it reads are slower but right.
async fn redis(store: &Store) -> State {
    let Some(redis) = &store.redis else {
        return State::Degraded("REDIS_URL is not set: Postgres alone holds blobs and announces versions".into());
    };
    match tokio::time::timeout(CHECK_TIMEOUT, redis.ping()).await {
        Ok(Ok(())) => refused(&redis.refusals()),
        Ok(Err(error)) => State::Degraded(error.to_string()),
        Err(_) => State::Degraded("does not answer".into()),
    }
}

/// Redis answers pings and may still refuse other operations.
fn refused(refusals: &[String]) -> State {
    match refusals {
        [] => State::Ok,
        refusals => State::Degraded(refusals.join("; ")),
    }
}

/// Renews the installation of a copied database, and reports a copy that accepts no writes. `None` while Postgres is
/// down.
async fn installation(store: &Store) -> Option<State> {
    let present = tokio::time::timeout(CHECK_TIMEOUT, store.installation()).await.ok()?.ok()?;
    Some(match present {
        Some(_) => State::Ok,
        None => State::Degraded(
            "the database is a copy of another and accepts no writes: it is served without Redis, and nothing is rebuilt; \
             connect with a role that may write"
                .into(),
        ),
    })
}

/// The lead of this machine's clock over the database's, if it can be measured.
#[expect(clippy::disallowed_methods, reason = "this is the clock that is compared with the database's")]
async fn skew_seconds(store: &Store) -> Option<f64> {
    let asked = Instant::now();
    let there = tokio::time::timeout(CHECK_TIMEOUT, store.now()).await.ok()?.ok()?;
    let took = asked.elapsed();
    if took > MAX_CLOCK_READING {
        return None;
    }
    let here = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    Some(here.as_secs_f64() - took.as_secs_f64() / 2.0 - there.as_micros() as f64 / 1e6)
}

/// The state of the clock. A skew is no reason to get no traffic, since the database's clock decides what is due.
fn clock_state(skew_seconds: f64) -> State {
    if skew_seconds.abs() <= MAX_SKEW_SECONDS {
        return State::Ok;
    }
    let (seconds, side) = (skew_seconds.abs(), if skew_seconds > 0.0 { "ahead of" } else { "behind" });
    State::Degraded(format!(
        "{seconds:.1} s {side} the database's clock, and tokens expire by this one; check this machine's time synchronisation"
    ))
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
    fn a_clock_that_is_off_is_reported_and_the_process_stays_ready() {
        assert_eq!(clock_state(-1.9), State::Ok);
        assert_eq!(clock_state(2.0), State::Ok);
        let State::Degraded(ahead) = clock_state(86_400.04) else { panic!("not a word") };
        assert!(ahead.starts_with("86400.0 s ahead of the database's"), "{ahead}");
        let State::Degraded(behind) = clock_state(-2.1) else { panic!("not a word") };
        assert!(behind.starts_with("2.1 s behind the database's"), "{behind}");
    }
}
