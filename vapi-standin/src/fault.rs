//! The stand-in's faults.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::operation::Operation;

/// A fault. Those marked "done" do the work first, which the client cannot tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// This status instead of an answer; not done.
    Status {
        /// The status.
        code: u16,
        /// The text of `Retry-After`.
        retry_after: Option<String>,
    },
    /// A redirect (307) to the same path; not done.
    Redirect,
    /// Done, then a gateway's error with this status instead of the answer.
    StatusAfter(u16),
    /// Done, with a late answer.
    Slow(Duration),
    /// Never answered; not done.
    Hang,
    /// Done, and never answered.
    HangAfter,
    /// The connection is reset; not done.
    ResetBefore,
    /// Done, then the connection is reset.
    ResetAfter,
    /// Done; the connection ends in the middle of the answer.
    Truncated,
    /// Done; the answer is not JSON.
    Garbage,
}

impl Fault {
    /// This status, without `Retry-After`; not done.
    pub fn status(code: u16) -> Self {
        Self::Status { code, retry_after: None }
    }
}

/// Random faults, the same for the same seed and order of requests.
#[derive(Clone, Debug)]
pub struct Chaos {
    /// The seed.
    pub seed: u64,
    /// The percentage of requests that fail.
    pub percent: u8,
    /// The possible faults.
    pub faults: Vec<Fault>,
}

#[derive(Default)]
pub(crate) struct Faults {
    next: HashMap<Operation, VecDeque<Fault>>,
    always: HashMap<Operation, Fault>,
    chaos: Option<(Chaos, StdRng)>,
}

impl Faults {
    pub(crate) fn fail_next(&mut self, operation: Operation, fault: Fault) {
        self.next.entry(operation).or_default().push_back(fault);
    }

    pub(crate) fn fail_always(&mut self, operation: Operation, fault: Fault) {
        self.always.insert(operation, fault);
    }

    pub(crate) fn set_chaos(&mut self, chaos: Chaos) {
        let rng = StdRng::seed_from_u64(chaos.seed);
        self.chaos = Some((chaos, rng));
    }

    /// The fault of the next request: a single one that was ordered, a permanent one, or a random one.
    pub(crate) fn draw(&mut self, operation: Operation) -> Option<Fault> {
        let told = self.next.get_mut(&operation).and_then(VecDeque::pop_front);
        told.or_else(|| self.always.get(&operation).cloned()).or_else(|| self.by_chance())
    }

    fn by_chance(&mut self) -> Option<Fault> {
        let (chaos, rng) = self.chaos.as_mut()?;
        if chaos.faults.is_empty() || rng.random_range(0..100) >= chaos.percent {
            return None;
        }
        let at = rng.random_range(0..chaos.faults.len());
        chaos.faults.get(at).cloned()
    }
}
