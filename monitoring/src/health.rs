//! The answer of `/readyz`.

use std::{collections::BTreeMap, sync::Arc};

use serde::Serialize;
use tokio::sync::watch;

/// The state of a part of the process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", content = "reason", rename_all = "snake_case")]
pub enum State {
    /// Working.
    Ok,
    /// The process works without it.
    Degraded(String),
    /// The process should get no traffic.
    Failed(String),
}

/// The states of all parts, each set by the part itself. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Health(Arc<watch::Sender<BTreeMap<&'static str, State>>>);

impl Default for Health {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(BTreeMap::new())))
    }
}

/// The JSON of `/readyz`.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Whether the process should get traffic.
    pub ready: bool,
    /// Each part with its state, and the reason if it is not ok.
    pub parts: BTreeMap<&'static str, State>,
}

/// The reason of a part that has not reported yet.
const NOT_LOOKED_AT: &str = "not looked at yet";

impl State {
    const fn name(&self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Degraded(_) => "degraded",
            Self::Failed(_) => "failed",
        }
    }

    fn reason(&self) -> Option<&str> {
        match self {
            Self::Ok => None,
            Self::Degraded(reason) | Self::Failed(reason) => Some(reason),
        }
    }

    /// Whether the change from another state is worth a log line. A new reason alone is not, since some count seconds.
    fn is_news(&self, before: Option<&Self>) -> bool {
        let before = before.filter(|before| before.reason() != Some(NOT_LOOKED_AT)).unwrap_or(&Self::Ok);
        self.name() != before.name()
    }
}

impl Health {
    /// Makes the process not ready until a part has reported.
    pub fn expect(&self, part: &'static str) {
        self.0.send_modify(|parts| _ = parts.insert(part, State::Failed(NOT_LOOKED_AT.to_owned())));
    }

    /// Sets the state of a part, and logs a change for better or worse.
    pub fn set(&self, part: &'static str, state: State) {
        self.0.send_if_modified(|parts| {
            let before = parts.insert(part, state.clone());
            if state.is_news(before.as_ref()) {
                let (now, reason) = (state.name(), state.reason());
                tracing::warn!(part, now, reason, "a part of /readyz has changed");
            }
            before.as_ref() != Some(&state)
        });
    }

    /// All states at this moment.
    pub fn report(&self) -> Report {
        let parts = self.0.borrow().clone();
        Report { ready: !parts.values().any(|state| matches!(state, State::Failed(_))), parts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_part_is_reported_and_a_first_healthy_report_is_not() {
        let failed = |reason: &str| State::Failed(reason.to_owned());
        assert!(!State::Ok.is_news(None));
        assert!(!State::Ok.is_news(Some(&failed(NOT_LOOKED_AT))));
        assert!(failed("away").is_news(Some(&failed(NOT_LOOKED_AT))));
        assert!(!failed("away for 2 s").is_news(Some(&failed("away for 1 s"))));
        assert!(State::Ok.is_news(Some(&failed("away"))));
        assert!(failed("away").is_news(Some(&State::Degraded("slow".into()))));
    }

    #[test]
    fn a_degraded_part_leaves_the_process_ready() {
        let health = Health::default();
        health.set("redis", State::Degraded("unreachable".into()));
        assert!(health.report().ready);
        health.set("postgres", State::Failed("unreachable".into()));
        assert!(!health.report().ready);
        health.set("postgres", State::Ok);
        assert!(health.report().ready);
    }
}
