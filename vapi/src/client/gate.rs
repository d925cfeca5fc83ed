//! The gate of all requests of a process: it spaces them after Vapi has asked for fewer, and stops them while Vapi is
//! down.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

use super::error::{Cause, Error};

/// A request that would wait longer fails at once with the time to retry, so that it does not hold a worker slot.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// Consecutive failures that close the gate.
const MAX_FAILURES: u32 = 5;
/// The wait that is asked of others while a probe is under way.
const PROBE_PAUSE: Duration = Duration::from_secs(1);

/// Timeouts and pauses of a client. The defaults are for production; tests shorten them.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// The limit of a request, from its first byte sent to the last byte of its answer. Vapi answers within a second;
    /// after ten, a job does better to start again.
    pub request: Duration,
    /// The interval between two requests for a while after a 429. Vapi's own client always keeps it.
    pub spacing: Duration,
    /// The time that requests stay spaced after a 429.
    pub spaced_for: Duration,
    /// The wait after a 429 without `Retry-After`; the same as the first wait of Vapi's own client.
    pub busy_pause: Duration,
    /// The first pause in an outage. Each failed probe doubles it.
    pub first_pause: Duration,
    /// The longest pause in an outage. One probe every few seconds is no burden, and all who wait for Vapi go on after
    /// the next successful one.
    pub max_pause: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            request: Duration::from_secs(10),
            spacing: Duration::from_millis(700),
            spaced_for: Duration::from_secs(60),
            busy_pause: Duration::from_secs(2),
            first_pause: Duration::from_secs(1),
            max_pause: Duration::from_secs(4),
        }
    }
}

/// The gate. Clones are the same gate.
#[derive(Clone, Default)]
pub struct Gate(Arc<Shared>);

#[derive(Default)]
struct Shared {
    times: Times,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// When the next request may start, after those that wait already.
    free_at: Option<Instant>,
    /// Until when Vapi has asked for no requests.
    held_until: Option<Instant>,
    spaced_until: Option<Instant>,
    /// Consecutive failures.
    failures: u32,
    pause: Option<Pause>,
    recent_failures: RecentFailures,
}

/// The recent failures of requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum RecentFailures {
    #[default]
    None,
    /// At least one, caused by Vapi or the account.
    Met,
    /// A request has succeeded since.
    Over,
}

/// A pause while Vapi is down.
#[derive(Debug)]
struct Pause {
    until: Instant,
    /// The number of consecutive pauses.
    count: u32,
    /// Whether the one request that tests Vapi after the pause is under way.
    probing: bool,
}

/// The permission to send one request. Dropped without a result, it reports nothing.
pub(super) struct Pass {
    gate: Gate,
    probe: bool,
}

impl Gate {
    pub(super) fn new(times: Times) -> Self {
        Self(Arc::new(Shared { times, state: Mutex::default() }))
    }

    /// Waits for a turn, or fails if there is none soon.
    pub(super) async fn enter(&self) -> Result<Pass, Error> {
        let (pass, at) = self.reserve(Instant::now())?;
        sleep_until(at).await;
        // Requests that went first may have been refused in the meantime.
        self.lock().check(&pass, Instant::now())?;
        Ok(pass)
    }

    /// Whether Vapi accepts requests again after failures. True once.
    pub fn take_recovery(&self) -> bool {
        let mut state = self.lock();
        let is_over = state.recent_failures == RecentFailures::Over;
        if is_over {
            state.recent_failures = RecentFailures::None;
        }
        is_over
    }

    fn reserve(&self, now: Instant) -> Result<(Pass, Instant), Error> {
        let mut state = self.lock();
        let at = [state.free_at, state.held_until].into_iter().flatten().fold(now, Instant::max);
        if at - now > MAX_WAIT {
            return Err(Error::Busy { retry_after: Some(at - now) });
        }
        let probe = match &mut state.pause {
            None => false,
            Some(pause) if now < pause.until => return Err(paused(pause.until - now)),
            Some(pause) if pause.probing => return Err(paused(PROBE_PAUSE)),
            Some(pause) => {
                pause.probing = true;
                true
            }
        };
        let spaced = state.spaced_until.is_some_and(|until| now < until);
        state.free_at = Some(if spaced { at + self.0.times.spacing } else { at });
        Ok((Pass { gate: self.clone(), probe }, at))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass {
    /// Reports the result of the request.
    pub(super) fn report<T>(self, result: &Result<T, Error>) {
        let times = &self.gate.0.times;
        let mut state = self.gate.lock();
        let now = Instant::now();
        match result {
            Err(Error::Unavailable { retry_after, .. } | Error::Unclear { retry_after, .. }) => {
                state.failed(self.probe, now, times, *retry_after);
            }
            Err(Error::Busy { retry_after }) => {
                state.alive();
                let held_until = now + retry_after.unwrap_or(times.busy_pause);
                state.held_until = state.held_until.max(Some(held_until));
                state.spaced_until = state.spaced_until.max(Some(held_until + times.spaced_for));
            }
            Ok(_) | Err(Error::Rejected { .. } | Error::Missing) => state.alive(),
        }
        state.note_trouble(result);
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if let (true, Some(pause)) = (self.probe, &mut self.gate.lock().pause) {
            pause.probing = false;
        }
    }
}

impl State {
    fn check(&self, pass: &Pass, now: Instant) -> Result<(), Error> {
        if let Some(until) = self.held_until.filter(|until| now < *until) {
            return Err(Error::Busy { retry_after: Some(until - now) });
        }
        match &self.pause {
            Some(pause) if !pass.probe && now < pause.until => Err(paused(pause.until - now)),
            _ => Ok(()),
        }
    }

    fn alive(&mut self) {
        self.failures = 0;
        self.pause = None;
    }

    fn note_trouble<T>(&mut self, result: &Result<T, Error>) {
        self.recent_failures = match result {
            Ok(_) if self.recent_failures == RecentFailures::Met => RecentFailures::Over,
            Err(Error::Rejected { status: 401..=403, .. }) => RecentFailures::Met,
            Ok(_) | Err(Error::Rejected { .. } | Error::Missing) => self.recent_failures,
            Err(_) => RecentFailures::Met,
        };
    }

    /// Counts a failure. A wait that Vapi asked for is kept, but does not lengthen the next pause.
    fn failed(&mut self, probe: bool, now: Instant, times: &Times, asked: Option<Duration>) {
        self.failures = self.failures.saturating_add(1);
        match (&mut self.pause, asked) {
            // A request from before the pause says nothing new.
            (Some(_), _) if !probe => {}
            (Some(pause), Some(asked)) => pause.until = now + asked,
            (Some(pause), None) => {
                pause.count += 1;
                pause.until = now + times.pause_of(pause.count);
            }
            (None, _) if self.failures >= MAX_FAILURES => {
                let until = now + asked.unwrap_or_else(|| times.pause_of(1));
                self.pause = Some(Pause { until, count: 1, probing: false });
            }
            (None, _) => {}
        }
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.lock(), f)
    }
}

impl Times {
    /// The pause: doubled each time, then a random half to all of it, so that processes do not come back together.
    fn pause_of(&self, count: u32) -> Duration {
        let whole = self.first_pause.saturating_mul(1 << count.saturating_sub(1).min(16)).min(self.max_pause);
        whole.mul_f64(rand::random_range(0.5..=1.0))
    }
}

fn paused(left: Duration) -> Error {
    Error::Unavailable { cause: Cause::Paused, retry_after: Some(left) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPACING: Duration = Duration::from_millis(700);
    const SPACED_FOR: Duration = Duration::from_secs(60);
    const FIRST_PAUSE: Duration = Duration::from_secs(1);

    type Outcome = Result<(), Error>;

    fn failure() -> Outcome {
        Err(Error::Unclear { cause: Cause::TimedOut, retry_after: None })
    }

    fn busy(seconds: u64) -> Outcome {
        Err(Error::Busy { retry_after: Some(Duration::from_secs(seconds)) })
    }

    async fn pass(gate: &Gate, outcome: Outcome) {
        gate.enter().await.ok().unwrap().report(&outcome);
    }

    async fn pause(gate: &Gate) -> Option<Duration> {
        match gate.enter().await {
            Err(Error::Unavailable { cause: Cause::Paused, retry_after }) => retry_after,
            _ => None,
        }
    }

    async fn opened() -> Gate {
        let gate = Gate::default();
        for _ in 0..MAX_FAILURES {
            pass(&gate, failure()).await;
        }
        gate
    }

    #[tokio::test(start_paused = true)]
    async fn requests_do_not_wait_without_a_429() {
        let (gate, start) = (Gate::default(), Instant::now());
        for _ in 0..1000 {
            pass(&gate, Ok(())).await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_429_spaces_requests_for_a_while() {
        let gate = Gate::default();
        pass(&gate, busy(3)).await;
        let start = Instant::now();
        let mut starts = Vec::new();
        for _ in 0..3 {
            pass(&gate, Ok(())).await;
            starts.push(start.elapsed().as_millis() as u64 / 10 * 10);
        }
        assert_eq!(starts, [3000, 3700, 4400]);
        tokio::time::advance(SPACED_FOR).await;
        let start = Instant::now();
        pass(&gate, Ok(())).await;
        pass(&gate, Ok(())).await;
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_would_wait_long_fails_at_once() {
        let gate = Gate::default();
        pass(&gate, busy(30)).await;
        let start = Instant::now();
        let Err(Error::Busy { retry_after: Some(left) }) = gate.enter().await else { panic!("let through") };
        assert_eq!((left, start.elapsed()), (Duration::from_secs(30), Duration::ZERO));
        tokio::time::advance(Duration::from_secs(26)).await;
        pass(&gate, Ok(())).await;
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_requests_fail_together_with_the_first() {
        let gate = Gate::default();
        pass(&gate, busy(0)).await;
        let first = gate.enter().await.ok().unwrap();
        let waiting = tokio::spawn({
            let gate = gate.clone();
            async move { gate.enter().await.err() }
        });
        tokio::time::advance(SPACING / 2).await;
        first.report(&busy(20));
        let sent_away = waiting.await.unwrap();
        assert!(matches!(sent_away, Some(Error::Busy { retry_after: Some(left) }) if left > MAX_WAIT), "{sent_away:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn consecutive_failures_open_the_breaker_and_a_success_resets_the_count() {
        let gate = Gate::default();
        for outcome in [failure(), failure(), failure(), failure(), Ok(()), failure(), failure(), failure(), failure()]
        {
            pass(&gate, outcome).await;
        }
        assert_eq!(pause(&gate).await, None);
        let refused = Error::Rejected { status: 400, words: Vec::new() };
        pass(&gate, Err(refused)).await;
        pass(&gate, failure()).await;
        assert_eq!(pause(&gate).await, None, "an answer of any kind is a sign of life");
        let left = pause(&opened().await).await.unwrap();
        assert!((FIRST_PAUSE / 2..=FIRST_PAUSE).contains(&left), "{left:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn after_the_pause_one_probe_decides() {
        let gate = opened().await;
        tokio::time::advance(FIRST_PAUSE).await;
        let probe = gate.enter().await.ok().unwrap();
        assert_eq!(pause(&gate).await, Some(PROBE_PAUSE));
        probe.report(&failure());
        let left = pause(&gate).await.unwrap();
        assert!((FIRST_PAUSE..=FIRST_PAUSE * 2).contains(&left), "{left:?}");
        tokio::time::advance(FIRST_PAUSE * 2).await;
        pass(&gate, Ok(())).await;
        assert_eq!((pause(&gate).await, pause(&gate).await), (None, None));
    }

    #[tokio::test(start_paused = true)]
    async fn retry_after_pauses_without_doubling() {
        let asked =
            |seconds| Err(Error::Unavailable { cause: Cause::Paused, retry_after: Some(Duration::from_secs(seconds)) });
        let gate = opened().await;
        tokio::time::advance(FIRST_PAUSE).await;
        for seconds in [20, 2, 2, 2, 2] {
            pass(&gate, asked(seconds)).await;
            assert_eq!(pause(&gate).await, Some(Duration::from_secs(seconds)));
            tokio::time::advance(Duration::from_secs(seconds)).await;
        }
        pass(&gate, failure()).await;
        let left = pause(&gate).await.unwrap();
        assert!(left <= FIRST_PAUSE * 2, "{left:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_recovery_is_reported_once() {
        let refused = |status| Err(Error::Rejected { status, words: Vec::new() });
        for failed in [failure(), busy(0), refused(401), refused(402)] {
            let gate = Gate::default();
            pass(&gate, Ok(())).await;
            assert!(!gate.take_recovery());
            pass(&gate, failed).await;
            pass(&gate, refused(400)).await;
            assert!(!gate.take_recovery());
            pass(&gate, Ok(())).await;
            assert_eq!((gate.take_recovery(), gate.take_recovery()), (true, false));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_cancelled_probe_lets_the_next_one_through() {
        let gate = opened().await;
        tokio::time::advance(FIRST_PAUSE).await;
        drop(gate.enter().await.ok().unwrap());
        pass(&gate, Ok(())).await;
        assert_eq!(pause(&gate).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn late_failures_do_not_lengthen_the_pause() {
        let gate = Gate::default();
        let mut passes = Vec::new();
        for _ in 0..50 {
            passes.push(gate.enter().await.ok().unwrap());
        }
        passes.into_iter().for_each(|pass| pass.report(&failure()));
        assert!(pause(&gate).await.unwrap() <= FIRST_PAUSE);
    }

    #[test]
    fn pauses_double_up_to_a_limit() {
        for (count, whole) in [(1, 1), (2, 2), (3, 4), (4, 4), (u32::MAX, 4)] {
            let whole = Duration::from_secs(whole);
            assert!((whole / 2..=whole).contains(&Times::default().pause_of(count)), "{count}");
        }
    }
}
