//! The kinds of work, one file each. A job carries a kind and ids; it reads everything else from the database when it
//! runs.

mod assistants;
mod audit_assistants;
mod drift;
mod erase;
mod error;
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

use std::time::Duration;

use readmodel::{
    ids::{AgentId, OrgId},
    time::Clock,
};
use serde::Deserialize;
use serde_json::json;
use store::{
    Store,
    queue::{NewJob, Queue},
};
use uuid::Uuid;

use job_log::JobLog;

/// The resources of jobs.
#[derive(Clone, Debug)]
pub struct Context {
    /// Postgres and Redis.
    pub store: Store,
    /// The clock that decides the instant of a rebuild.
    pub clock: Clock,
    /// The connection to Vapi; without it no assistant is made.
    pub assistants: Option<AssistantSync>,
    /// The retention of the bodies of webhook events.
    pub event_retention: Duration,
}

/// A job. In the queue it is `{"kind": "rebuild", "org_id": "…"}`, `{"kind": "prewarm", "agent_id": "…"}`, or a kind
/// alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Brings an org's read models up to date. Claims create it, for orgs that are owed.
    Rebuild(OrgId),
    /// Makes an agent's assistant at Vapi equal to the agent. Claims create it, for agents that are owed.
    SyncAssistant(AgentId),
    /// Has Vapi make a test call for the browser.
    TestCall(Uuid),
    /// Scheduled work.
    Maintenance(Maintenance),
}

/// Scheduled work, which concerns no single org or agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maintenance {
    /// Refreshes the totals of all orgs.
    RefreshFleetPulse,
    /// Deletes rows whose retention has ended.
    Prune,
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

/// Why bytes are no job of this binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// They have no kind, or lack the ids of a known kind.
    #[error("malformed job")]
    Malformed,
    /// The kind is unknown; another release may know it.
    #[error("unknown kind of job")]
    UnknownKind,
}

/// Attempts of scheduled work, spread over some three minutes: longer than a rolling deploy, which may hand a new kind
/// of job to an old worker.
const MAINTENANCE_STARTS: i32 = 10;

#[derive(Deserialize)]
struct Envelope {
    kind: String,
    org_id: Option<OrgId>,
    agent_id: Option<AgentId>,
    test_call_id: Option<Uuid>,
}

impl Job {
    /// The kind, as in the job's JSON.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Rebuild(_) => "rebuild",
            Self::SyncAssistant(_) => "prewarm",
            Self::TestCall(_) => "test_call",
            Self::Maintenance(job) => job.kind(),
        }
    }

    /// Parses a job from the queue's bytes, which may be anything.
    pub fn decode(args: &[u8]) -> Result<Self, DecodeError> {
        let Envelope { kind, org_id, agent_id, test_call_id } =
            serde_json::from_slice(args).map_err(|_| DecodeError::Malformed)?;
        match kind.as_str() {
            "rebuild" => org_id.map(Self::Rebuild).ok_or(DecodeError::Malformed),
            "prewarm" => agent_id.map(Self::SyncAssistant).ok_or(DecodeError::Malformed),
            "test_call" => test_call_id.map(Self::TestCall).ok_or(DecodeError::Malformed),
            kind => {
                let known = Maintenance::ALL.into_iter().find(|job| job.kind() == kind);
                known.map(Self::Maintenance).ok_or(DecodeError::UnknownKind)
            }
        }
    }

    /// Does the work. A failure, and an end by force, leave one line in the log.
    pub async fn run(&self, context: &Context) -> Result<(), JobError> {
        let log = JobLog::of(*self);
        let ended = self.work(context).await;
        log.end(&ended);
        ended
    }

    /// The org, agent or test call of the job; for scheduled work its kind.
    fn subject(&self) -> String {
        match self {
            Self::Rebuild(org) => format!("org {org}"),
            Self::SyncAssistant(agent) => format!("agent {agent}"),
            Self::TestCall(id) => format!("test call {id}"),
            Self::Maintenance(job) => job.kind().to_owned(),
        }
    }

    async fn work(&self, context: &Context) -> Result<(), JobError> {
        match self {
            Self::Rebuild(org) => rebuild::run(context, *org).await,
            Self::SyncAssistant(agent) => assistants::run(context, *agent).await,
            Self::TestCall(id) => test_call::run(context, *id).await,
            Self::Maintenance(Maintenance::RefreshFleetPulse) => refresh_fleet_pulse::run(context).await,
            Self::Maintenance(Maintenance::Prune) => prune::run(context).await,
            Self::Maintenance(Maintenance::Sweep) => sweep::run(context).await,
            Self::Maintenance(Maintenance::AuditAssistants) => audit_assistants::run(context).await,
            Self::Maintenance(Maintenance::VerifyAssistants) => verify_assistants::run(context).await,
            Self::Maintenance(Maintenance::TakeUpAssistants) => take_up_assistants::run(context).await,
            Self::Maintenance(Maintenance::Reconcile) => reconcile::run(context).await,
        }
    }
}

impl Maintenance {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::RefreshFleetPulse,
        Self::Prune,
        Self::Sweep,
        Self::AuditAssistants,
        Self::VerifyAssistants,
        Self::TakeUpAssistants,
        Self::Reconcile,
    ];

    /// The kind, as in the job's JSON.
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

    /// The queue. Work that needs Vapi waits for a worker that has it.
    pub const fn queue(self) -> Queue {
        match self {
            Self::RefreshFleetPulse | Self::Prune | Self::Sweep => Queue::Maintenance,
            Self::AuditAssistants | Self::VerifyAssistants | Self::TakeUpAssistants | Self::Reconcile => Queue::Prewarm,
        }
    }

    /// The job as the queue takes it.
    pub fn to_new(self) -> NewJob {
        let kind = self.kind();
        NewJob {
            queue: self.queue(),
            subject: kind.to_owned(),
            args: json!({ "kind": kind }).to_string().into_bytes(),
            max_attempts: MAINTENANCE_STARTS,
        }
    }
}

/// Parses a job and does the work. Malformed bytes end as a dead letter at once, an unknown kind after its attempts.
pub async fn run(context: &Context, args: &[u8]) -> Result<(), JobError> {
    match Job::decode(args) {
        Ok(job) => job.run(context).await,
        Err(error @ DecodeError::Malformed) => Err(JobError::fail(error)),
        Err(error @ DecodeError::UnknownKind) => Err(JobError::retry(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_job_kind_round_trips() {
        for job in Maintenance::ALL {
            assert_eq!(Job::decode(&job.to_new().args), Ok(Job::Maintenance(job)));
        }
        let org: OrgId = "8f1b7f0c-3f0f-4a4e-9a43-3c1f5a1f2b11".parse().unwrap();
        let args = format!(r#"{{"kind" : "rebuild", "org_id" : "{org}"}}"#);
        assert_eq!(Job::decode(args.as_bytes()), Ok(Job::Rebuild(org)));
        let args = format!(r#"{{"kind" : "prewarm", "agent_id" : "{org}"}}"#);
        assert_eq!(Job::decode(args.as_bytes()), Ok(Job::SyncAssistant(AgentId(org.0))));
        let args = format!(r#"{{"kind" : "test_call", "test_call_id" : "{org}"}}"#);
        assert_eq!(Job::decode(args.as_bytes()), Ok(Job::TestCall(org.0)));
    }

    #[test]
    fn invalid_arguments_are_malformed_and_newer_kinds_are_unknown() {
        let malformed: [&[u8]; 8] = [
            b"",
            b"\xff\x00",
            b"[]",
            b"{}",
            br#"{"kind":"rebuild"}"#,
            br#"{"kind":"rebuild","org_id":"x"}"#,
            br#"{"kind":"prewarm"}"#,
            br#"{"kind":"test_call"}"#,
        ];
        for args in malformed {
            assert_eq!(Job::decode(args), Err(DecodeError::Malformed), "{args:?}");
        }
        assert_eq!(Job::decode(br#"{"kind":"of tomorrow","v":2}"#), Err(DecodeError::UnknownKind));
    }
}
