//! What `/readyz` answers.

use std::{collections::BTreeMap, sync::Arc};

use serde::Serialize;
use tokio::sync::watch;

/// How one part of the process is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", content = "reason", rename_all = "snake_case")]
pub enum State {
    /// Working.
    Ok,
    /// The process serves without it.
    Degraded(String),
    /// The process should get no traffic.
    Failed(String),
}

/// The states of all parts. Cheap to clone; every part reports on itself.
#[derive(Clone, Debug)]
pub struct Health(Arc<watch::Sender<BTreeMap<&'static str, State>>>);

impl Default for Health {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(BTreeMap::new())))
    }
}

/// `/readyz` as JSON.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Whether to send traffic here.
    pub ready: bool,
    /// Each part and, where it is not well, why.
    pub parts: BTreeMap<&'static str, State>,
}

impl Health {
    /// Sets the state of a part.
    pub fn set(&self, part: &'static str, state: State) {
        self.0.send_if_modified(|parts| parts.insert(part, state.clone()).as_ref() != Some(&state));
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
