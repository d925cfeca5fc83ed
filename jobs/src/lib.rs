//! What work there is: one file a job. A job knows its kind and ids; what to do it reads from the database when it runs.

mod audit_assistants;
mod drift;
mod erase;
mod error;
mod prewarm;
mod prune;
mod rebuild;
mod reconcile;
mod refresh_fleet_pulse;
mod replay_parked;
mod sweep;
mod take_up_assistants;
mod test_call;
mod told;
mod unknown_zones;
mod verify_assistants;

pub use erase::erase;
pub use error::JobError;
pub use prewarm::{Pace, Prewarm};

use std::time::Duration;

use readmodel::time::Clock;
use store::{
    Store,
    queue::{Job, NewJob, Queue},
};

use told::Told;

/// What a job may use.
#[derive(Clone, Debug)]
pub struct Context {
    /// The databases.
    pub store: Store,
    /// Where rebuilds take their instant from.
    pub clock: Clock,
    /// What pre-warming needs; without it no assistant is made.
    pub prewarm: Option<Prewarm>,
    /// How long the bodies of events are kept.
    pub event_retention: Duration,
}

/// A job that is about no org and no agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maintenance {
    /// Refresh the fleet's totals.
    RefreshFleetPulse,
    /// Remove what nobody asks for any more.
    Prune,
    /// Push what no claim finds by itself.
    Sweep,
    /// Find the agents whose assistants are not what is wanted.
    AuditAssistants,
    /// Compare what Vapi holds with what it was given.
    VerifyAssistants,
    /// Let what was put off be tried at once, and audit.
    TakeUpAssistants,
    /// Take in the calls of which no webhook has told.
    Reconcile,
}

/// A kind that this release does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown kind of job")]
struct UnknownKind;

/// Starts that may end badly, some three minutes altogether: longer than a rolling deploy, which may hand a new kind of
/// job to an old worker.
const MAINTENANCE_STARTS: i32 = 10;

/// Does the work of a job. A bad end leaves one line in the log, and so does an end by force.
pub async fn run(context: &Context, job: &Job) -> Result<(), JobError> {
    let told = Told::of(job);
    let ended = work(context, job).await;
    told.end(&ended);
    ended
}

async fn work(context: &Context, job: &Job) -> Result<(), JobError> {
    match job {
        Job::Rebuild(org) => rebuild::run(context, *org).await,
        Job::Prewarm(agent) => prewarm::run(context, *agent).await,
        Job::TestCall(id) => test_call::run(context, *id).await,
        Job::Maintenance(kind) => match Maintenance::of(kind) {
            Some(job) => job.run(context).await,
            // A worker of a later release may take the next attempt.
            None => Err(JobError::retry(UnknownKind)),
        },
    }
}

impl Maintenance {
    /// Every one.
    pub const ALL: [Self; 7] = [
        Self::RefreshFleetPulse,
        Self::Prune,
        Self::Sweep,
        Self::AuditAssistants,
        Self::VerifyAssistants,
        Self::TakeUpAssistants,
        Self::Reconcile,
    ];

    /// The kind of its jobs.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::RefreshFleetPulse => "refresh_fleet_pulse",
            Self::Prune => "prune",
            Self::Sweep => "sweep",
            Self::AuditAssistants => "audit_assistants",
            Self::VerifyAssistants => "verify_assistants",
            Self::TakeUpAssistants => "take_up_assistants",
            Self::Reconcile => "reconcile",
        }
    }

    /// Does the work.
    pub async fn run(self, context: &Context) -> Result<(), JobError> {
        match self {
            Self::RefreshFleetPulse => refresh_fleet_pulse::run(context).await,
            Self::Prune => prune::run(context).await,
            Self::Sweep => sweep::run(context).await,
            Self::AuditAssistants => audit_assistants::run(context).await,
            Self::VerifyAssistants => verify_assistants::run(context).await,
            Self::TakeUpAssistants => take_up_assistants::run(context).await,
            Self::Reconcile => reconcile::run(context).await,
        }
    }

    fn of(kind: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|job| job.kind() == kind)
    }

    /// Where it waits. What needs Vapi waits for a worker that has it.
    pub const fn queue(self) -> Queue {
        match self {
            Self::RefreshFleetPulse | Self::Prune | Self::Sweep => Queue::Maintenance,
            Self::AuditAssistants | Self::VerifyAssistants | Self::TakeUpAssistants | Self::Reconcile => Queue::Prewarm,
        }
    }

    /// The job as the queue takes it.
    pub fn to_new(self) -> NewJob {
        NewJob { queue: self.queue(), kind: self.kind().to_owned(), max_attempts: MAINTENANCE_STARTS }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_read_as_it_was_written() {
        for job in Maintenance::ALL {
            assert_eq!(Maintenance::of(&job.to_new().kind), Some(job));
        }
        assert_eq!(Maintenance::of("of tomorrow"), None);
    }
}
