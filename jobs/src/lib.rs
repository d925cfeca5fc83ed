//! The kinds of work, one file each. A job carries a kind and ids; it reads everything else from the database when it
//! runs.

mod assistants;
mod audit_assistants;
mod drift;
mod erase;
mod error;
mod find_drift;
mod job_log;
mod prune;
mod rebuild;
mod reconcile;
mod refresh_fleet_pulse;
mod replay_parked;
mod sweep;
mod take_up_assistants;
mod test_call;
mod unknown_zones;
mod verify_assistants;

pub use assistants::{AssistantSync, SyncPace};
pub use erase::erase;
pub use error::JobError;
pub use materialize::Memo;

use std::time::Duration;

use readmodel::time::Clock;
use store::{
    Store,
    queue::{Job, NewJob, Queue},
};

use job_log::JobLog;

/// The resources of jobs.
#[derive(Clone, Debug)]
pub struct Context {
    /// Postgres and Redis.
    pub store: Store,
    /// The versions that this process made last.
    pub memo: Memo,
    /// The clock that decides the instant of a rebuild.
    pub clock: Clock,
    /// The connection to Vapi; without it no assistant is made.
    pub assistants: Option<AssistantSync>,
    /// The retention of the bodies of webhook events.
    pub event_retention: Duration,
}

/// Scheduled work, which concerns no single org or agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maintenance {
    /// Refreshes the totals of all orgs.
    RefreshFleetPulse,
    /// Deletes rows whose retention has ended.
    Prune,
    /// Compares what is kept of a few orgs with the source.
    FindDrift,
    /// Does what no claim finds by itself.
    Sweep,
    /// Marks the agents whose assistants are not as wanted.
    AuditAssistants,
    /// Compares what Vapi holds with what it was given.
    VerifyAssistants,
    /// Makes deferred agents due, and audits.
    TakeUpAssistants,
    /// Takes in calls that no webhook reported.
    Reconcile,
}

/// A kind that this release does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown kind of job")]
struct UnknownKind;

/// Attempts of scheduled work, spread over some three minutes: longer than a rolling deploy, which may hand a new kind
/// of job to an old worker.
const MAINTENANCE_STARTS: i32 = 10;

/// Does the work of a job. A failure, and an end by force, leave one line in the log.
pub async fn run(context: &Context, job: &Job) -> Result<(), JobError> {
    let log = JobLog::of(job);
    let ended = work(context, job).await;
    log.end(&ended);
    ended
}

async fn work(context: &Context, job: &Job) -> Result<(), JobError> {
    match job {
        Job::Rebuild(org) => rebuild::run(context, *org).await,
        Job::SyncAssistant(agent) => assistants::run(context, *agent).await,
        Job::TestCall(id) => test_call::run(context, *id).await,
        Job::Maintenance(kind) => match Maintenance::of(kind) {
            Some(job) => {
                context.memo.tidy();
                job.run(context).await
            }
            // A worker of a later release may take the next attempt.
            None => Err(JobError::retry(UnknownKind)),
        },
    }
}

impl Maintenance {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::RefreshFleetPulse,
        Self::Prune,
        Self::FindDrift,
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
            Self::FindDrift => "find_drift",
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
            Self::FindDrift => find_drift::run(context).await,
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

    /// The queue. Work that needs Vapi waits for a worker that has it.
    pub const fn queue(self) -> Queue {
        match self {
            Self::RefreshFleetPulse | Self::Prune | Self::FindDrift | Self::Sweep => Queue::Maintenance,
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
    fn every_job_kind_round_trips() {
        for job in Maintenance::ALL {
            assert_eq!(Maintenance::of(&job.to_new().kind), Some(job));
        }
        assert_eq!(Maintenance::of("of tomorrow"), None);
    }
}
