//! What work there is: one file a job. A job knows its kind and ids; what to do it reads from the database when it runs.

mod error;
mod prune;
mod rebuild;
mod refresh_fleet_pulse;
mod sweep;

pub use error::JobError;

use readmodel::{ids::OrgId, time::Clock};
use serde::Deserialize;
use serde_json::json;
use store::{
    Store,
    queue::{NewJob, Queue},
};

/// What a job may use.
#[derive(Clone, Debug)]
pub struct Context {
    /// The databases.
    pub store: Store,
    /// Where rebuilds take their instant from.
    pub clock: Clock,
}

/// A job. As it waits: `{"kind": "rebuild", "org_id": "…"}`, or a kind alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Bring an org's read models up to date. Nobody pushes it: a mark makes the org owed, and the next claim the job.
    Rebuild(OrgId),
    /// What a cron fires.
    Maintenance(Maintenance),
}

/// A job that is about no org.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maintenance {
    /// Refresh the fleet's totals.
    RefreshFleetPulse,
    /// Remove what nobody asks for any more.
    Prune,
    /// Push what no claim finds by itself.
    Sweep,
}

/// Bytes that are no job of this binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// No envelope with a kind, or a known kind without its ids.
    #[error("malformed job")]
    Malformed,
    /// Of a kind that another release may know.
    #[error("unknown kind of job")]
    UnknownKind,
}

/// Starts that may end badly, some three minutes altogether: longer than a rolling deploy, which may hand a new kind of
/// job to an old worker.
const MAINTENANCE_STARTS: i32 = 10;

#[derive(Deserialize)]
struct Envelope {
    kind: String,
    org_id: Option<OrgId>,
}

impl Job {
    /// The kind, as in the job's JSON.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Rebuild(_) => "rebuild",
            Self::Maintenance(job) => job.kind(),
        }
    }

    /// Reads a job from the bytes of the queue, which may be anything.
    pub fn decode(args: &[u8]) -> Result<Self, DecodeError> {
        let Envelope { kind, org_id } = serde_json::from_slice(args).map_err(|_| DecodeError::Malformed)?;
        if kind == "rebuild" {
            return org_id.map(Self::Rebuild).ok_or(DecodeError::Malformed);
        }
        let known = Maintenance::ALL.into_iter().find(|job| job.kind() == kind);
        known.map(Self::Maintenance).ok_or(DecodeError::UnknownKind)
    }

    /// Does the work.
    pub async fn run(&self, context: &Context) -> Result<(), JobError> {
        match self {
            Self::Rebuild(org) => rebuild::run(context, *org).await,
            Self::Maintenance(Maintenance::RefreshFleetPulse) => refresh_fleet_pulse::run(context).await,
            Self::Maintenance(Maintenance::Prune) => prune::run(context).await,
            Self::Maintenance(Maintenance::Sweep) => sweep::run(context).await,
        }
    }
}

impl Maintenance {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::RefreshFleetPulse, Self::Prune, Self::Sweep];

    /// The kind, as in the job's JSON.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::RefreshFleetPulse => "refresh_fleet_pulse",
            Self::Prune => "prune",
            Self::Sweep => "sweep",
        }
    }

    /// The job as the queue takes it.
    pub fn to_new(self) -> NewJob {
        let kind = self.kind();
        NewJob {
            queue: Queue::Maintenance,
            subject: kind.to_owned(),
            args: json!({ "kind": kind }).to_string().into_bytes(),
            max_attempts: MAINTENANCE_STARTS,
        }
    }
}

/// Reads a job and does the work. Malformed bytes end as a dead letter at once, an unknown kind after its attempts.
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
    fn every_kind_is_read_as_it_was_written() {
        for job in Maintenance::ALL {
            assert_eq!(Job::decode(&job.to_new().args), Ok(Job::Maintenance(job)));
        }
        let org: OrgId = "8f1b7f0c-3f0f-4a4e-9a43-3c1f5a1f2b11".parse().unwrap();
        let args = format!(r#"{{"kind" : "rebuild", "org_id" : "{org}"}}"#);
        assert_eq!(Job::decode(args.as_bytes()), Ok(Job::Rebuild(org)));
    }

    #[test]
    fn what_cannot_be_read_is_malformed_and_what_may_be_newer_is_unknown() {
        let malformed: [&[u8]; 6] =
            [b"", b"\xff\x00", b"[]", b"{}", br#"{"kind":"rebuild"}"#, br#"{"kind":"rebuild","org_id":"x"}"#];
        for args in malformed {
            assert_eq!(Job::decode(args), Err(DecodeError::Malformed), "{args:?}");
        }
        assert_eq!(Job::decode(br#"{"kind":"of tomorrow","v":2}"#), Err(DecodeError::UnknownKind));
    }
}
